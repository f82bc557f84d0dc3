"""What a model chose before it was fitted, predictors or parameters: for results.json and for the study report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prognosis import FittedModel
from reports.formatting import p_value
from reports.plain_values import plain_value, records
from reports.study_tables import Table
from reports.wording import Wording, visible

# Lines of a table on paper; results.json has all.
SHOWN = 20


def chosen_facts(model: FittedModel) -> dict[str, Any]:
    """Return the selection of predictors and the tuning of parameters; null where there was none."""
    selection, tuning = model.selection, model.tuning
    chosen = selection and {
        "selector": selection.selector,
        "settings": plain_value(selection.settings),
        "candidates": list(selection.candidates),
        "kept": list(selection.kept),
        "always": list(selection.always),
        "table": records(selection.table),
        "path": records(selection.path.table),
    }
    tuned = tuning and {
        "metric": tuning.metric,
        "horizon": tuning.horizon,
        "folds": tuning.folds,
        "repeats": tuning.repeats,
        "grid_size": tuning.size,
        "budget": tuning.budget,
        "one_standard_error": tuning.one_standard_error,
        "best": plain_value(tuning.best),
        "table": records(tuning.table),
    }
    return {"selection": chosen, "tuning": tuned}


def chosen_tables(name: str, model: Mapping[str, Any], wording: Wording) -> list[Table]:
    """Return the table of the candidates, and that of the settings that were compared, where there are any."""
    return [*_selected(name, model.get("selection"), wording), *_tuned(name, model.get("tuning"), wording)]


def _selected(name: str, found: Mapping[str, Any] | None, wording: Wording) -> list[Table]:
    if not found:
        return []
    lines, words = found["table"], {True: wording("chosen_yes"), False: wording("chosen_no")}
    numbers = [key for key in lines[0] if key not in ("predictor", "decision", "kept")]
    rows = tuple(
        (
            visible(line["predictor"]),
            *(_cell(line[key], key) for key in numbers),
            visible(line["decision"]),
            words[line["kept"]],
        )
        for line in lines[:SHOWN]
    )
    columns = (wording("chosen_predictor"), *map(visible, numbers), wording("chosen_decision"), wording("chosen_kept"))
    settings = ", ".join(f"{key}={value}" for key, value in found["settings"].items())
    note = wording("chosen_selection_note", selector=visible(found["selector"]), settings=visible(settings, 300),
                   kept=len(found["kept"]), n=len(lines))  # fmt: skip
    return [Table(wording("chosen_selection", name=visible(name)), columns, rows, _cut(note, lines, wording))]


def _tuned(name: str, found: Mapping[str, Any] | None, wording: Wording) -> list[Table]:
    if not found:
        return []
    lines, settings = found["table"], list(found["best"])
    rows = tuple(
        (*(visible(str(line[key])) for key in settings), _cell(line["mean"], "mean"), _cell(line["se"], "se"),
         wording("chosen_yes" if line["chosen"] else "chosen_no"))
        for line in lines[:SHOWN]
    )  # fmt: skip
    columns = (*map(visible, settings), wording("chosen_mean"), wording("study_column_se"), wording("chosen_chosen"))
    note = wording("chosen_tuning_note", metric=wording(f"metric_{found['metric']}"), folds=found["folds"],
                   repeats=found["repeats"], n=len(lines), size=found["grid_size"])  # fmt: skip
    return [Table(wording("chosen_tuning", name=visible(name)), columns, rows, _cut(note, lines, wording))]


def _cut(note: str, lines: Sequence[Any], wording: Wording) -> str:
    """Say that a table has more lines than are shown."""
    return note if len(lines) <= SHOWN else f"{note} {wording('chosen_cut', shown=SHOWN, n=len(lines))}"


def _cell(value: float | None, name: str) -> str:
    if value is None:
        return ""
    return p_value(value) if name in ("p", "q") else f"{value:.4g}"
