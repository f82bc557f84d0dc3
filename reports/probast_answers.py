"""What a run can say to the signalling questions of PROBAST+AI, from the content of results.json alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from reports.methods import form_sentences, left_without_effect, metrics_text, options_of
from reports.performance import RESAMPLED
from reports.tripod_answers import (
    ENGLISH,
    candidates,
    dates,
    definitions,
    forms,
    missing,
    outcome,
    preparation,
    size,
    source,
    use_of_data,
)
from reports.tripod_results import flow
from reports.wording import visible

Results = Mapping[str, Any]
# Yes, probably yes, no; not applicable; "" is the assessor's to give.
Answer = Literal["Y", "PY", "N", "NA", ""]


class Said(NamedTuple):
    """Facts of the run, and the answer where they alone decide it."""

    text: str
    answer: Answer = ""


BEFORE = "What was chosen or done before the study file, the run cannot know."
SAME = "The evaluation is internal, in the patients of the development: see there."
NONE = "Nothing was evaluated."


def _inclusions(results: Results) -> Said:
    declared = [name for name, variable in results["predictors"].items() if variable.get("inclusion")]
    rules = f" Inclusion was declared for {visible(', '.join(declared), 300)}." if declared else ""
    return Said(f"{flow(results)}{rules}")


def _together(results: Results) -> Said:
    return Said(
        "No predictor is a column of the outcome: such a study is refused. Whether one tells of the outcome in other "
        f"words is not known here. {candidates(results)}"
    )


def _interval(results: Results) -> Said:
    return Said(f"{outcome(results)} {dates(results)}")


def _weighted(results: Results) -> list[str]:
    """Models that weigh the classes."""
    return [
        visible(name)
        for name, model in results["models"].items()
        if options_of(model).get("event_weight", 1.0) not in (1.0, 1)
    ]


def _recalibrated(results: Results) -> Said:
    weighed = _weighted(results)
    if not weighed:
        return Said("No class was weighted, drawn more often or left out.", "NA")
    return Said(f"{', '.join(weighed)}: classes were weighted, and the probabilities recalibrated out of fold.", "Y")


def _uncorrected(results: Results) -> Said:
    if not _weighted(results):
        return Said("No class was weighted, drawn more often or left out.", "NA")
    if not results["validation"]:
        return Said("There was no evaluation.", "NA")
    return Said("Patients who judge are as they are: weights of classes belong to the fit alone.", "Y")


def _overfitting(results: Results) -> Said:
    held = []
    for name, model in results["models"].items():
        options = options_of(model)
        ways = [key for key in ("penalty", "ridge", "min_leaf", "learning_rate", "decay") if options.get(key)]
        zeros = left_without_effect(model)
        ways += [f"a penalty that left {zeros[0]} of {zeros[1]} columns without effect"] if zeros else []
        chosen = "tuned inside every fit" if model["tuning"] else ""
        splines = " ".join(form_sentences(model, ENGLISH)).removesuffix(".")
        parts = [", ".join(ways) or "no penalty", chosen, splines]
        held.append(f"{visible(name)}: {'; '.join(part for part in parts if part)}.")
    return Said(f"{' '.join(held)} {_validated(results)}")


def _validated(results: Results) -> str:
    ways = {facts["method"] for facts in results["validation_method"].values()}
    if not ways:
        return "Nothing was validated."
    return f"The optimism was measured by {', '.join(sorted(visible(way) for way in ways))}."


def _beyond_apparent(results: Results) -> Said:
    unjudged = sorted(set(results["models"]) - set(results["validation"]))
    if unjudged:
        return Said(f"No validation of {visible(', '.join(unjudged), 300)}: what is told of it is apparent.", "N")
    return Said(f"Internal validation of every model. {_validated(results)} No external cohort was judged in this run.",
                "Y")  # fmt: skip


def _split(results: Results) -> Said:
    ways = {facts["method"] for facts in results["validation_method"].values()}
    if not ways - set(RESAMPLED):
        return Said("The data were not split.", "NA")
    return Said(
        "No patient (no cluster, where one is declared) stands on both sides of a division; whatever is learnt from "
        f"data, imputation, selection, scaling and tuning included, is learnt again without those left out. {BEFORE}",
        "PY",
    )


def _replicated(results: Results) -> Said:
    if not results["validation"]:
        return Said("There was no resampling.", "NA")
    steps = "imputation, selection, penalties, tuning, splines and the fit"
    return Said(f"The whole recipe was repeated in every resample: {steps}. {BEFORE}", "PY")


def _missing(results: Results) -> Said:
    endpoint = results["endpoint"]
    if endpoint["kind"] == "binary":
        return Said(missing(results))
    competing = endpoint["competing_events"]
    others = f" {competing} patients had a competing event first, which is modelled as such." if competing else ""
    return Said(f"{missing(results)} Patients without the event count until they were last seen.{others}")


def _measured(results: Results) -> Said:
    if not results["validation"]:
        return Said("Performance was not measured.")
    name = next(iter(results["validation"]))
    kinds = ("calibration", "decision")
    drawn = [kind for kind in kinds if any(figure.startswith(f"{kind}_") for figure in results.get("figures", []))]
    groups = " Performance in declared subgroups is in the study report." if results.get("subgroups") else ""
    plots = f"Curves: {', '.join(drawn)}." if drawn else "No curve was drawn."
    return Said(f"{metrics_text(name, results, ENGLISH)}, with intervals where there are any. {plots}{groups}")


def _numbers(results: Results) -> Said:
    return Said(f"{size(results)} {use_of_data(results)}")


def _told(*parts: Callable[[Results], str]) -> Callable[[Results], Said]:
    """Put what TRIPOD+AI is told beside the question."""
    return lambda results: Said(" ".join(part(results) for part in parts))


SHARED: Mapping[str, Callable[[Results], Said]] = {
    "1.1": _told(source),
    "1.3": _inclusions,
    "2.1": _told(definitions),
    "2.2": _told(preparation),
    "2.4": _told(definitions),
    "3.1": _told(outcome),
    "3.3": _together,
    "3.4": _interval,
}
DEVELOPMENT: Mapping[str, Callable[[Results], Said]] = {
    "4.1": _told(size),
    "4.2": _told(forms),
    "4.3": _missing,
    "4.4": _recalibrated,
    "4.5": _overfitting,
}
EVALUATION: Mapping[str, Callable[[Results], Said]] = {
    "4.1": _beyond_apparent,
    "4.2": _numbers,
    "4.3": _missing,
    "4.4": _uncorrected,
    "4.5": _split,
    "4.6": _replicated,
    "4.7": _measured,
}


def said_of(part: str, item: str, results: Results) -> Said:
    """Return what the run says to a question of a part; nothing where it knows nothing."""
    if part == "evaluation":
        return EVALUATION[item](results) if item in EVALUATION else Said(SAME if results["validation"] else NONE)
    known = {**SHARED, **DEVELOPMENT}
    return known[item](results) if item in known else Said("")
