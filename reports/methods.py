"""What a run did, as a paragraph for the methods of a paper: every sentence is made of the results of this run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from nomograms.wording import measure_text
from reports.formatting import duration, three_digits
from reports.performance import RESAMPLED
from reports.told_tables import reason_words
from reports.wording import Wording, visible

Results = Mapping[str, Any]
# Options that a sentence of its own tells, or that change no number of a model.
TOLD = ("splines", "interactions", "strata", "transforms", "weights", "cluster", "offset", "seed", "task")

MISSING = {
    None: "methods_missing_none",
    "complete_cases": "methods_missing_complete_cases",
    "own side": "methods_missing_own_side",
    "chained": "methods_missing_chained",
}
# Options that say how a penalty is chosen; they are idle where there is none, or where it was given.
OF_PENALTY = ("folds", "rule")
# Columns that are no predictors.
COLUMNS = {
    "strata": "methods_strata",
    "weights": "methods_weights",
    "cluster": "methods_cluster",
    "offset": "methods_offset",
}


def methods_paragraphs(results: Results, wording: Wording) -> list[str]:
    """Return paragraphs on patients and outcome, on missing values, on each model, and on its validation.

    Parameters
    ----------
    results : content of ``results.json``.
    """
    cohort = [
        patients_sentences(results, wording),
        *outcome_sentences(results, wording),
        missing_sentence(results, wording),
    ]
    models = (model_sentences(name, results, wording) for name in results["models"])
    return [wording.joined(cohort), *models, software_sentence(results, wording)]


def patients_sentences(results: Results, wording: Wording) -> str:
    """Return how many were read, left out and analysed."""
    endpoint, flow = results["endpoint"], results["flow"]
    left = [
        f"{line['n']} {visible(reason_words(line['step'].split(': ', 1)[-1], wording), 200)}" for line in flow[1:-1]
    ]
    said = wording("methods_patients", read=flow[0]["n"], n=endpoint["n"], events=endpoint["events"])
    competing = endpoint["competing_events"]
    more = [wording("methods_left_out", reasons="; ".join(left))] if left else []
    more += [wording("methods_competing", n=competing)] if competing else []
    return wording.joined([said, *more])


def outcome_sentences(results: Results, wording: Wording) -> list[str]:
    """Return the outcome, where time begins, horizons and follow-up."""
    endpoint = results["endpoint"]
    name, definition = visible(endpoint["name"]).replace("_", " "), visible(endpoint.get("definition") or "", 400)
    named = wording("methods_outcome_defined", name=name, definition=definition.rstrip(".")) if definition else (
        wording("methods_outcome", name=name))  # fmt: skip
    if endpoint["kind"] == "binary":
        return [named]
    unit = endpoint["unit"]
    counted = [wording("methods_counted", origin=visible(endpoint["origin"]))]
    if results["study"]["horizons"]:
        times = ", ".join(duration(h, unit, wording) for h in results["study"]["horizons"])
        counted.append(wording("methods_horizons", times=times))
    median = next((m["median_follow_up"] for m in results["models"].values() if m["median_follow_up"]), None)
    if median is not None:
        counted.append(wording("methods_follow_up", time=duration(round(median, 1), unit, wording)))
    return [named, *counted]


def missing_sentence(results: Results, wording: Wording) -> str:
    """Return what was done about missing predictors."""
    way = results["study"]["missing"]
    copies = next((m["imputation"]["copies"] for m in results["models"].values() if m["imputation"]), None)
    if way == "chained" and copies is not None:
        return wording("methods_chained", copies=copies)
    return wording(MISSING[way])


def model_sentences(name: str, results: Results, wording: Wording) -> str:
    """Return what one model is, what was chosen for it in the data, and how it was judged."""
    model = results["models"][name]
    kind = wording(kind_key(model, results))
    if inner := model["options"].get("recipe"):
        kind = wording("model_kind", name=kind, kind=wording(f"kind_{inner['kind']}"))
    names = ", ".join(predictor_text(each, results, wording) for each in model["predictors"])
    sentences = [wording("methods_model", name=visible(name), kind=kind, predictors=names)]
    sentences += form_sentences(model, wording) + _chosen(model, wording) + _options(model, wording)
    return wording.joined([*sentences, *_judged(name, results, wording)])


def kind_key(model: Mapping[str, Any], results: Results) -> str:
    """Return the key of what a model is called; a Cox model of competing events is one of each kind of event."""
    competing = model["kind"] == "cox" and results["endpoint"]["kind"] == "competing"
    return "kind_cause_specific" if competing else f"kind_{model['kind']}"


def options_of(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a model, with those of a recipe inside it (early relapse) beside its own."""
    own = dict(model["options"])
    inner = own.pop("recipe", None)
    return own if inner is None else {k: v for k, v in inner.items() if k != "kind"} | own


def left_without_effect(model: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return how many coefficients a lasso set to 0, and of how many; None where no penalty chooses."""
    options = options_of(model)
    lasso = options.get("penalty") == "lasso" or (model["kind"] == "penalised_cox" and options.get("alpha", 0) > 0)
    terms = [line["estimate"] for line in model["coefficients"] if line["term"] != "Intercept"]
    return (sum(value == 0 for value in terms), len(terms)) if lasso or 0 in terms else None


def predictor_text(name: str, results: Results, wording: Wording) -> str:
    """Return the label of a predictor with its unit."""
    declared = results["predictors"].get(name, {})
    labels, unit = declared.get("label", {}), declared.get("unit")
    label = visible(labels.get(wording.language) or labels.get("en") or name)
    return wording("in_brackets", text=label, more=visible(measure_text(unit, wording.language))) if unit else label


def form_sentences(model: Mapping[str, Any], wording: Wording) -> list[str]:
    """Return splines, transforms, products, strata and whatever else decides what the columns are."""
    found, options = [], options_of(model)
    if model["knots"]:
        knots = "; ".join(f"{visible(k)} {', '.join(three_digits(v) for v in at)}" for k, at in model["knots"].items())
        found.append(wording("methods_splines", knots=knots))
    if options.get("transforms"):
        listed = ", ".join(f"{visible(column)} {how}" for column, how in options["transforms"].items())
        found.append(wording("methods_transforms", transforms=listed))
    if options.get("interactions"):
        listed = ", ".join(" x ".join(map(visible, pair)) for pair in options["interactions"])
        found.append(wording("methods_interactions", pairs=listed))
    for option, key in COLUMNS.items():
        value = options.get(option)
        if value:
            columns = ", ".join(map(visible, [value] if isinstance(value, str) else value))
            found.append(wording(key, columns=columns))
    return found


def _chosen(model: Mapping[str, Any], wording: Wording) -> list[str]:
    found = _harmonised(model, wording)
    if chosen := model.get("selection"):
        found.append(wording("methods_selection", selector=visible(chosen["selector"]), kept=len(chosen["kept"]),
                             n=len(chosen["candidates"])))  # fmt: skip
    if zeros := left_without_effect(model):
        found.append(wording("methods_penalty", zero=zeros[0], n=zeros[1]))
    if tuned := model.get("tuning"):
        best = ", ".join(f"{key} = {value}" for key, value in tuned["best"].items())
        found.append(wording("methods_tuning", n=len(tuned["table"]), folds=tuned["folds"], best=visible(best, 300),
                             metric=wording(f"metric_{tuned['metric']}")))  # fmt: skip
    return found


def _harmonised(model: Mapping[str, Any], wording: Wording) -> list[str]:
    """Return by which method the effects of scanners were taken out, and what of the patients stays in."""
    options = options_of(model)
    if "harmonised" not in (model["kind"], (model["options"].get("recipe") or {}).get("kind")) or not options["batch"]:
        return []
    way = wording("methods_combat_shrunk" if options["shrink"] else "methods_combat_plain")
    learnt = wording("methods_combat_inside" if options["inside"] else "methods_combat_outside")
    said = [wording("methods_combat", batch=visible(options["batch"]), way=way, learnt=learnt)]
    kept = ", ".join(map(visible, options.get("keep") or ()))
    return [*said, wording("methods_combat_keep", columns=kept)] if kept else said


def _options(model: Mapping[str, Any], wording: Wording) -> list[str]:
    options, inner = options_of(model), model["options"].get("recipe") or {}
    idle = OF_PENALTY if _penalty_is_settled(inner.get("kind", model["kind"]), options) else ()
    given = {k: v for k, v in options.items() if k not in (*TOLD, *idle) and v not in (None, [], {}, "", False)}
    listed = ", ".join(f"{key} = {_setting(value)}" for key, value in given.items())
    return [wording("methods_options", options=visible(listed, 500))] if listed else []


def _setting(value: Any) -> str:
    """Return a value of an option; of a table its entries."""
    return f"({', '.join(f'{k} {v}' for k, v in value.items())})" if isinstance(value, Mapping) else str(value)


def _penalty_is_settled(kind: str, options: Mapping[str, Any]) -> bool:
    """Tell whether no cross-validation chose a penalty: there is none, or it was given."""
    if kind == "logistic":
        return options.get("penalty") not in ("ridge", "lasso") or options.get("strength") is not None
    return kind == "penalised_cox" and options.get("penalty") is not None


def method_text(facts: Mapping[str, Any], wording: Wording) -> str:
    """Return the method of a validation, with its number of folds."""
    method = wording(f"method_{facts['method']}")
    return wording("methods_folds", k=facts["folds"], method=method) if facts.get("folds") else method


def _judged(name: str, results: Results, wording: Wording) -> list[str]:
    facts = results["validation_method"].get(name)
    if facts is None:
        return [wording("methods_not_validated")]
    key = "methods_optimism" if facts["method"] in RESAMPLED else "methods_left_out_judged"
    method = method_text(facts, wording)
    said = [wording(key, method=method, repeats=facts["repeats"], metrics=metrics_text(name, results, wording))]
    if facts["failed"]:
        said.append(wording("methods_failed", n=facts["failed"]))
    return said


def metrics_text(name: str, results: Results, wording: Wording) -> str:
    """Return the metrics of a model's validation, each once."""
    lines: Sequence[Mapping[str, Any]] = results["validation"][name]
    return ", ".join(dict.fromkeys(wording(f"metric_{line['metric']}") for line in lines))


def limit_sentences(validated: bool, wording: Wording) -> list[str]:
    """Return what no model of a run can do."""
    first = "study_limit_development" if validated else "study_limit_unvalidated"
    return [wording(key) for key in (first, "limit_treatment", "interval_meaning")]


def software_sentence(results: Results, wording: Wording) -> str:
    """Return version, seed and where the rest stands."""
    versions = results["software"]
    return wording("methods_software", version=versions["bone-prognosis"], python=versions["python"],
                   seed=results["study"]["seed"])  # fmt: skip
