"""Which figures a validation inside the cohort leaves, by method; a curve that cannot be drawn is said, not hidden."""

from __future__ import annotations

import numpy as np
import pytest

from cohorts.errors import Finding, FitError
from prognosis import FittedModel, Study
from prognosis.execution import IN_PROCESS
from prognosis.validation import CrossValidation
from reports.fonts import choose_fonts
from reports.internal_figures import internal_figures
from reports.study_file import ValidationTable
from reports.study_validation import validated
from reports.wording import Wording

pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")


def drawn(study: Study, model: FittedModel, method: object, language: str = "en"):
    validation = study.validate(model, method, 4 if isinstance(method, str) else None)
    fonts = choose_fonts("", language)
    return validation, internal_figures(study, model, validation, IN_PROCESS, fonts, Wording(language))


def test_a_bootstrap_shows_the_corrected_curve_and_the_instability(study: Study, unvalidated: FittedModel) -> None:
    validation, found = drawn(study, unvalidated, "bootstrap")
    assert list(found.pictures) == ["optimism_cox", "calibration_cox", "instability_cox"]
    assert found.warnings == ()
    curve = found.pictures["calibration_cox"]
    assert (curve.width, curve.title.split(" at ")[0]) == (115.0, "Calibration of cox")
    assert curve.title.endswith("corrected for optimism")
    slope = validation.table.set_index("metric").loc["calibration_slope", "corrected"]
    assert f"{slope:.2f} (" in curve.alt


def test_folds_show_the_risks_of_patients_left_out_at_each_horizon(study: Study, unvalidated: FittedModel) -> None:
    validation, found = drawn(study, unvalidated, CrossValidation(3, 1))
    places = [f"{kind}_cox_{horizon:g}" for horizon in study.horizons for kind in ("calibration", "decision")]
    assert sorted(found.pictures) == sorted(["optimism_cox", "risk_groups_cox", "over_time_cox", *places])
    assert found.pictures["calibration_cox_60"].title.endswith("in patients left out of the fit")
    assert np.isfinite(validation.held_out["cox"].risk).all()
    assert "1338 / " in found.pictures["calibration_cox_60"].alt


def test_a_curve_that_cannot_be_estimated_is_a_warning(
    study: Study, unvalidated: FittedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise FitError(Finding("V35", "all risks are alike", "look at the model"))

    monkeypatch.setattr(Study, "calibration", refused)
    _, found = drawn(study, unvalidated, "bootstrap")
    assert list(found.pictures) == ["optimism_cox", "instability_cox"]
    assert [(finding.code, finding.severity) for finding in found.warnings] == [("R20", "warning")]
    assert "all risks are alike" in str(found.warnings[0])


@pytest.mark.parametrize(
    "table",
    [
        ValidationTable(method="cross-validation", folds=3, repeats=2, figures=False),
        ValidationTable(method="bootstrap", repeats=3, metrics=("harrell_c",), figures=False),
        ValidationTable(repeats=2, thresholds=(0.2, 0.4), figures=False),
    ],
)
def test_the_table_of_a_study_file_is_done_as_it_says(study: Study, unvalidated: FittedModel, table) -> None:
    found = validated(study, unvalidated, table, IN_PROCESS)
    assert found.method == (table.method or "bootstrap")
    assert found.repeats == (table.repeats or 1)
    assert table.metrics is None or set(found.table["metric"]) == set(table.metrics)
    cuts = found.table["threshold"].dropna()
    assert set(cuts) == set(table.thresholds)
