"""The page's table on the scale of the risk: what each predictor adds, as people of 100, by one horizon."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Literal

import numpy as np

from cohorts.errors import Finding, PrognosisWarning, RunError
from prognosis.explaining.background import is_costly
from prognosis.explaining.explanation import Explanation
from prognosis.explaining.made_up import profile_is_known
from prognosis.forest.estimate import ForestEstimate
from prognosis.harmonisation.preparation import needed_besides
from prognosis.model import FittedModel
from prognosis.patients import Patients
from prognosis.prediction import Prediction
from reports.contents.explained import method_note
from reports.formatting import duration
from reports.frequencies import count_text
from reports.patient_content import Input, PatientPage
from reports.patient_inputs import LABEL_SHOWN
from reports.wording import Wording, visible

# Risks of one patient that differ by more belong to another patient or model.
SAME_RISK = 1e-9
# Rows of the table that are no predictors: their effect is in every patient's baseline.
OTHERS = ("stratum", "offset")
TIMED = "explained_effect", "explained_together"
WITHOUT_TIME = "explained_effect_no_time", "explained_together_no_time"


def on_risk_scale(page: PatientPage, prediction: Prediction, explanation: Explanation, wording: Wording) -> PatientPage:
    """Return the page with contributions to the risk in place of hazard ratios.

    Parameters
    ----------
    prediction : of the page. explanation : of risks, this patient's among them; its last known horizon is shown.

    Raises
    ------
    RunError
        X21 an explanation of another patient, model, horizon or scale: never shown beside this risk.
    """
    patient, place = _found(prediction, explanation)
    people = 100 * explanation.values[patient, :, place]
    shown = [visible(name, LABEL_SHOWN) for name in explanation.variables]
    by_name = dict(zip(shown, map(float, people), strict=True))
    rows = [row if row.direction in OTHERS else replace_effect(row, by_name[row.name], wording) for row in page.inputs]
    horizon = float(explanation.horizons[place])
    when = {} if np.isnan(horizon) else {"time": duration(horizon, explanation.unit, wording)}
    keys = TIMED if when else WITHOUT_TIME
    numbers = (count_text(float(part[patient, place]), wording) for part in (explanation.base, explanation.prediction))
    average, own = (wording("of_100", n=number) for number in numbers)
    return replace(
        page,
        headings={**page.headings, "effect": wording(keys[0], **when)},
        inputs=tuple(sorted(rows, key=lambda row: -abs(row.people or 0.0))),
        together_text=wording(keys[1], own=own, average=average, **when),
        inputs_note=wording.joined([page.inputs_note, method_note(explanation, wording)]),
    )


def page_explanation(model: FittedModel, patient: Patients, prediction: Prediction) -> Explanation | None:
    """Explain a patient's risk by the last horizon where it is known; None where that cannot be.

    A forest by the paths of its training patients, other models over made-up patients with the training distributions,
    which a model file holds: a freshly fitted model and its file give the same page. A published model tells of no
    distribution; models whose every answer takes long are left to ``model.explain``, and so are those whose features
    were harmonised: made-up patients have no scanner.
    """
    known = np.flatnonzero(np.isfinite(prediction.risk[0]))
    forest = isinstance(model.estimate, ForestEstimate)
    unasked = not forest and (is_costly(model) or bool(needed_besides(model.preparation)))
    if not len(known) or unasked or not profile_is_known(model.profile):
        return None
    horizon = float(prediction.horizons[known[-1]])
    horizons = None if np.isnan(horizon) else [horizon]
    background: Literal["profile"] | None = None if forest else "profile"
    with warnings.catch_warnings():
        # said once, by the prediction
        warnings.simplefilter("ignore", PrognosisWarning)
        return model.explain(patient, horizons, background=background)


def replace_effect(row: Input, people: float, wording: Wording) -> Input:
    """Return a row of the table with its part of the risk, in whole people."""
    if abs(people) < 1:
        return replace(row, people=people, direction="about", effect_text=wording("explained_less_than_one"))
    whole = int(np.sign(people) * np.floor(abs(people) + 0.5))
    direction = "raises" if people > 0 else "lowers"
    effect = wording("of_100", n=f"{whole:+d}")
    return replace(row, people=people, direction=direction, effect_text=effect)


def _found(prediction: Prediction, explanation: Explanation) -> tuple[int, int]:
    """Return the place of the page's patient and of the horizon shown."""
    if explanation.scale == "risk" and prediction.ids[0] in explanation.ids:
        patient = explanation.ids.index(prediction.ids[0])
        known = np.flatnonzero(np.isfinite(explanation.prediction[patient]))
        if len(known):
            place = int(known[-1])
            same = np.flatnonzero(np.isclose(prediction.horizons, explanation.horizons[place], 0, 0, equal_nan=True))
            if len(same):
                gap = abs(float(prediction.risk[0, same[0]]) - float(explanation.prediction[patient, place]))
                if gap <= SAME_RISK:
                    return patient, place
    rule = "the explanation is not one of this patient's risk by this model at one of the page's horizons"
    raise RunError(Finding("X21", rule, "model.explain(patient), with the model and the patient of the page"))
