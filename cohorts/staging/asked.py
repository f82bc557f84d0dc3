"""What the caller says of a staging: which column holds which input, upper limits of normal, spellings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cohorts.errors import DataContractError, Finding, raise_findings
from cohorts.staging.inputs import AboveNormal, Input


@dataclass(frozen=True)
class Asked:
    """Options of a staging, as given to `StagingSystem.stage`."""

    columns: Mapping[str, str | None]
    normal: Mapping[str, float | str]
    read_as: Mapping[str, Mapping[str, str | None]]

    def sources(
        self, inputs: Sequence[Input], parts: Mapping[str, Sequence[str]], present: Sequence[str]
    ) -> tuple[str | None, ...]:
        """Return the column of every input, None where it was assessed in nobody.

        Parameters
        ----------
        inputs : that are read. parts : derived inputs that are not read, and what they are made of.
        present : columns of the cohort.

        Raises
        ------
        DataContractError
            D01, S01 with all findings.
        """
        known = set(present)
        raise_findings(self._strangers(inputs, parts), DataContractError)
        raise_findings(self._absent(inputs, parts, known), DataContractError)
        return tuple(self.columns.get(each.name, each.column if each.column in known else None) for each in inputs)

    def _strangers(self, inputs: Sequence[Input], parts: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
        names = [each.name for each in inputs]
        limited = [each.name for each in inputs if isinstance(each, AboveNormal)]
        for option, given, allowed in (
            ("columns", self.columns, names),
            ("normal", self.normal, limited),
            ("read_as", self.read_as, names),
        ):
            for name in given:
                if name in allowed:
                    continue
                rule = f"{option} names {name}, which is not read here"
                if name in parts:
                    rule = f"{option} says of {name} that there is none, but it is computed of {', '.join(parts[name])}"
                yield Finding("D01", rule, f"{option} can name {', '.join(allowed) or 'nothing'}")

    def _absent(
        self, inputs: Sequence[Input], parts: Mapping[str, Sequence[str]], known: set[str]
    ) -> Iterator[Finding]:
        for each in inputs:
            if each.name in self.columns:
                column = self.columns[each.name]
                if column is not None and column not in known:
                    way_out = f"the cohort has {', '.join(sorted(known))}"
                    yield Finding("S01", f"the cohort has no such column to read {each.name} from", way_out, column)
            elif each.needed and each.column not in known:
                whole = next((name for name, part in parts.items() if each.name in part), None)
                rule = f"no column is named for {each.name}, and there is none of the standard name {each.column}"
                way_out = f"name it with columns={{'{each.name}': ...}}; None says that it was assessed in nobody"
                if whole is not None:
                    way_out += f"; or name a recorded {whole} with columns={{'{whole}': ...}}"
                yield Finding("D01", rule, way_out)
