"""Explanations that a run leaves: the table, its figures, and who is in them."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from cohorts import Cohort
from cohorts.errors import FitError
from prognosis import FittedModel, load_model
from reports.explained_study import explain_and_write, explanation_figures, training_explanation
from reports.output_folder import output_folder


def test_table_and_figures_lie_in_the_folder(model: FittedModel, mgus2: Cohort, tmp_path):
    with output_folder(tmp_path / "out") as folder:
        explanation, pictures = explain_and_write(model, mgus2, "en", folder)
        data = (folder.path / "explanation_cox.parquet").read_bytes()
        assert set(pictures) == {"beeswarm_cox", *(f"dependence_cox_{rank}" for rank in (1, 2, 3, 4))}
        assert set(folder.written) == {
            "explanation_cox.parquet",
            *(f"figures/{name}.{kind}" for name in pictures for kind in ("pdf", "svg")),
        }
    table = pd.read_parquet(io.BytesIO(data))
    assert len(table) == 200 * 3 * 5
    parts = table.groupby(["id", "horizon"], sort=False)
    whole = parts["contribution"].sum() + parts["base"].first()
    np.testing.assert_allclose(whole, parts["prediction"].first(), atol=1e-12)
    assert set(explanation.ids) <= set(model.training.ids)


def test_the_sample_is_the_models_own(model: FittedModel, mgus2: Cohort):
    again = training_explanation(model, mgus2)
    assert again.ids == training_explanation(model, mgus2).ids
    assert len(again.ids) == 200


def test_without_risks_there_are_no_figures(model: FittedModel, patients: pd.DataFrame):
    beyond = model.explain(patients.iloc[:3], [10_000.0])
    assert explanation_figures(model, beyond, "en") == {}
    assert explanation_figures(model, model.explain(patients.iloc[:0]), "en") == {}


def test_a_loaded_model_is_refused(model: FittedModel, mgus2: Cohort, tmp_path):
    loaded = load_model(model.save(tmp_path / "m.prognosis"))
    with pytest.raises(FitError) as caught:
        training_explanation(loaded, mgus2)
    assert caught.value.code == "N03"
