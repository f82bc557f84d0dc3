"""The card of a model: what it is for, on whom it was made, what goes in and comes out, how good it is, its limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.methods import left_without_effect, limit_sentences
from reports.tripod_answers import output
from reports.tripod_results import inputs_in_use
from reports.wording import Wording

SCHEMA_VERSION = 1
NOT_FOR = (
    "advice on treatment: nothing here is the effect of anything",
    "patients unlike the cohort, or another time origin",
    "any horizon beyond the follow-up of the cohort",
    "care, before it was validated where the patient is treated",
)


def model_card(results: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the card of one model of a run as plain values, the content of ``model_card_NAME.json``.

    Parameters
    ----------
    results : content of ``results.json``. name : of the model.
    """
    model, english = results["models"][name], Wording("en")
    return {
        "schema_version": SCHEMA_VERSION,
        "model": {"name": name, "kind": model["kind"], "description": english(f"kind_{model['kind']}"),
                  "file": f"models/{name}.prognosis", "hash": model["hash"], "created": model["created"]},
        "status": "unverified: made by a run, not examined by anybody else",
        "intended_use": {
            "for": "research on prognosis by statisticians and clinicians",
            "not_for": list(NOT_FOR),
        },
        "outcome": results["endpoint"] | {"horizons": results["study"]["horizons"]},
        "training": {
            "study": results["study"]["title"],
            "cohort": results["cohort"],
            "flow": results["flow"],
            "patients": model["n"],
            "events": model["events"],
            "median_follow_up": model["median_follow_up"],
            "missing": results["study"]["missing"],
        },
        "inputs": {key: results["predictors"].get(key, {}) for key in model["predictors"]},
        "inputs_in_use": inputs_in_use(results),
        "output": output(results),
        "chosen_in_the_data": {key: model[key] is not None for key in ("selection", "tuning")}
        | {"penalty": left_without_effect(model) is not None},
        "performance": {
            "method": results["validation_method"].get(name),
            "measured": results["validation"].get(name, []),
            "external": [],
        },
        "limits": limit_sentences(name in results["validation_method"], english),
        "warnings": results["warnings"],
        "software": results["software"],
        "licence": "GPL-3.0-or-later, of the package; the model belongs to whoever made it",
    }  # fmt: skip
