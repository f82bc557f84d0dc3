"""The report on one patient: its content, made from a model and one row of predictors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cohorts import Cohort
from cohorts.errors import Finding, PredictionError, RunError
from prognosis.explaining.explanation import Explanation
from prognosis.model import FittedModel
from prognosis.prediction import Prediction, Remark
from reports.filenames import check_id, id_digest
from reports.fonts import FontChoice
from reports.formatting import count, duration, ratio
from reports.icons import effect_bar, icon_array
from reports.patient_answers import OF_STRATUM, WHOLE, answers, patient_curve, patient_remarks
from reports.patient_content import PatientPage
from reports.patient_explained import on_risk_scale
from reports.patient_inputs import input_rows
from reports.performance import performance_sentences
from reports.wording import Wording, visible

LEVEL = 0.95
HORIZONS_SHOWN = 6
ID_SHOWN = 48
HASH_SHOWN = 12
NOMOGRAM_WIDTH = 180.0  # millimetres, at which its lettering has its size
VIEW_BOX = re.compile(r'viewBox="[\d.-]+ [\d.-]+ ([\d.]+) ([\d.]+)"')


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
    explanation : of this patient's risks (``model.explain(patient)``): the page then says what each predictor adds to
        the risk by the last horizon; None: hazard ratios against the average patient.

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
        R11: no such language. R19: no page for this kind of model. X21: an explanation of something else.
    """

    page: PatientPage

    def __init__(
        self,
        model: FittedModel,
        patient: Mapping[str, Any] | pd.DataFrame | Cohort,
        language: str = "en",
        nomogram: str | None = None,
        date: str | None = None,
        explanation: Explanation | None = None,
    ) -> None:
        page = _page(model, patient, Wording(language), nomogram, date)
        if explanation is not None:
            page = on_risk_scale(page, model.predict(patient, level=LEVEL), explanation, Wording(language))
        object.__setattr__(self, "page", page)

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
        parts = [row.contribution if row.people is None else row.people for row in page.inputs]
        largest = max(map(abs, parts), default=0.0)
        drawn = {"curve": risk_curve(page.curve, fonts)}
        drawn |= {f"icons_{k}": icon_array(a.people) for k, a in enumerate(page.answers) if a.people is not None}
        drawn |= {f"bar_{k}": effect_bar(part, largest) for k, part in enumerate(parts)}
        return drawn | ({} if page.nomogram is None else {"nomogram": page.nomogram})


def _page(
    model: FittedModel,
    patient: Mapping[str, Any] | pd.DataFrame | Cohort,
    wording: Wording,
    nomogram: str | None,
    date: str | None,
) -> PatientPage:
    check_kind(model)
    prediction = model.predict(patient, level=LEVEL)
    _check(prediction)
    values = _values(patient, model.door.columns)
    rows = input_rows(model, values, prediction.remarks, wording)
    observed = model.observed(values)
    says = OF_STRATUM if model.strata_follow_up else WHOLE
    return PatientPage(
        language=wording.language,
        patient_id=_named(patient, model, prediction, wording),
        date=visible(date) if date else "",
        headings={**wording.group("heading_"), "answers": wording("answers_for", event=event_name(model, wording))},
        about=_about(model, wording),
        model=_model_lines(model, wording),
        created=model.created,
        model_hash=model.hash,
        verified=model.verified,
        alerts=tuple(_alert(remark, wording) for remark in patient_remarks(prediction)),
        answers=answers(observed, prediction, wording, says),
        answers_note=wording("interval_meaning"),
        curve=patient_curve(model, observed, model.curve(values, level=LEVEL), LEVEL, wording),
        inputs=rows,
        together_ratio=_together(prediction),
        together_text=wording("together", ratio=ratio(_together(prediction))),
        inputs_note=wording("association"),
        nomogram=nomogram,
        nomogram_alt=wording("nomogram_alt"),
        nomogram_height=svg_height(nomogram) if nomogram else 0.0,
        performance=performance_sentences(model, wording),
        limits=_limits(model, wording),
        footer=f"{visible(model.name)} {model.hash[:HASH_SHOWN]}",
    )


def _alert(remark: Remark, wording: Wording) -> str:
    """Return a remark on the whole patient; P08 without a column is about the combination of values."""
    return wording("remark_joint") if remark.code == "P08" else visible(remark.text)


def svg_height(svg: str) -> float:
    """Height in millimetres of a drawing that is drawn 180 mm wide.

    Raises
    ------
    RunError
        R14: the text is no SVG with a view box.
    """
    box = VIEW_BOX.search(svg)
    if box is None:
        raise RunError(Finding("R14", "the nomogram handed in is no SVG with a view box", "use Nomogram.svg(patient)"))
    return NOMOGRAM_WIDTH * float(box[2]) / float(box[1])


def check_kind(model: FittedModel) -> None:
    """Refuse a page whose sentences would misread the model.

    Raises
    ------
    RunError
        R19: a binary or competing endpoint ("no event" would hide those who died before), or no words for this kind.
    """
    if model.endpoint.kind != "time_to_event" or not Wording("en").has(f"kind_{model.kind}"):
        rule = f"no patient page is made of a {model.kind} model of a {model.endpoint.kind} endpoint"
        raise RunError(Finding("R19", rule, "use predict, whose table has every risk with its interval and remarks"))


def _check(prediction: Prediction) -> None:
    if len(prediction.ids) != 1:
        rule = f"a patient report is about one patient; {len(prediction.ids)} rows were given"
        raise PredictionError(Finding("R15", rule, "make one report per row", rows=tuple(prediction.ids)))
    if len(prediction.horizons) > HORIZONS_SHOWN:
        rule = f"a page shows at most {HORIZONS_SHOWN} horizons; the model has {len(prediction.horizons)}"
        raise PredictionError(Finding("R16", rule, "declare fewer horizons in the endpoint or the study"))
    check_id(prediction.ids[0])


def _values(patient: Mapping[str, Any] | pd.DataFrame | Cohort, columns: tuple[str, ...]) -> dict[str, Any]:
    row = patient.frame if isinstance(patient, Cohort) else patient
    source = row.iloc[0] if isinstance(row, pd.DataFrame) else row
    return {name: source[name] for name in columns}


def _named(
    patient: Mapping[str, Any] | pd.DataFrame | Cohort, model: FittedModel, prediction: Prediction, wording: Wording
) -> str:
    """Return the id as printed; a mapping may come without one."""
    if isinstance(patient, Mapping) and model.id_column not in patient:
        return wording("no_id")
    return shown_id(prediction.ids[0])


def shown_id(patient_id: str) -> str:
    """Return the id as printed: a long one is cut and told apart by a digest of the whole."""
    if len(patient_id) <= ID_SHOWN:
        return visible(patient_id)
    return f"{visible(patient_id[:ID_SHOWN])}… (SHA-256 {id_digest(patient_id, 8)})"


def _together(prediction: Prediction) -> float:
    # the linear predictor of a Prediction is centred on the average patient of the training cohort
    return float(np.exp(prediction.linear_predictor[0]))


def event_name(model: FittedModel, wording: Wording) -> str:
    """Return what the event is called: the codebook's label, else the endpoint's name, marked as such."""
    label = model.event_label.get(wording.language) or model.event_label.get("en")
    # the name of an endpoint often names the opposite of its event: "progression-free survival"
    return visible(label) if label else wording("event_of_endpoint", name=visible(model.endpoint.name))


def _about(model: FittedModel, wording: Wording) -> tuple[tuple[str, str], ...]:
    unit = model.unit
    population = wording(
        "population",
        n=count(model.n, wording),
        events=count(model.events, wording),
        median=_median(model, wording),
        longest=duration(model.max_follow_up or 0.0, unit, wording),
    )
    definition = visible(model.endpoint.definition.strip())
    return (
        (wording("about_event"), event_name(model, wording)),
        *(((wording("about_definition"), definition),) if definition else ()),
        (wording("about_origin"), visible(model.origin)),
        (wording("about_population"), population),
    )


def _median(model: FittedModel, wording: Wording) -> str:
    median = model.median_follow_up
    return wording("not_reached") if median is None else duration(round(median, 1), model.unit, wording)


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
        wording("limit_population", origin=visible(model.origin)),
    ]
    if model.missing == "complete_cases":
        sentences.append(wording("limit_complete_cases"))
    if model.missing == "chained":
        sentences.append(wording("limit_chained"))
    found = {finding.code for finding in model.warnings}
    sentences += [wording(f"limit_{code}") for code in sorted(found) if wording.has(f"limit_{code}")]
    if model.warnings:
        codes = ", ".join(sorted(found))
        sentences.append(wording("limit_warnings", n=len(model.warnings), codes=visible(codes)))
    return tuple(sentences)
