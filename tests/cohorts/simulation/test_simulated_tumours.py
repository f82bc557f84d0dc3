"""Simulated sarcomas, giant cell tumours and gammopathies: what is declared comes out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cohorts.errors import DataContractError
from cohorts.simulation import (
    SIMULATORS,
    simulate_chondrosarcoma,
    simulate_giant_cell_tumour,
    simulate_monoclonal_gammopathy,
    simulate_osteosarcoma,
)
from cohorts.simulation import chondrosarcoma as chondrosarcoma_declared
from cohorts.simulation import giant_cell_tumour as giant_cell_declared
from cohorts.simulation import osteosarcoma as osteosarcoma_declared
from cohorts.simulation.metastases import AT_DIAGNOSIS, DEATH, LATER
from cohorts.simulation.monoclonal_gammopathy import TIMES
from prognosis.cox.regression import fit_cox
from prognosis.risk_sets import build_risk_sets

N = 40_000
OTHERS = tuple(name for name in SIMULATORS if name != "myeloma")


@pytest.fixture(scope="module")
def chondrosarcoma():
    return simulate_chondrosarcoma(N, 1)


@pytest.fixture(scope="module")
def osteosarcoma():
    return simulate_osteosarcoma(N, 1)


@pytest.fixture(scope="module")
def giant_cell():
    return simulate_giant_cell_tumour(N, 1)


def design(simulated, outcome):
    """Return the declared effects on an outcome and their terms as a matrix."""
    effects = simulated.effects[simulated.effects["outcome"] == outcome]
    return effects, np.ascontiguousarray(simulated.tables["complete"][effects["term"]].to_numpy(float))


def logistic_distances(x, y, effects):
    """Return (estimate - truth) / standard error of a logistic regression by plain Newton steps."""
    x = np.column_stack([np.ones(len(x)), x])
    beta = np.zeros(x.shape[1])
    for _ in range(25):
        p = 1 / (1 + np.exp(-x @ beta))
        information = x.T @ (x * (p * (1 - p))[:, None])
        beta += np.linalg.solve(information, x.T @ (y - p))
    return ((beta - np.r_[beta[0], effects["log_effect"]]) / np.sqrt(np.diag(np.linalg.inv(information))))[1:]


def cox_distances(x, time, event, effects, entry=None):
    fit = fit_cox(x, build_risk_sets(time, event, entry=entry), tuple(effects["term"]))
    return (fit.coefficients - effects["log_effect"].to_numpy()) / np.sqrt(np.diag(fit.covariance))


def rank_auc(score, positive):
    ranks = pd.Series(score).rank().to_numpy()
    count = positive.sum()
    return (ranks[positive].sum() - count * (count + 1) / 2) / (count * (~positive).sum())


@pytest.mark.parametrize(("name", "share"), [("chondrosarcoma", 0.051), ("osteosarcoma", 0.189)])
def test_metastasis_at_diagnosis_follows_the_declared_odds(name, share, request):
    simulated = request.getfixturevalue(name)
    present = simulated.cohort.frame[AT_DIAGNOSIS].to_numpy(float)
    effects, x = design(simulated, AT_DIAGNOSIS)
    assert present.mean() == pytest.approx(share, abs=0.01)
    assert np.abs(logistic_distances(x, present, effects)).max() < 3


@pytest.mark.parametrize(
    ("name", "module", "columns"),
    [
        ("chondrosarcoma", chondrosarcoma_declared, {"site": "SITES", "grade": "GRADES", "nodes": "NODES"}),
        ("osteosarcoma", osteosarcoma_declared, {"histology": "HISTOLOGIES", "nodes": "NODES"}),
        ("giant_cell", giant_cell_declared, {"site": "SITES", "treatment": "TREATMENTS", "campanacci": "CAMPANACCI"}),
    ],
)
def test_levels_have_their_declared_shares(name, module, columns, request):
    frame = request.getfixturevalue(name).cohort.frame
    for column, declared in columns.items():
        shares = frame[column].value_counts(normalize=True).to_dict()
        assert shares == pytest.approx(getattr(module, declared), abs=0.01), column


def test_the_truth_ranks_as_published(chondrosarcoma, osteosarcoma):
    reached = [
        rank_auc(each.truth[f"{AT_DIAGNOSIS}_risk"].to_numpy(), each.cohort.frame[AT_DIAGNOSIS].to_numpy(float) == 1)
        for each in (chondrosarcoma, osteosarcoma)
    ]
    assert 0.77 <= reached[0] <= 0.79
    assert 0.70 <= reached[1] <= 0.76


@pytest.mark.parametrize("name", ["chondrosarcoma", "osteosarcoma"])
def test_later_metastasis_and_death_follow_the_declared_hazards(name, request):
    simulated = request.getfixturevalue(name)
    frame = simulated.cohort.frame
    free = (frame[AT_DIAGNOSIS] == 0).to_numpy()
    time, event = (frame.loc[free, column].to_numpy(float) for column in ("follow_up_months", "follow_up_event"))
    for code, outcome in ((1, LATER), (2, DEATH)):
        effects, x = design(simulated, outcome)
        assert np.abs(cox_distances(x[free], time, event == code, effects)).max() < 3, outcome


@pytest.mark.parametrize("name", ["chondrosarcoma", "osteosarcoma"])
def test_true_risks_of_metastasis_come_true(name, request):
    """Among all, had none been metastatic at diagnosis; high and low risks too."""
    simulated = request.getfixturevalue(name)
    truth, frame = simulated.truth, simulated.cohort.frame
    free = frame[AT_DIAGNOSIS] == 0
    risk = truth.loc[free, f"{LATER}_risk_24"]
    # everybody not censored before 12 months is followed; Aalen-Johansen needs no more than counting before that
    early = (frame.loc[free, "follow_up_months"] <= 12) & (frame.loc[free, "follow_up_event"] == 1)
    ratio = early.mean() / risk.mean()
    top = risk > risk.quantile(0.9)
    assert 0.5 < ratio < 0.9
    assert early[top].mean() / risk[top].mean() == pytest.approx(ratio, abs=0.1)


def test_without_metastases_at_diagnosis_the_ledger_tells_why():
    simulated = simulate_chondrosarcoma(600, 4, metastasis_free=True)
    assert simulated.cohort.flow["step"].tolist()[1] == "left out: metastasis at diagnosis"
    assert tuple(simulated.truth.index) == simulated.cohort.ids == tuple(simulated.tables["complete"].index)
    outcome = simulated.endpoints["metastasis"].outcome(simulated.cohort)
    assert set(outcome.event) == {0, 1, 2}


def test_whoever_is_metastatic_at_diagnosis_is_not_at_risk_of_it_later():
    simulated = simulate_osteosarcoma(300, 4)
    with pytest.raises(DataContractError, match="time missing"):
        simulated.endpoints["metastasis"].outcome(simulated.cohort)
    assert simulated.cohort.codebook["surgery"].timing == "post-baseline"


def test_recurrence_of_giant_cell_tumours(giant_cell):
    truth = giant_cell.truth
    effects, x = design(giant_cell, "recurrence")
    recurs = truth["recurs"].to_numpy()
    assert recurs.mean() == pytest.approx(0.25, abs=0.01)
    assert np.abs(logistic_distances(x, recurs, effects)).max() < 3
    seen = giant_cell.cohort.frame
    # followed for at least 12 months, so nobody is censored before
    recurred = (seen["follow_up_event"] == 1) & (seen["follow_up_months"] <= 12)
    assert recurred.mean() == pytest.approx(truth["recurrence_risk_12"].mean(), abs=0.005)


def test_eighty_of_a_hundred_recurrences_are_within_two_years(giant_cell):
    of_recurring = giant_cell.truth.loc[giant_cell.truth["recurs"] == 1, "first_event_months"]
    assert (of_recurring <= 24).mean() == pytest.approx(0.80, abs=0.015)


@pytest.mark.parametrize("delayed", [False, True])
def test_gammopathies_follow_their_hazards_also_behind_a_delayed_entry(delayed):
    simulated = simulate_monoclonal_gammopathy(N, 3, delayed_entry=delayed)
    outcome = simulated.endpoints["progression"].outcome(simulated.cohort)
    assert len(outcome) == N
    assert (outcome.entry is not None) == delayed
    for code, name in ((1, "progression"), (2, "death")):
        effects, x = design(simulated, name)
        assert np.abs(cox_distances(x, outcome.time, outcome.event == code, effects, outcome.entry)).max() < 3, name


def test_risks_of_gammopathies_come_true_and_lie_near_those_of_mgus2():
    simulated = simulate_monoclonal_gammopathy(N, 5)
    frame, truth = simulated.cohort.frame, simulated.truth
    assert truth[["progression_risk_120", "progression_risk_240"]].mean().to_numpy() == pytest.approx(
        [0.064, 0.10], abs=0.01
    )
    seen = ((frame["follow_up_event"] == 1) & (frame["follow_up_months"] <= 24)).mean()
    one, two = (truth[f"{name}_linear_predictor"].to_numpy() for name in ("progression", "death"))
    assert seen == pytest.approx(TIMES.risk(24, one, two).mean(), abs=0.003)


@pytest.mark.parametrize("disease", OTHERS)
def test_every_simulator_repeats_itself_and_loses_what_it_is_asked_to(disease):
    first, again = (SIMULATORS[disease](200, 9, centres=3, missing=0.3) for _ in range(2))
    pd.testing.assert_frame_equal(first.cohort.frame, again.cohort.frame)
    pd.testing.assert_frame_equal(first.truth, again.truth)
    assert first.cohort.frame.isna().any().sum() >= 3
    assert first.tables["complete"].notna().all().all()
    assert first.cohort.codebook["centre"].levels == ("centre 1", "centre 2", "centre 3")
    assert all("zh" in variable.label for name, variable in first.cohort.codebook.items() if name != "patient")


@pytest.mark.parametrize("disease", SIMULATORS)
def test_one_patient_is_a_cohort(disease):
    made = SIMULATORS[disease](1, 3, missing=0.5, mechanism="mar")
    assert len(made.cohort) == len(made.truth) == 1


def test_centres_where_too_few_live_until_referral_are_refused():
    with pytest.raises(DataContractError, match="still at referral") as refused:
        simulate_monoclonal_gammopathy(200, 1, centres=2, centre_spread=2.0, delayed_entry=True)
    assert refused.value.code == "D36"
