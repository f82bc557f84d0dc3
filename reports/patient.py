"""The report on one patient: its content, made from a model and one row of predictors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cohorts import Cohort, TimeToEvent
from cohorts.errors import Finding, PredictionError
from prognosis.model import FittedModel
from prognosis.prediction import Prediction
from reports.filenames import check_id, id_digest
from reports.fonts import FontChoice
from reports.formatting import count, duration, ratio
from reports.icons import effect_bar, icon_array
from reports.patient_answers import answers, patient_curve, patient_remarks
from reports.patient_content import PatientPage
from reports.patient_inputs import input_rows
from reports.performance import performance_sentences
from reports.wording import Wording, visible

LEVEL = 0.95
HORIZONS_SHOWN = 6
ID_SHOWN = 48
HASH_SHOWN = 12


@dataclass(frozen=True, init=False)
class PatientReport:
    """What a model says about one patient, on one page.

    The object is the finished content; PDF, HTML and JSON are made from it and add nothing.

    Parameters
    ----------
    model : the fitted or loaded model.
    patient : one patient: a mapping of predictors, or a table or cohort of one row.
    language : ``en`` or ``zh``.
    nomogram : the nomogram with this patient drawn in, as SVG text; None leaves it out.
    date : date of the report as it shall be printed; None leaves a line to write it on.

    Attributes
    ----------
    page : the content, a `PatientPage`.

    Raises
    ------
    PredictionError
        The patient cannot be answered (see ``FittedModel.predict``), R15: not exactly one patient,
        R16: more horizons than a page can show.
    DataContractError
        R07: the id is longer than any chart would carry.
    RunError
        R11: no such language.
    """

    page: PatientPage

    def __init__(
        self,
        model: FittedModel,
        patient: Mapping[str, Any] | pd.DataFrame | Cohort,
        language: str = "en",
        nomogram: str | None = None,
        date: str | None = None,
    ) -> None:
        object.__setattr__(self, "page", _page(model, patient, Wording(language), nomogram, date))

    def to_dict(self) -> dict[str, Any]:
        """Return the content as plain values."""
        return self.page.to_dict()

    def save(self, path: str | Path) -> Path:
        """Write the page; the suffix chooses the form.

        Parameters
        ----------
        path : ends in ``.pdf``, ``.html`` or ``.json``. The same report gives the same bytes.

        Returns
        -------
        Path
            Where it was written.

        Raises
        ------
        RunError
            Another suffix, a folder that cannot be written, or no font for a character on the page.
        """
        from reports.page import save_document

        return save_document(Path(path), self.to_dict(), "patient", self.figures)

    def figures(self, fonts: FontChoice) -> dict[str, str]:
        """Draw the figures of the page, as SVG text by name.

        Parameters
        ----------
        fonts : fonts for the lettering of the curve.
        """
        from reports.figures import risk_curve

        page = self.page
        largest = max((abs(row.contribution) for row in page.inputs), default=0.0)
        drawn = {"curve": risk_curve(page.curve, fonts)}
        drawn |= {f"icons_{k}": icon_array(a.people) for k, a in enumerate(page.answers) if a.people is not None}
        drawn |= {f"bar_{k}": effect_bar(row.contribution, largest) for k, row in enumerate(page.inputs)}
        return drawn | ({} if page.nomogram is None else {"nomogram": page.nomogram})


def _page(
    model: FittedModel,
    patient: Mapping[str, Any] | pd.DataFrame | Cohort,
    wording: Wording,
    nomogram: str | None,
    date: str | None,
) -> PatientPage:
    prediction = model.predict(patient, level=LEVEL)
    _check(prediction)
    values = _values(patient, model.predictors)
    rows = input_rows(model, values, prediction.remarks, wording)
    return PatientPage(
        language=wording.language,
        patient_id=shown_id(prediction.ids[0]),
        date=visible(date) if date else "",
        headings=wording.group("heading_"),
        about=_about(model, wording),
        model=_model_lines(model, wording),
        created=model.created,
        model_hash=model.hash,
        verified=model.verified,
        alerts=tuple(visible(remark.text) for remark in patient_remarks(prediction)),
        answers=answers(model, prediction, wording),
        answers_note=wording("interval_meaning"),
        curve=patient_curve(model, model.curve(values, level=LEVEL), LEVEL, wording),
        inputs=rows,
        together_ratio=_together(prediction),
        together_text=wording("together", ratio=ratio(_together(prediction))),
        inputs_note=wording("association"),
        nomogram=nomogram,
        nomogram_alt=wording("nomogram_alt"),
        performance=performance_sentences(model, wording),
        limits=_limits(model, wording),
        footer=f"{visible(model.name)} {model.hash[:HASH_SHOWN]}",
    )


def _check(prediction: Prediction) -> None:
    if len(prediction.ids) != 1:
        rule = f"a patient report is about one patient; {len(prediction.ids)} rows were given"
        raise PredictionError(Finding("R15", rule, "make one report per row", rows=tuple(prediction.ids)))
    if len(prediction.horizons) > HORIZONS_SHOWN:
        rule = f"a page shows at most {HORIZONS_SHOWN} horizons; the model has {len(prediction.horizons)}"
        raise PredictionError(Finding("R16", rule, "declare fewer horizons in the endpoint or the study"))
    check_id(prediction.ids[0])


def _values(patient: Mapping[str, Any] | pd.DataFrame | Cohort, predictors: tuple[str, ...]) -> dict[str, Any]:
    row = patient.frame if isinstance(patient, Cohort) else patient
    source = row.iloc[0] if isinstance(row, pd.DataFrame) else row
    return {name: source[name] for name in predictors}


def shown_id(patient_id: str) -> str:
    """Return the id as printed: a long one is cut and told apart by a digest of the whole."""
    if len(patient_id) <= ID_SHOWN:
        return visible(patient_id)
    return f"{visible(patient_id[:ID_SHOWN])}… (SHA-256 {id_digest(patient_id, 8)})"


def _together(prediction: Prediction) -> float:
    # the linear predictor of a Prediction is centred on the average patient of the training cohort
    return float(np.exp(prediction.linear_predictor[0]))


def event_words(endpoint: TimeToEvent, wording: Wording) -> str:
    """Return what counts as the event: the declared definition, else the name of the endpoint."""
    definition = visible(endpoint.definition.strip())
    return definition or wording("event_of_endpoint", name=visible(endpoint.name))


def _about(model: FittedModel, wording: Wording) -> tuple[tuple[str, str], ...]:
    unit = model.endpoint.unit
    population = wording(
        "population",
        n=count(model.n, wording),
        events=count(model.events, wording),
        median=duration(round(model.median_follow_up, 1), unit, wording),
        longest=duration(model.max_follow_up, unit, wording),
    )
    return (
        (wording("about_event"), event_words(model.endpoint, wording)),
        (wording("about_origin"), visible(model.endpoint.origin)),
        (wording("about_population"), population),
    )


def _model_lines(model: FittedModel, wording: Wording) -> tuple[tuple[str, str], ...]:
    return (
        (wording("model_name"), wording("model_kind", name=visible(model.name), kind=wording(f"kind_{model.kind}"))),
        (
            wording("model_made"),
            wording("model_version", created=visible(model.created), version=visible(model.version)),
        ),
        (wording("model_hash"), model.hash[:HASH_SHOWN]),
        (wording("model_status"), wording("verified" if model.verified else "unverified")),
    )


def _limits(model: FittedModel, wording: Wording) -> tuple[str, ...]:
    sentences = [
        wording("limit_person"),
        wording("limit_treatment"),
        wording("limit_population", origin=visible(model.endpoint.origin)),
    ]
    if model.missing == "complete_cases":
        sentences.append(wording("limit_complete_cases"))
    if model.warnings:
        codes = ", ".join(sorted({finding.code for finding in model.warnings}))
        sentences.append(wording("limit_warnings", n=len(model.warnings), codes=visible(codes)))
    return tuple(sentences)
