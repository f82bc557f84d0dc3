"""What a run can say to the items of TRIPOD+AI: one function an item, of the content of results.json alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reports.methods import (
    form_sentences,
    left_without_effect,
    method_text,
    metrics_text,
    missing_sentence,
    model_sentences,
    options_of,
    outcome_sentences,
    predictor_text,
)
from reports.wording import Wording, visible

Results = Mapping[str, Any]
Answer = Callable[[Results], str]
ANSWERS: dict[str, Answer] = {}
ENGLISH = Wording("en")
# What the run fills in part only, by item: whether the author is still asked.
OPEN: dict[str, Callable[[Results], bool]] = {
    "5b": lambda results: not any(results["cohort"]["dates"].values()),
    "20b": lambda _: True,
    "23a": lambda _: True,
    "23b": lambda results: not _by_centre(results),
}
# A run develops a model and validates it inside; another cohort is judged by `prognosis validate`.
NO_EVALUATION = "No external cohort was judged in this run."
LISTED = 12
# Figures of a validation, by the beginning of their names.
PLOTS = ("calibration", "decision", "instability", "optimism")
INFINITY = float("inf")
# Recipes that scale every number inside the fit; coefficients are told on the original scale.
SCALED = ("penalised_cox", "support_vector_machine", "neural_network")


def answers(item: str) -> Callable[[Answer], Answer]:
    """Register the function that answers an item."""

    def register(function: Answer) -> Answer:
        ANSWERS[item] = function
        return function

    return register


def of_models(results: Results, say: Callable[[str, Mapping[str, Any]], str]) -> str:
    """Say something of each model."""
    return " ".join(part for name, model in results["models"].items() if (part := say(visible(name), model)))


@answers("1")
def title(results: Results) -> str:
    """Development, of what."""
    return f"{visible(results['study']['title'])}: development of a prognostic model of {_outcome(results)}."


def _outcome(results: Results) -> str:
    return visible(results["endpoint"]["name"])


@answers("4")
def objectives(results: Results) -> str:
    """Say what a run of a study file does."""
    inside = "with internal validation" if results["validation"] else "without any validation"
    return f"Development {inside}. {NO_EVALUATION}"


@answers("5a")
def source(results: Results) -> str:
    """File and its digest."""
    cohort = results["cohort"]
    digest = f" (SHA-256 {cohort['sha256']})" if cohort["sha256"] else ""
    return f"{visible(cohort['file'])}{digest}, {results['flow'][0]['n']} patients read."


@answers("5b")
def dates(results: Results) -> str:
    """First and last day of every date column, and the longest follow-up."""
    known = {name: days for name, days in results["cohort"]["dates"].items() if days}
    listed = "; ".join(f"{visible(name)} {first} to {last}" for name, (first, last) in known.items())
    said = f"Dates in the data: {listed}." if listed else "The data hold no dates."
    endpoint = results["endpoint"]
    if endpoint["kind"] == "binary":
        return said
    return f"{said} Longest follow-up: {endpoint['max_follow_up']:g} {visible(endpoint['unit'])}."


@answers("6a")
def centres(results: Results) -> str:
    """Say which columns divide the patients, as far as they are declared."""
    columns = [column for model in results["models"].values() for column in _dividing(model)]
    named = ", ".join(visible(name) for name in dict.fromkeys(columns))
    return f"Columns that divide the patients: {named}." if named else "No column of centres was declared."


def _dividing(model: Mapping[str, Any]) -> list[str]:
    """Columns of strata and clusters of a model."""
    given = (options_of(model).get(key) or [] for key in ("strata", "cluster"))
    return [column for value in given for column in ([value] if isinstance(value, str) else value)]


@answers("7")
def preparation(results: Results) -> str:
    """How the table was checked."""
    found = len(results["warnings"])
    return (
        "Every column was read by a declared codebook (kind, unit, levels, missing codes, limits); what broke a rule "
        f"stopped the run. {found} warnings remain and are listed in the report. Alike for all patients."
    )


@answers("8a")
def outcome(results: Results) -> str:
    """Definition, origin and horizons."""
    return ENGLISH.joined(outcome_sentences(results, ENGLISH))


@answers("9a")
def candidates(results: Results) -> str:
    """Which predictors each model was offered, and whether data chose among them."""

    def say(name: str, model: Mapping[str, Any]) -> str:
        if model["selection"]:
            kept, n = len(model["selection"]["kept"]), len(model["selection"]["candidates"])
            return f"{name}: {kept} of {n} candidates kept by {visible(model['selection']['selector'])}."
        predictors = f"{name}: {len(model['predictors'])} predictors"
        if zeros := left_without_effect(model):
            return f"{predictors}, chosen by a penalty: {zeros[0]} of {zeros[1]} columns have no effect."
        return f"{predictors}, none chosen in the data."

    return of_models(results, say)


@answers("9b")
def definitions(results: Results) -> str:
    """Labels and units of the codebook."""
    names = list(results["predictors"])
    listed = ", ".join(predictor_text(name, results, ENGLISH) for name in names[:LISTED])
    late = [visible(name) for name in names if results["predictors"][name].get("timing") == "post-baseline"]
    said = f"Measured after the start: {', '.join(late)}." if late else "All are declared to be known at the start."
    return f"{listed}{f' and {len(names) - LISTED} more' if len(names) > LISTED else ''}. {said}"


@answers("10")
def size(results: Results) -> str:
    """Patients, events, events per parameter, and what Riley's criteria warn of."""
    endpoint = results["endpoint"]
    said = f"{endpoint['n']} patients, {endpoint['events']} events."

    def say(name: str, model: Mapping[str, Any]) -> str:
        columns, binary = len(model["means"]), endpoint["kind"] == "binary" or model["kind"] == "early_relapse"
        # of a yes and a no the rarer one carries the information
        rarer, what = min((model["events"], "events"), (model["n"] - model["events"] if binary else INFINITY, "others"))
        offered = len(model["selection"]["candidates"]) if model["selection"] else 0
        before = f"; {rarer / offered:.1f} per candidate before the selection" if offered else ""
        return f"{name}: {rarer / columns:.1f} {what} per column ({columns} columns{before})." if columns else ""

    short = [visible(warning["message"], 400) for warning in results["warnings"] if warning["code"] == "Z01"]
    return " ".join([said, of_models(results, say), *short])


@answers("11")
def missing(results: Results) -> str:
    """Say what was done, and who was left out."""
    left = [f"{visible(line['step'], 300)}: {line['n']}" for line in results["flow"][1:-1]]
    return f"{missing_sentence(results, ENGLISH)} {'; '.join(left) + '.' if left else 'Nobody was left out.'}"


@answers("12a")
def use_of_data(results: Results) -> str:
    """Say which rows served the fit and which the validation."""
    every = results["endpoint"]["n"]

    def say(name: str, model: Mapping[str, Any]) -> str:
        facts = results["validation_method"].get(name)
        # a model of one window leaves out whom it cannot judge
        who = "all" if model["n"] == every else f"{model['n']} of {every}"
        if facts is None:
            return f"{name}: {who} patients for the fit."
        way = method_text(facts, ENGLISH)
        why = "" if facts["choice"] == "as asked" else f" ({visible(facts['choice'], 300)})"
        return f"{name}: {who} patients for the fit, {way} (repeats: {facts['repeats']}) for its validation{why}."

    return of_models(results, say)


@answers("12b")
def forms(results: Results) -> str:
    """Splines, transforms and products of each model."""

    def say(name: str, model: Mapping[str, Any]) -> str:
        plain = "numbers as they are, categories as indicators."
        scaled = model["kind"] in SCALED or options_of(model).get("penalty") in ("ridge", "lasso")
        said = [*(form_sentences(model, ENGLISH) or [plain]), *(["Standardised inside every fit."] if scaled else [])]
        return f"{name}: {' '.join(said)}"

    return of_models(results, say)


@answers("12c")
def building(results: Results) -> str:
    """Say what each model is, how it came about, and how it was judged."""
    return " ".join(model_sentences(name, results, ENGLISH) for name in results["models"])


@answers("12d")
def heterogeneity(results: Results) -> str:
    """Clusters and strata of the models, centres left out."""
    declared = {name: _dividing(model) for name, model in results["models"].items()}
    used = [f"{visible(name)}: {visible(', '.join(columns), 200)}" for name, columns in declared.items() if columns]
    said = f"Strata and clusters: {'; '.join(used)}." if used else "No clusters or strata were declared."
    return f"{said} Each centre was left out in turn." if _by_centre(results) else said


def _by_centre(results: Results) -> bool:
    return any(facts["method"] == "internal-external" for facts in results["validation_method"].values())


@answers("12e")
def measures(results: Results) -> str:
    """Metrics of the validation, and the ranking of several models."""
    if not results["validation"]:
        return "Performance was not measured: the study file asks for no validation."
    name = next(iter(results["validation"]))
    drawn = [plot for plot in PLOTS if any(figure.startswith(f"{plot}_") for figure in results.get("figures", []))]
    plots = f"Plots: {', '.join(drawn)}." if drawn else "No plots of the validation were drawn."
    said = f"{metrics_text(name, results, ENGLISH)}, with intervals where there are any. {plots}"
    ranked = results.get("ranking")
    return f"{said} Models were compared by paired differences in the same resamples." if ranked else said


@answers("13")
def imbalance(results: Results) -> str:
    """Share of the event, and whether groups were weighed."""
    endpoint = results["endpoint"]
    share = 100 * endpoint["events"] / endpoint["n"]
    weighed = [visible(name) for name, model in results["models"].items()
               if options_of(model).get("event_weight", 1.0) not in (1.0, 1)]  # fmt: skip
    said = f"{share:.0f} % of the patients had the event."
    if not weighed:
        return f"{said} No resampling and no weighting of classes."
    return (
        f"{said} Classes were weighted in {', '.join(weighed)}, whose probabilities were then recalibrated out of fold."
    )


@answers("15")
def output(results: Results) -> str:
    """Probabilities, and thresholds if any."""
    endpoint = results["endpoint"]
    horizons = ", ".join(f"{h:g}" for h in results["study"]["horizons"])
    at = "" if endpoint["kind"] == "binary" else f" by {horizons or 'any time'} {visible(endpoint['unit'])}"
    metrics = [line for lines in results["validation"].values() for line in lines if line.get("threshold") is not None]
    thresholds = ", ".join(f"{value:g}" for value in dict.fromkeys(line["threshold"] for line in metrics))
    used = f"Metrics were read at the thresholds {thresholds}." if thresholds else "No threshold divides patients."
    return f"The probability of {_outcome(results)}{at}. {used}"


@answers("18f")
def code(results: Results) -> str:
    """Package, version and what repeats the run."""
    versions = results["software"]
    return (
        f"bone-prognosis {versions['bone-prognosis']} (GPL-3.0-or-later); the study file, its seed "
        f"{results['study']['seed']} and manifest.json repeat the run to the same bytes."
    )
