"""Performance in groups of the model's own cohort: the numbers of each group alone, its limits, what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cohorts.errors import DataContractError, PredictionError
from prognosis import FittedModel, Study
from prognosis.evaluation import Evaluation
from prognosis.metrics.accuracy import brier
from prognosis.metrics.concordance import concordance
from prognosis.metrics.observed_expected import observed_expected
from prognosis.models import Cox, Logistic
from prognosis.outcome import read_outcome
from prognosis.validation import CrossValidation, Validation
from prognosis.validation.subgroups import SubgroupPerformance, group_columns, subgroup_performance
from tests.prognosis import made

pytestmark = pytest.mark.filterwarnings("ignore::cohorts.errors.PrognosisWarning")
LAST = 48.0


@pytest.fixture(scope="module")
def study() -> Study:
    return made.study(["age", "albumin", "sex"], n=300, horizons=[24.0, LAST], seed=4)


@pytest.fixture(scope="module")
def model(study: Study) -> FittedModel:
    return study.fit(Cox())


@pytest.fixture(scope="module")
def validation(study: Study, model: FittedModel) -> Validation:
    return study.validate(model, CrossValidation(4, 1), metrics=["harrell_c"])


@pytest.fixture(scope="module")
def found(study: Study, model: FittedModel, validation: Validation) -> SubgroupPerformance:
    return subgroup_performance(study, model, ["sex", "age"], cuts={"age": [45, 65]}, validation=validation)


def risks_of(study: Study, model: FittedModel, validation: Validation, inside: np.ndarray) -> Evaluation:
    outcome = read_outcome(study.outcome.to_structured())
    held = validation.held_out[model.name]
    return Evaluation(outcome.take(inside), held.risk[inside, -1], horizons=held.horizons, risks=held.risk[inside])


def test_a_group_is_judged_as_its_patients_alone(
    study: Study, model: FittedModel, validation: Validation, found: SubgroupPerformance
) -> None:
    sex = study.cohort.frame.loc[list(study.outcome.ids), "sex"].to_numpy()
    for group in ("F", "M"):
        e = risks_of(study, model, validation, sex == group)
        lines = found.subgroups.query("column == 'sex' and group == @group")
        c = lines.query("metric == 'harrell_c'").iloc[0]
        direct = concordance(e.outcome.time, e.outcome.event == 1, e.marker)
        assert c["estimate"] == pytest.approx(direct.concordance, abs=1e-12)
        limits = (direct.concordance - 1.959964 * direct.se, direct.concordance + 1.959964 * direct.se)
        assert (c["lower"], c["upper"]) == pytest.approx(limits, abs=1e-6)
        late = lines[lines["horizon"] == LAST].set_index("metric")["estimate"]
        assert late["brier"] == pytest.approx(brier(e.outcome, e.risk, e.horizons).estimate[-1], abs=1e-12)
        ratio = observed_expected(e.outcome, e.risk, e.horizons).estimate[-1]
        assert late["oe_ratio"] == pytest.approx(ratio, abs=1e-12)
        assert (c["n"], c["events"]) == ((sex == group).sum(), (e.outcome.event == 1).sum())
    everybody = risks_of(study, model, validation, np.ones(300, bool))
    whole = found.table.set_index("metric").loc["harrell_c", "estimate"]
    outcome = everybody.outcome
    assert whole == pytest.approx(concordance(outcome.time, outcome.event == 1, everybody.marker).concordance)
    assert found.source == "validation"


def test_numbers_are_cut_where_it_was_declared(study: Study, found: SubgroupPerformance) -> None:
    age = study.cohort.frame.loc[list(study.outcome.ids), "age"]
    groups = found.subgroups.query("column == 'age'").drop_duplicates("group").set_index("group")["n"]
    assert dict(groups) == {
        "< 45": (age < 45).sum(), "[45, 65)": ((age >= 45) & (age < 65)).sum(), ">= 65": (age >= 65).sum()
    }  # fmt: skip
    assert groups.sum() == 300


def test_a_group_of_few_events_is_named_and_not_judged(
    study: Study, model: FittedModel, validation: Validation
) -> None:
    found = subgroup_performance(study, model, ["age"], cuts={"age": [42]}, validation=validation)
    few = found.subgroups.query("group == '< 42'")
    assert few["events"].iloc[0] < 10
    assert few[["estimate", "lower", "upper"]].isna().all(axis=None)
    assert [finding.code for finding in found.warnings] == ["E15"]
    assert "in age=< 42, below 10: not computed" in str(found.warnings[0])


def test_after_resamples_one_division_is_made(study: Study, model: FittedModel) -> None:
    resampled = study.validate(model, "bootstrap", 2, metrics=["harrell_c"])
    found = subgroup_performance(study, model, ["sex"], validation=resampled)
    assert found.source == "cross-validation"
    held = study.validate(model, CrossValidation(None, 1), metrics=["brier"])
    again = subgroup_performance(study, model, ["sex"], validation=held)
    np.testing.assert_array_equal(found.subgroups["estimate"], again.subgroups["estimate"])


def test_a_binary_endpoint_has_no_horizons() -> None:
    asked = made.study(["age", "albumin", "sex"], n=200, endpoint=made.ENDPOINTS["binary"])
    found = subgroup_performance(asked, asked.fit(Logistic()), ["sex"])
    assert set(found.subgroups["metric"]) == {"auc", "oe_ratio", "brier"}
    assert found.subgroups["horizon"].isna().all()
    assert np.isfinite(found.subgroups[["estimate", "lower", "upper"]]).all(axis=None)


@pytest.mark.parametrize(
    ("by", "cuts", "code", "said"),
    [
        (["sex"], {"age": [50]}, "G36", "no group"),
        (["age"], {"age": [65, 50]}, "G36", "not increasing"),
        (["age"], {"age": []}, "G36", "not increasing"),
        (["sex"], {"sex": [1]}, "G36", "no numbers"),
        (["nothing"], {}, "S01", "no such column"),
    ],
)
def test_groups_that_cannot_be_are_refused(study: Study, by: list[str], cuts: dict, code: str, said: str) -> None:
    with pytest.raises(DataContractError, match=said) as refused:
        group_columns(study, by, cuts)
    assert refused.value.code == code


def test_many_values_and_no_horizons_are_refused(study: Study, model: FittedModel, validation: Validation) -> None:
    with pytest.raises(PredictionError, match="no groups") as many:
        subgroup_performance(study, model, ["albumin"], validation=validation)
    assert many.value.code == "E14"
    with pytest.raises(PredictionError, match="declare horizons") as none:
        group_columns(made.study(["age"], endpoint=replace(made.ENDPOINT, horizons=()), n=300), ["sex"], {})
    assert none.value.code == "G35"
