"""The page's table on the scale of the risk: what each predictor adds, as people of 100, by one horizon."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cohorts.errors import Finding, RunError
from prognosis.explaining.explanation import Explanation
from prognosis.prediction import Prediction
from reports.contents.explained import method_note
from reports.formatting import duration
from reports.frequencies import of_hundred
from reports.patient_content import Input, PatientPage
from reports.patient_inputs import LABEL_SHOWN
from reports.wording import Wording, visible

# Risks of one patient that differ by more belong to another patient or model.
SAME_RISK = 1e-9
# Rows of the table that are no predictors: their effect is in every patient's baseline.
OTHERS = ("stratum", "offset")


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
    time = duration(float(explanation.horizons[place]), explanation.unit, wording)
    numbers = (of_hundred(float(part[patient, place])) for part in (explanation.base, explanation.prediction))
    average, own = (wording("of_100", n=number) for number in numbers)
    return replace(
        page,
        headings={**page.headings, "effect": wording("explained_effect", time=time)},
        inputs=tuple(sorted(rows, key=lambda row: -abs(row.people or 0.0))),
        together_text=wording("explained_together", own=own, average=average, time=time),
        inputs_note=wording.joined([page.inputs_note, method_note(explanation, wording)]),
    )


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
            same = np.flatnonzero(prediction.horizons == explanation.horizons[place])
            if len(same):
                gap = abs(float(prediction.risk[0, same[0]]) - float(explanation.prediction[patient, place]))
                if gap <= SAME_RISK:
                    return patient, place
    rule = "the explanation is not one of this patient's risk by this model at one of the page's horizons"
    raise RunError(Finding("X21", rule, "model.explain(patient), with the model and the patient of the page"))
