"""The report on a study: everything a reviewer or a third party needs, as values; PDF and HTML are made from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports.fonts import FontChoice
from reports.formatting import duration, p_value, three_digits, unit_text
from reports.wording import Wording, visible

Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table of texts: heading, names of the columns, rows, and a note below."""

    title: str
    columns: Row
    rows: tuple[Row, ...]
    note: str = ""


@dataclass(frozen=True, init=False)
class StudyReport:
    """What a study found, from its results alone.

    Parameters
    ----------
    results : content of ``results.json``.
    figures : SVG text by name; ``nomogram`` is shown where it is given.
    language : ``en`` or ``zh``.

    Raises
    ------
    RunError
        R11: no such language.
    KeyError
        The results lack a key of the interface.
    """

    content: Mapping[str, Any]
    drawings: Mapping[str, str]

    def __init__(self, results: Mapping[str, Any], figures: Mapping[str, str], language: str = "en") -> None:
        object.__setattr__(self, "content", study_content(results, Wording(language)))
        object.__setattr__(self, "drawings", dict(figures))

    def to_dict(self) -> dict[str, Any]:
        """Return the content as plain values."""
        return dict(self.content)

    def save(self, path: str | Path) -> Path:
        """Write the report; the suffix (.pdf, .html, .json) chooses the form, the same report gives the same bytes.

        Raises
        ------
        RunError
            Another suffix, a folder that cannot be written, or no font for a character on a page.
        """
        from reports.page import save_document

        return save_document(Path(path), self.to_dict(), "study", self._figures)

    def _figures(self, _: FontChoice) -> Mapping[str, str]:
        return self.drawings


def study_content(results: Mapping[str, Any], wording: Wording) -> dict[str, Any]:
    """Return every text and table of the report as plain values."""
    endpoint = results["endpoint"]
    tables = [_flow(results, wording), _table_one(results, wording)]
    for name, model in results["models"].items():
        tables += [_coefficients(name, model, wording), *_baseline(name, model, endpoint, wording)]
        tables.append(_proportional_hazards(name, model, wording))
    tables += [_validation(results, wording)] if results["validation"] else []
    created = next(iter(results["models"].values()))["created"]
    return {
        "language": wording.language,
        "created": created,
        "title": visible(results["study"]["title"]),
        "headings": wording.group("study_heading_"),
        "question": _question(results, wording),
        "tables": [
            {"title": t.title, "columns": list(t.columns), "rows": [list(row) for row in t.rows], "note": t.note}
            for t in tables
        ],
        "nomogram_alt": wording("study_nomogram_alt"),
        "warnings": [visible(warning["message"], 600) for warning in results["warnings"]],
        "conventions": [f"{key}: {visible(text, 300)}" for key, text in results["conventions"].items()],
        "software": ", ".join(f"{name} {version}" for name, version in results["software"].items()),
        "limits": [wording(key) for key in ("study_limit_development", "limit_treatment", "interval_meaning")],
    }


def _question(results: Mapping[str, Any], wording: Wording) -> list[Row]:
    endpoint, study = results["endpoint"], results["study"]
    times = ", ".join(three_digits(h) for h in study["horizons"])
    lines: list[Row] = [
        (wording("study_endpoint"), visible(endpoint["name"])),
        (wording("about_event"), visible(endpoint.get("definition") or "-")),
        (wording("about_origin"), visible(endpoint["origin"])),
        (wording("study_horizons"), wording("duration", time=times, unit=unit_text(endpoint["unit"], wording))),
        (wording("study_patients"), f"{endpoint['n']} / {endpoint['events']}"),
        (wording("study_missing"), wording(f"study_{study['missing'] or 'none'}")),
        (wording("study_seed"), str(study["seed"])),
    ]
    for name, model in results["models"].items():
        options = ", ".join(f"{k}={v}" for k, v in model["options"].items() if v not in (None, [], {}, 0.0))
        lines.append((f"{wording('model_name')} {visible(name)}", visible(f"{model['kind']} ({options})", 400)))
        lines.append((wording("model_hash"), model["hash"]))
    return lines


def _flow(results: Mapping[str, Any], wording: Wording) -> Table:
    rows = tuple((visible(line["step"], 300), str(line["n"])) for line in results["flow"])
    return Table(wording("study_flow"), (wording("study_step"), "n"), rows)


def _table_one(results: Mapping[str, Any], wording: Wording) -> Table:
    names = tuple(results["table_one"][0])
    shown = tuple("" if name.startswith(("index", "level_")) else visible(name) for name in names)
    rows = tuple(
        tuple("" if row[name] is None else visible(row[name]) for name in names) for row in results["table_one"]
    )
    return Table(wording("study_table_one"), shown, rows)


def _coefficients(name: str, model: Mapping[str, Any], wording: Wording) -> Table:
    rows = tuple(
        (
            visible(row["term"]),
            f"{row['estimate']:.6g}",
            _number(row["se"], ".4g", wording),
            f"{row['hazard_ratio']:.3g}",
            _interval(row, ".3g", wording),
            wording("study_not_computed") if row["p"] is None else p_value(row["p"]),
            f"{model['means'][row['term']]:.6g}",
        )
        for row in model["coefficients"]
    )
    knots = "; ".join(f"{k}: {', '.join(f'{v:g}' for v in values)}" for k, values in model["knots"].items())
    note = wording(
        "study_equation",
        loglik=f"{model['loglik']:.4f}",
        null=f"{model['loglik_null']:.4f}",
        knots=visible(knots or wording("study_none"), 400),
        covariance=visible(model["covariance"]),
    )
    columns = tuple(wording(f"study_column_{key}") for key in ("term", "beta", "se", "hr", "ci", "p", "mean"))
    return Table(wording("study_coefficients", name=visible(name)), columns, rows, note)


def _baseline(name: str, model: Mapping[str, Any], endpoint: Mapping[str, Any], wording: Wording) -> list[Table]:
    title, columns = wording("study_baseline", name=visible(name)), (wording("study_column_time"), "S0(t)")
    if model["baseline"]["strata"]:
        strata = "; ".join(visible(stratum) for stratum in model["baseline"]["strata"])
        return [Table(title, columns, (), wording("study_baseline_strata", strata=strata))]
    if not model["baseline_survival"]:
        return []
    rows = tuple(
        (duration(line["horizon"], endpoint["unit"], wording), _number(line["survival"], ".10g", wording))
        for line in model["baseline_survival"]
    )
    return [Table(title, columns, rows, wording("study_how_to_predict"))]


def _proportional_hazards(name: str, model: Mapping[str, Any], wording: Wording) -> Table:
    rows = tuple(
        (visible(row["term"]), f"{row['chisq']:.4g}", str(row["df"]), p_value(row["p"]))
        for row in model["proportional_hazards"] or ()
    )
    columns = (wording("study_column_term"), "χ²", wording("study_column_df"), wording("study_column_p"))
    note = wording("study_zph_note") if rows else visible(model["proportional_hazards_reason"], 300)
    return Table(wording("study_zph", name=visible(name)), columns, rows, note)


def _validation(results: Mapping[str, Any], wording: Wording) -> Table:
    rows = tuple(
        (
            visible(name),
            wording(f"metric_{row['metric']}"),
            *(_number(row[key], ".3f", wording) for key in ("apparent", "optimism", "corrected")),
            _interval(row, ".3f", wording),
        )
        for name, lines in results["validation"].items()
        for row in lines
    )
    keys = ("model", "metric", "apparent", "optimism", "corrected", "ci")
    columns = tuple(wording(f"study_column_{key}") for key in keys)
    return Table(wording("study_validation"), columns, rows, wording("study_validation_note"))


def _number(value: float | None, digits: str, wording: Wording) -> str:
    """Return a number of the results; null, which stands for a number that does not exist, in words."""
    return wording("study_not_computed") if value is None else format(value, digits)


def _interval(row: Mapping[str, Any], digits: str, wording: Wording) -> str:
    if row["lower"] is None or row["upper"] is None:
        return wording("study_not_computed")
    return f"{row['lower']:{digits}} {wording('study_to')} {row['upper']:{digits}}"
