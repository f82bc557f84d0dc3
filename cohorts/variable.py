"""What one column means: kind, unit, limits, levels, labels. Nothing of it is ever guessed."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from cohorts.errors import DataContractError, Finding

Kind = Literal["id", "numeric", "binary", "nominal", "ordinal", "date", "time", "event", "text"]
Code = int | float | str
CATEGORICAL: tuple[Kind, ...] = ("nominal", "ordinal")


class Variable(BaseModel):
    """Declaration of one column, as written in ``[variables.NAME]`` of a codebook.

    Parameters
    ----------
    name : column name in the file.
    kind : id, numeric, binary, nominal, ordinal, date, time, event or text (karyotypes and the like: no predictor).
    unit : unit of measurement; needed for ``time``.
    limits : hard limits; a value outside is an error.
    plausible : usual range; a value outside is a warning.
    inclusion : whom the cohort was drawn from, ``[18, 75]`` or levels; a new patient outside it is told (P16).
    levels : categories in order; the first is the reference. level_labels : words for them, by language.
    missing_codes : texts that mean "missing" (an empty cell always does).
    label : text for people by language, ``{"en": ..., "zh": ...}``.
    timing : ``baseline`` or ``post-baseline``.
    date_format : strptime pattern of a date column.
    not_before : name of a date column that must not be later than this one.
    values : codes of an event column, ``{"censored": 0, "event": 1, "competing": [2]}``.
    stored_as_text : numbers stored as text in a typed file (Excel, Parquet, SPSS ...) are read as numbers.
    one_unit_checked : the author has looked at the column and found one unit: the search for mixed units is left out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: Kind
    unit: str | None = None
    limits: tuple[float, float] | None = None
    plausible: tuple[float, float] | None = None
    inclusion: tuple[float, float] | tuple[str, ...] | None = None
    levels: tuple[str, ...] | None = None
    missing_codes: tuple[str, ...] = ()
    label: Mapping[str, str] = {}
    level_labels: Mapping[str, Mapping[str, str]] = {}
    timing: Literal["baseline", "post-baseline"] = "baseline"
    date_format: str | None = None
    not_before: str | None = None
    values: Mapping[str, Code | tuple[Code, ...]] | None = None
    stored_as_text: bool = False
    one_unit_checked: bool = False

    @field_validator("levels", "missing_codes", mode="before")
    @classmethod
    def _as_texts(cls, value: Any) -> Any:
        return tuple(str(item) for item in value) if isinstance(value, list | tuple) else value

    @model_validator(mode="after")
    def _complete(self) -> Variable:
        if self.kind in CATEGORICAL and not self.levels:
            raise ValueError(
                f"column {self.name}: a {self.kind} variable needs its levels in order, the reference first"
            )
        if self.kind == "time" and not self.unit:
            raise ValueError(
                f"column {self.name}: a time variable needs a unit (time unit: days, weeks, months or years)"
            )
        if self.kind == "date" and not self.date_format:
            raise ValueError(f"column {self.name}: declare date format (date_format), for example '%Y-%m-%d'")
        if self.levels and len(set(self.levels)) != len(self.levels):
            raise ValueError(f"column {self.name}: a level is declared twice")
        for language, words in self.level_labels.items():
            if not set(words) <= set(self.levels or ()):
                raise ValueError(f"column {self.name}: level_labels ({language}) name levels that are not declared")
            if len({words.get(level, level) for level in self.levels or ()}) != len(self.levels or ()):
                raise ValueError(f"column {self.name}: level_labels ({language}) call two levels alike")
        if self.kind == "binary" and self.levels and len(self.levels) != 2:
            raise ValueError(f"column {self.name}: a binary variable has exactly two levels")
        for name, bounds in (("limits", self.limits), ("plausible", self.plausible), ("inclusion", self.inclusion)):
            if bounds and not isinstance(bounds[0], str) and not -math.inf < bounds[0] < bounds[1] < math.inf:
                raise ValueError(f"column {self.name}: {name} must be [lower, upper], two finite numbers")
        self._check_inclusion()
        return self

    def _check_inclusion(self) -> None:
        if self.inclusion is None:
            return
        words = not self.inclusion or isinstance(self.inclusion[0], str)
        if words != self.is_categorical or self.kind not in (*CATEGORICAL, "binary", "numeric"):
            raise ValueError(f"column {self.name}: inclusion is [lower, upper] of numbers, or some of the levels")
        if (words and not set(self.inclusion) <= set(self.levels or ())) or not self.inclusion:
            raise ValueError(f"column {self.name}: inclusion names levels that are not declared")

    @property
    def is_categorical(self) -> bool:
        """True for a column whose values are texts out of `levels`."""
        return self.levels is not None

    def level_text(self, level: str, language: str = "en") -> str:
        """Return the word for a level in a language, else the English one, else the level itself."""
        words = (self.level_labels.get(name, {}).get(level) for name in (language, "en"))
        return next((word for word in words if word), level)

    def text(self, language: str = "en") -> str:
        """Return the label in a language, else the English one, else the column name."""
        return self.label.get(language) or self.label.get("en") or self.name

    def to_dict(self) -> dict[str, Any]:
        """Return the declared fields as plain values."""
        return self.model_dump(mode="json", exclude_defaults=True, exclude={"name"}) | {"kind": self.kind}


class FileFormat(BaseModel):
    """How the file is written, as declared in ``[file]`` of a codebook."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    separator: str = ","
    decimal: Literal[".", ","] = "."
    encoding: str = "utf-8"
    sheet: str | None = None
    rows: int | None = None
    sha256: str | None = None
    data_lock: str | None = None
    origin: str | None = None


class Codebook(Mapping[str, Variable]):
    """All declared columns of a cohort, in order; an immutable mapping from name to `Variable`."""

    def __init__(self, variables: Mapping[str, Variable], file: FileFormat | None = None) -> None:
        self._variables = dict(variables)
        self.file = file or FileFormat()

    def __getitem__(self, name: str) -> Variable:
        return self._variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)

    def __repr__(self) -> str:
        return f"Codebook({', '.join(f'{name}: {variable.kind}' for name, variable in self.items())})"

    @classmethod
    def from_toml(cls, path: str | Path) -> Codebook:
        """Read a codebook file; every fault in it is reported at once.

        Raises
        ------
        DataContractError
            The file is absent, no TOML, or a declaration is incomplete or unknown.
        """
        path = Path(path)
        try:
            declared = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except FileNotFoundError:
            raise DataContractError(
                Finding("S02", "the codebook is not there", "check the path", file=str(path))
            ) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise DataContractError(
                Finding("S03", f"the codebook is not valid TOML: {error}", "correct the line", file=path.name)
            ) from None
        return cls.from_dict(declared, file=path.name)

    @classmethod
    def from_dict(cls, declared: Mapping[str, Any], file: str | None = None) -> Codebook:
        """Build a codebook from ``{"variables": {NAME: {...}}, "file": {...}}``."""
        findings = [
            Finding(
                "S03", f"unknown table [{name}]", "a codebook has the tables [file] and [variables.NAME]", file=file
            )
            for name in declared
            if name not in ("variables", "file")
        ]
        variables: dict[str, Variable] = {}
        for name, fields in declared.get("variables", {}).items():
            try:
                variables[name] = Variable(name=name, **fields)
            except (ValidationError, TypeError) as error:
                findings.append(_declaration_fault(name, error, file))
        layout = None
        try:
            layout = FileFormat(**declared.get("file", {}))
        except (ValidationError, TypeError) as error:
            findings.append(_declaration_fault("[file]", error, file))
        if findings:
            raise DataContractError(*findings)
        return cls(variables, layout)

    def to_dict(self) -> dict[str, Any]:
        """Return the codebook as plain values, the inverse of `from_dict`."""
        return {
            "file": self.file.model_dump(mode="json", exclude_defaults=True),
            "variables": {name: variable.to_dict() for name, variable in self.items()},
        }

    def only(self, names: tuple[str, ...]) -> Codebook:
        """Return the codebook of some columns, in the order asked for."""
        return Codebook({name: self[name] for name in names if name in self}, self.file)

    @property
    def id(self) -> str | None:
        """Name of the id column."""
        return next((name for name, variable in self.items() if variable.kind == "id"), None)


def _declaration_fault(name: str, error: Exception, file: str | None) -> Finding:
    if isinstance(error, ValidationError):
        parts = [f"{'.'.join(str(x) for x in item['loc'])} {item['msg']}".strip() for item in error.errors()]
        rule = "; ".join(part.removeprefix("Value error, ") for part in parts)
    else:
        rule = str(error)
    code = {"needs its levels": "C21", "time unit": "T16", "declare date format": "F12"}
    found = next((value for words, value in code.items() if words in rule), "S03")
    return Finding(found, rule, "correct the codebook", column=name, file=file)
