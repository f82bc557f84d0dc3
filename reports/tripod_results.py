"""What a run can say to the items of TRIPOD+AI on results, discussion and use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.methods import patients_sentences
from reports.study_tables import metric_text
from reports.tripod_answers import ANSWERS, ENGLISH, NO_EVALUATION, Results, answers, heterogeneity, of_models, size
from reports.wording import visible


@answers("18e")
def data_sharing(results: Results) -> str:
    """Say what of the data the files of the run hold."""
    return (
        f"{visible(results['cohort']['file'])} itself is not among the files of the run. Model files hold aggregates, "
        "and rows of patients only where the study file allows it (store_reference); tables of explanations and of "
        "imputed values hold rows."
    )


@answers("20a")
def flow(results: Results) -> str:
    """List the counts from reading to analysis."""
    steps = "; ".join(f"{visible(line['step'], 300)}: {line['n']}" for line in results["flow"])
    return f"{steps}. {patients_sentences(results, ENGLISH)}"


@answers("20b")
def characteristics(results: Results) -> str:
    """Table 1 and the warnings beside it."""
    return f"Table 1 of the study report and table_one.csv, with missing values by variable. {size(results)}"


@answers("21")
def analysed(results: Results) -> str:
    """Patients and events of each model."""
    return of_models(results, lambda name, model: f"{name}: {model['n']} patients, {model['events']} events.")


@answers("22")
def specification(results: Results) -> str:
    """Where everything stands that a third party needs."""

    def say(name: str, model: Mapping[str, Any]) -> str:
        if model["coefficients"]:
            whole = "coefficients, knots, means and baseline in results.json and in the study report"
        else:
            whole = "no formula: the model file"
        return f"{name}: {whole}; models/{name}.prognosis, hash {model['hash']}."

    return of_models(results, say)


@answers("23a")
def performance(results: Results) -> str:
    """Corrected discrimination, calibration and accuracy with their intervals."""
    unit = results["endpoint"].get("unit", "")

    def one(line: Mapping[str, Any]) -> str:
        metric = metric_text(line, unit, ENGLISH)
        if line["corrected"] is None:
            return f"{metric} not measured"
        limits = "" if line["lower"] is None else f" ({line['lower']:.3f} to {line['upper']:.3f})"
        return f"{metric} {line['corrected']:.3f}{limits}"

    parts = [f"{visible(name)}: {'; '.join(map(one, lines))}." for name, lines in results["validation"].items()]
    return " ".join(parts) or "Not measured: the study file asks for no validation."


@answers("23b")
def between_clusters(results: Results) -> str:
    """Repeat 12d as a result."""
    return heterogeneity(results)


@answers("26")
def limitations(results: Results) -> str:
    """Say what the run itself warned of."""
    messages = [visible(warning["message"], 600) for warning in results["warnings"]]
    return "The run warned: " + " | ".join(messages) if messages else "The run had no warnings."


@answers("27a")
def inputs_in_use(results: Results) -> str:
    """Say what the model does with poor inputs."""
    imputed = any(model["imputation"] for model in results["models"].values())
    own = results["study"]["missing"] == "own side"
    gap = "averaged over what it may be" if imputed else "sent along the trees by their rule" if own else "refused"
    return (
        "A value outside the declared limits, an unknown category or a wrong unit is refused with the reason; one "
        f"outside the training range, or a patient unlike the cohort, is flagged; a missing predictor is {gap}."
    )


for _item in ("12f", "24"):
    ANSWERS[_item] = lambda _: f"{NO_EVALUATION} Nothing was updated."
for _item in ("12g", "16", "20c"):
    ANSWERS[_item] = lambda _: f"{NO_EVALUATION} The command prognosis validate writes this for another cohort."
