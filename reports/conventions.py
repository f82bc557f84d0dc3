"""How the numbers of a run were made, in words, for ``results.json`` and the study report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prognosis import FittedModel

OF_ALL = {
    "splines": "restricted cubic, Harrell's knots (Hmisc::rcspline.eval, norm 2)",
    "linear_predictor": "centred at the training means of all columns (rms::cph)",
}
# How corrected values and their intervals are made, by method of validation.
LEFT_OUT = "corrected = mean over patients left out; interval by t with the variance of Nadeau and Bengio (2003)"
CORRECTED = {
    "bootstrap": "corrected = apparent - mean optimism; normal interval (logit scale from 0 to 1), variance "
    "in the resamples plus that of the refits in the original rows",
    "632+": "corrected by Efron and Tibshirani's .632+ rule; normal interval, variance in the resamples",
}
OF_TIMES = {
    "risk_interval": "normal on the log survival scale (R default), 95 %; covers the model's uncertainty",
    "harrell_c": "R survival::concordance, timewt n; whoever had a competing event is never overtaken (Wolbers 2009)",
    "follow_up": "median by reverse Kaplan-Meier",
}
OF_COX = {
    "ties": "Efron unless the model says breslow",
    "baseline": "hazard matching the ties (R survfit.coxph), step function, S(0) = 1, at the training means",
}
MACHINES = {
    "support_vector_machine": "support vector machine (libsvm through scikit-learn)",
    "decision_tree": "CART by Gini impurity, cost-complexity pruning chosen inside the fit (scikit-learn)",
    "neural_network": "mean log odds of nets with weight decay (scikit-learn)",
    "extra_trees": "extremely randomised trees (scikit-learn), mean share of events in the leaves",
    "ada_boost": "SAMME (scikit-learn)",
}
# What holds for some models only, said where such a model is in the run.
CONVENTIONS: Mapping[tuple[str, str], Mapping[str, str]] = {
    ("cox", "time_to_event"): OF_TIMES | OF_COX,
    ("cox", "competing"): OF_TIMES | OF_COX | {
        "competing_events": "one Cox model an event; absolute risk by the product limit of all hazards (R "
        "riskRegression::CSC); C of that risk at the last horizon",
    },
    ("fine_gray", "competing"): OF_TIMES | {
        "fine_gray": "R cmprsk::crr: Breslow ties, censoring by ordinary Kaplan-Meier, errors with the censoring term",
    },
    ("logistic", "binary"): {
        "logistic": "maximum likelihood (R glm), or the penalty of the options; C is the area under the ROC curve; "
        "intervals on the logit scale",
    },
    **{
        (kind, "binary"): {
            kind: f"{words}; columns standardised inside the fit; probabilities learnt from decision values of inner "
            "folds (option calibration); C of the calibrated risk; no standard errors",
        }
        for kind, words in MACHINES.items()
    },
    ("accelerated_failure_time", "time_to_event"): OF_TIMES | {
        "accelerated_failure_time": "location and scale of log time as R survreg; coefficients have its sign",
    },
    ("penalised_cox", "time_to_event"): OF_TIMES | OF_COX | {
        "penalised_cox": "R glmnet's penalty and standardisation, chosen by cross-validation; no standard errors",
    },
    ("transfer", "time_to_event"): OF_TIMES | OF_COX | {
        "transfer": "ridge towards the source's coefficients times a weight, glmnet's standardisation in the target; "
        "weight and penalty by cross-validated partial likelihood; no standard errors",
    },
    ("random_survival_forest", "time_to_event"): OF_TIMES | {
        "random_survival_forest": "log-rank splits on the raw event times; risk is the mean over trees of 1 minus the "
        "Kaplan-Meier curve of the leaf; C of the cumulative hazard summed over the event times",
    },
    ("random_survival_forest", "competing"): OF_TIMES | {
        "random_survival_forest": "log-rank splits on the raw event times; risk is the mean over trees of the "
        "Aalen-Johansen incidence of the leaf; C of the time lost to the event",
    },
}  # fmt: skip
VISITS = (
    "events lie between two visits for the model; observed curves and C take the visit that found them, and so lie late"
)
IMPUTATION = "chained equations, outcome in training rows only; Rubin's rules, limits by t (R mice::pool)"


def conventions_of(models: Sequence[FittedModel]) -> dict[str, str]:
    """Name how the numbers of these models were made."""
    found = dict(OF_ALL)
    methods = dict.fromkeys(model.validation.method for model in models if model.validation is not None)
    found |= (
        {"optimism": "; ".join(dict.fromkeys(CORRECTED.get(method, LEFT_OUT) for method in methods))} if methods else {}
    )
    for model in models:
        found |= CONVENTIONS.get((model.kind, model.endpoint.kind), {})
    if any(getattr(model.endpoint, "last_free", None) for model in models):
        found["visits"] = VISITS
    return found | ({"imputation": IMPUTATION} if any(model.pooled is not None for model in models) else {})
