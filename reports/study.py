"""The report on a study: everything a reviewer or a third party needs, as values; PDF and HTML are made from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from reports.chosen import chosen_tables
from reports.figures.canvas import Picture
from reports.flow_diagram import flow_diagram
from reports.formatting import three_digits, unit_text
from reports.methods import limit_sentences, methods_paragraphs
from reports.performance import RESAMPLED
from reports.study_subgroups import subgroup_table_of
from reports.study_tables import Table, figures_of, interval_text, metric_text, model_tables, number_text, section
from reports.told_tables import head_words, level_words, row_words, step_words
from reports.wording import Wording, visible

Row = tuple[str, ...]
NO_PICTURES: Mapping[str, Picture] = MappingProxyType({})
VALIDATION_FIGURES = ("ranking", "optimism", "calibration", "decision", "risk_groups", "over_time", "instability")
OBSERVED_FIGURES, SUBGROUP_FIGURES = ("observed",), ("subgroups",)
EXPLANATION_FIGURES = ("importance", "beeswarm", "dependence")


@dataclass(frozen=True, init=False)
class StudyReport:
    """What a study found, from its results alone.

    Parameters
    ----------
    results : content of ``results.json``.
    figures : SVG text by name; ``nomogram`` is shown where it is given.
    language : ``en`` or ``zh``.
    pictures : figures by name. Those of the validation (a name begins with one of `VALIDATION_FIGURES`) are shown below
        its table, those of explanations (`EXPLANATION_FIGURES`) in a section of their own.

    Raises
    ------
    RunError
        R11: no such language.
    KeyError
        The results lack a key of the interface.
    """

    content: Mapping[str, Any]
    drawings: Mapping[str, str]

    def __init__(
        self,
        results: Mapping[str, Any],
        figures: Mapping[str, str],
        language: str = "en",
        pictures: Mapping[str, Picture] = NO_PICTURES,
    ) -> None:
        object.__setattr__(self, "content", study_content(results, Wording(language), pictures))
        drawn = {name: picture.svg for name, picture in pictures.items()}
        object.__setattr__(self, "drawings", {**figures, **drawn})

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
        from reports.study_page import save_study

        return save_study(Path(path), self.to_dict(), self.drawings)


def study_content(
    results: Mapping[str, Any], wording: Wording, pictures: Mapping[str, Picture] = NO_PICTURES
) -> dict[str, Any]:
    """Return every text and table of the report as plain values."""
    endpoint = results["endpoint"]
    tables: list[Table] = []
    for name, model in results["models"].items():
        tables += [*model_tables(name, model, endpoint, wording), *chosen_tables(name, model, wording)]
    drawn = figures_of(pictures, VALIDATION_FIGURES, wording, results["models"])
    before = [section(_flow(results, wording)), section(_table_one(results, wording))]
    observed = figures_of(pictures, OBSERVED_FIGURES, wording)
    before += [section(_observed(wording), observed)] if observed else []
    validated = [section(_validation(results, wording), drawn)] if results["validation"] else []
    validated += _subgroups(results, pictures, wording)
    explained = figures_of(pictures, EXPLANATION_FIGURES, wording, results["models"])
    validated += [section(_explained(wording), explained)] if explained else []
    created = next(iter(results["models"].values()))["created"]
    return {
        "language": wording.language,
        "created": created,
        "title": visible(results["study"]["title"]),
        "headings": wording.group("study_heading_"),
        "question": _question(results, wording),
        "summary": [],
        "methods": methods_paragraphs(results, wording),
        "diagram": flow_diagram(results, wording),
        "tables": [*before, *(section(table) for table in tables), *validated],
        "nomogram_alt": wording("study_nomogram_alt"),
        "warnings": [visible(warning["message"], 600) for warning in results["warnings"]],
        "conventions": [f"{key}: {visible(text, 300)}" for key, text in results["conventions"].items()],
        "software": ", ".join(f"{name} {version}" for name, version in results["software"].items()),
        "limits": limit_sentences(set(results["models"]) <= set(results["validation_method"]), wording),
    }


def _question(results: Mapping[str, Any], wording: Wording) -> list[Row]:
    endpoint, study = results["endpoint"], results["study"]
    times = ", ".join(three_digits(h) for h in study["horizons"])
    lines: list[Row] = [
        (wording("study_endpoint"), visible(endpoint["name"]).replace("_", " ")),
        (wording("about_event"), visible(endpoint.get("definition") or "-")),
        *_time(endpoint, times, wording),
        (wording("study_patients"), f"{endpoint['n']} / {endpoint['events']}"),
        (wording("study_missing"), wording(f"study_{study['missing'] or 'none'}")),
        (wording("study_seed"), str(study["seed"])),
    ]
    for name, model in results["models"].items():
        options = ", ".join(f"{k}={v}" for k, v in model["options"].items() if v not in (None, [], {}, 0.0))
        lines.append((f"{wording('model_name')} {visible(name)}", visible(f"{model['kind']} ({options})", 400)))
        lines.append((wording("model_hash"), model["hash"]))
    return lines


def _time(endpoint: Mapping[str, Any], times: str, wording: Wording) -> list[Row]:
    """Origin and horizons; a binary endpoint has neither."""
    if endpoint["kind"] == "binary":
        return []
    horizons = wording("duration", time=times, unit=unit_text(endpoint["unit"], wording))
    return [(wording("about_origin"), visible(endpoint["origin"])), (wording("study_horizons"), horizons)]


def _flow(results: Mapping[str, Any], wording: Wording) -> Table:
    rows = tuple((visible(step_words(line["step"], wording), 300), str(line["n"])) for line in results["flow"])
    return Table(wording("study_flow"), (wording("study_step"), "n"), rows)


def _table_one(results: Mapping[str, Any], wording: Wording) -> Table:
    names = tuple(results["table_one"][0])
    shown = tuple("" if name.startswith(("index", "level_")) else visible(head_words(name, wording)) for name in names)
    rows = tuple(tuple(_cell(row, name, results, wording) for name in names) for row in results["table_one"])
    return Table(wording("study_table_one"), shown, rows)


def _cell(row: Mapping[str, Any], name: str, results: Mapping[str, Any], wording: Wording) -> str:
    """Return a cell of Table 1, labels and levels in the language of the report."""
    value, predictors = row[name], results["predictors"]
    if value is None or name not in ("variable", "level"):
        return "" if value is None else visible(value)
    if name == "variable":
        return visible(row_words(value, predictors, wording))
    return visible(level_words(row["variable"], value, predictors, wording))


def _subgroups(results: Mapping[str, Any], pictures: Mapping[str, Picture], wording: Wording) -> list[dict[str, Any]]:
    table = subgroup_table_of(results, wording)
    figures = figures_of(pictures, SUBGROUP_FIGURES, wording, results["models"])
    return [] if table is None else [section(table, figures)]


def _observed(wording: Wording) -> Table:
    """Section without rows, for what happened to the patients before any model is asked."""
    return Table(wording("study_observed"), (), (), wording("study_observed_note"))


def _explained(wording: Wording) -> Table:
    """Section without rows, for the figures that say what the models look at."""
    return Table(wording("study_explained"), (), (), wording("study_explained_note"))


def _validation(results: Mapping[str, Any], wording: Wording) -> Table:
    rows = tuple(
        (
            visible(name),
            metric_text(row, results["endpoint"].get("unit", ""), wording),
            *(number_text(row[key], ".3f", wording) for key in ("apparent", "optimism", "corrected")),
            interval_text(row, ".3f", wording),
        )
        for name, lines in results["validation"].items()
        for row in lines
    )
    keys = ("model", "metric", "apparent", "optimism", "corrected", "ci")
    columns = tuple(wording(f"study_column_{key}") for key in keys)
    methods = {facts["method"] for facts in results["validation_method"].values()}
    note = "study_validation_note" if methods <= set(RESAMPLED) else "study_left_out_note"
    return Table(wording("study_validation"), columns, rows, wording(note))
