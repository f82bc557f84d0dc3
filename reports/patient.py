"""The report on one patient: its content, made from a model and one row of predictors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from cohorts import Cohort
from cohorts.errors import Finding, PredictionError, RunError
from prognosis.competing.other_events import others_first
from prognosis.explaining.explanation import Explanation
from prognosis.model import FittedModel
from prognosis.patients import PatientTable
from prognosis.prediction import Prediction, Remark
from reports.contents.radiograph import PatientFilm, film_part, with_film
from reports.figures.radiograph import pictures
from reports.filenames import check_id, id_digest
from reports.fonts import FontChoice
from reports.icons import effect_bar, icon_array
from reports.patient_answers import Asked, answers, competing_name, patient_curve, patient_remarks
from reports.patient_content import Curve, PatientPage
from reports.patient_explained import on_risk_scale, page_explanation
from reports.patient_facts import HASH_SHOWN, about_lines, event_name, limits_of, model_lines
from reports.patient_inputs import input_rows, together_ratio, together_text
from reports.patient_kinds import effect_scale, is_published, no_curve, without_interval
from reports.performance import performance_sentences
from reports.wording import Wording, visible

LEVEL = 0.95
HORIZONS_SHOWN = 6
ID_SHOWN = 48
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
        the risk by the last horizon. ``"own"``: the page makes it, see `page_explanation`. None: ratios of hazards,
        odds or times against the average patient; models that have none are explained as by ``"own"``.
    radiograph : the film that a score among the predictors was made from, and its heat map, if it has one.

    Attributes
    ----------
    page : the content, a `PatientPage`.

    Raises
    ------
    PredictionError
        The patient cannot be answered (see ``FittedModel.predict``), R15: not exactly one patient,
        R16: more horizons than a page can show; G30 to G32: a radiograph that does not belong here.
    ImageError
        I07: the radiograph may show a name; I70: its heat map is of another film.
    DataContractError
        R07: the id is longer than any chart would carry.
    RunError
        R11: no such language. X21: an explanation of something else.
    """

    page: PatientPage

    def __init__(
        self,
        model: FittedModel,
        patient: Mapping[str, Any] | pd.DataFrame | Cohort,
        language: str = "en",
        nomogram: str | None = None,
        date: str | None = None,
        explanation: Explanation | Literal["own"] | None = None,
        radiograph: PatientFilm | None = None,
    ) -> None:
        wording = Wording(language)
        # checked once for all that is asked about this patient
        table = model.door.admit(patient)
        prediction = model.predict(table, level=LEVEL)
        _check(prediction)
        values = _values(patient, model.door.columns)
        named = _named(patient, model, prediction, wording)
        page = _page(model, _Patient(table, prediction, values, named), wording, nomogram, date)
        made = explanation if isinstance(explanation, Explanation) else None
        if made is None and (explanation is not None or effect_scale(model) is None):
            made = page_explanation(model, table, prediction)
        if made is not None:
            page = on_risk_scale(page, prediction, made, wording)
        elif effect_scale(model) is None:
            page = replace(page, inputs_note=wording.joined([wording("explained_not_computed"), page.inputs_note]))
        if radiograph is not None:
            given_id = None if page.patient_id == wording("no_id") else prediction.ids[0]
            page = with_film(page, film_part(model, given_id, values, radiograph, wording), radiograph.score)
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
        page = self.page
        parts = [(row.contribution if row.people is None else row.people) or 0.0 for row in page.inputs]
        largest = max(map(abs, parts), default=0.0)
        drawn = {} if page.curve is None else {"curve": self._curve(page.curve, fonts)}
        drawn |= {f"icons_{k}": icon_array(a.people) for k, a in enumerate(page.answers) if a.people is not None}
        drawn |= {f"bar_{k}": effect_bar(part, largest) for k, part in enumerate(parts)}
        drawn |= {} if page.radiograph is None else pictures(page.radiograph)
        return drawn | ({} if page.nomogram is None else {"nomogram": page.nomogram})

    @cached_property
    def _curves(self) -> dict[tuple[Curve, FontChoice], str]:
        """Curves that were drawn: the PDF and the HTML of a report show the same one."""
        return {}

    def _curve(self, curve: Curve, fonts: FontChoice) -> str:
        from reports.figures import risk_curve

        if (curve, fonts) not in self._curves:
            self._curves[curve, fonts] = risk_curve(curve, fonts)
        return self._curves[curve, fonts]


@dataclass(frozen=True)
class _Patient:
    """One patient: checked, answered, with the values as given and the id as printed."""

    table: PatientTable
    prediction: Prediction
    values: Mapping[str, Any]
    named: str


def _page(
    model: FittedModel, patient: _Patient, wording: Wording, nomogram: str | None, date: str | None
) -> PatientPage:
    prediction = patient.prediction
    asked = _asked(model, patient, wording)
    missing = no_curve(model, wording)
    found = answers(asked)
    intervals = bool(np.isfinite(prediction.lower[np.isfinite(prediction.risk)]).all())
    return PatientPage(
        language=wording.language,
        patient_id=patient.named,
        date=visible(date) if date else "",
        headings=_headings(model, wording),
        about=about_lines(model, wording),
        model=model_lines(model, wording),
        created=model.created,
        model_hash=model.hash,
        verified=model.verified,
        alerts=tuple(_alert(remark, wording) for remark in patient_remarks(prediction)),
        answers=found,
        answers_note=wording("interval_meaning" if intervals else without_interval(model)),
        intervals=intervals,
        key_other=competing_name(model, wording) if any(answer.other is not None for answer in found) else "",
        curve=None if missing else patient_curve(asked, model.curve(patient.table, level=LEVEL), LEVEL),
        no_curve=missing,
        inputs=input_rows(model, patient.table, patient.values, prediction.remarks, wording),
        together_ratio=together_ratio(model, prediction),
        together_text=together_text(model, prediction, wording),
        inputs_note=_inputs_note(model, wording),
        nomogram=nomogram,
        nomogram_alt=wording("nomogram_alt"),
        nomogram_height=svg_height(nomogram) if nomogram else 0.0,
        performance=performance_sentences(model, wording, patient.values),
        limits=limits_of(model, wording),
        footer=f"{visible(model.name)} {model.hash[:HASH_SHOWN]}",
    )


def _asked(model: FittedModel, patient: _Patient, wording: Wording) -> Asked:
    """Collect what the answers are made from."""
    timed = model.follow_up is not None and not model.published
    others = others_first(model, patient.table, patient.prediction.horizons) if timed else None
    first = None if others is None else tuple(map(float, others[0]))
    observed = model.observed(patient.table) if timed else None
    return Asked(model, patient.prediction, observed, first, wording)


def _inputs_note(model: FittedModel, wording: Wording) -> str:
    competing = model.endpoint.kind == "competing"
    other = wording("association_competing", other=competing_name(model, wording)) if competing else ""
    unknown = wording("explained_not_published") if is_published(model) else ""
    return wording.joined([wording("association"), other, unknown])


def _headings(model: FittedModel, wording: Wording) -> dict[str, str]:
    scale = effect_scale(model)
    of = wording("against_published" if is_published(model) else "against_average")
    return {
        **wording.group("heading_"),
        "answers": wording("answers_for", event=event_name(model, wording)),
        "effect": wording(f"effect_of_{scale}", of=of) if scale else wording("effect_of_none"),
    }


def _alert(remark: Remark, wording: Wording) -> str:
    """Return a remark on the whole patient; P08 without a column is about the combination of values."""
    if remark.code == "P08":
        return wording("remark_joint")
    return wording("remark_C28") if remark.code == "C28" else visible(remark.text)


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
