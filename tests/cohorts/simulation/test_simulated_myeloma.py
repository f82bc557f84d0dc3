"""Simulated myeloma: what is declared comes out, in the cohort, in the karyotypes and in the times."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cohorts.cytogenetics import parse_karyotype
from cohorts.cytogenetics.fish_table import fish_from_table
from cohorts.errors import DataContractError
from cohorts.simulation import myeloma_effects as declared
from cohorts.simulation import simulate_myeloma
from cohorts.simulation.fish_cells import PANEL
from prognosis.cox.regression import fit_cox
from prognosis.metrics.concordance import concordance
from prognosis.risk_sets import build_risk_sets

N = 40_000


@pytest.fixture(scope="module")
def large():
    return simulate_myeloma(N, 2)


@pytest.fixture(scope="module")
def small():
    return simulate_myeloma(400, 7, centres=4, missing=0.2)


def observed(simulated, name):
    """Return times and events of an endpoint through the gate that every study uses."""
    outcome = simulated.endpoints[name].outcome(simulated.cohort)
    return outcome.time, outcome.event


def test_prevalences_are_those_declared(large):
    share = large.tables["complete"].mean()
    igh = {name: each for name, each in declared.IGH.items() if name not in ("none", "other_igh")}
    for name, expected in {**declared.SHARES, **igh, "hyperdiploid": 0.5, "iss=II": 0.38, "iss=III": 0.24}.items():
        assert share[name] == pytest.approx(expected, abs=0.01 if "iss" not in name else 0.03), name


def test_stages_are_those_of_the_literature(large):
    x = large.tables["complete"].astype(bool)
    third, first, ldh = x["iss=III"], ~x["iss=II"] & ~x["iss=III"], x["ldh_high"]
    high = x["del17p"] | x["t_4_14"] | x["t_14_16"]
    shares = [(first & ~high & ~ldh).mean(), (third & (high | ldh)).mean()]
    assert shares == pytest.approx([0.28, 0.10], abs=0.05)  # Palumbo 2015
    points = 1.5 * third + x["iss=II"] + x["del17p"] + ldh + x["t_4_14"] + 0.5 * x["gain_1q21"]
    groups = np.bincount(np.digitize(points, [0.25, 1.25, 2.75])) / N
    assert groups == pytest.approx([0.192, 0.308, 0.412, 0.088], abs=0.05)


@pytest.mark.parametrize("name", ["pfs", "os"])
def test_cox_finds_the_declared_hazard_ratios(large, name):
    time, event = observed(large, name)
    effects = large.effects[large.effects["outcome"] == name]
    x = np.ascontiguousarray(large.tables["complete"][effects["term"]].to_numpy(float))
    fit = fit_cox(x, build_risk_sets(time, event == 1), tuple(effects["term"]))
    z = (fit.coefficients - effects["log_effect"].to_numpy()) / np.sqrt(np.diag(fit.covariance))
    assert np.abs(z).max() < 3
    assert (z**2).mean() < 1.8


def test_the_true_predictor_ranks_as_myeloma_allows(large):
    time, event = observed(large, "pfs")
    ranked = concordance(time, event == 1, large.truth["pfs_linear_predictor"].to_numpy()).concordance
    assert 0.60 <= ranked <= 0.63
    assert event.mean() == pytest.approx(0.65, abs=0.02)


@pytest.mark.parametrize("name", ["pfs", "os"])
@pytest.mark.parametrize("horizon", [12, 24, 60])
def test_the_true_risks_come_true(large, name, horizon):
    risk, died = large.truth[f"{name}_risk_{horizon}"], large.truth[f"{name}_months"] <= horizon
    error = np.sqrt((risk * (1 - risk)).mean() / N)
    assert died.mean() == pytest.approx(risk.mean(), abs=3 * error)
    high = risk > risk.quantile(0.8)
    assert died[high].mean() == pytest.approx(
        risk[high].mean(), abs=3 * np.sqrt((risk[high] * (1 - risk[high])).mean() / high.sum())
    )


def test_levels_are_those_published(large):
    assert large.truth["pfs_months"].median() == pytest.approx(32, abs=1.5)
    assert large.truth["os_months"].median() == pytest.approx(93, abs=6)
    assert large.truth["held"].mean() < 0.001


def test_death_is_never_before_progression(large):
    frame = large.cohort.frame
    assert (frame["os_months"] >= frame["pfs_months"]).all()
    dead_first = frame["first_event"] == 2
    assert (frame.loc[dead_first, "os_months"] == frame.loc[dead_first, "pfs_months"]).all()
    assert frame.loc[dead_first, "os_event"].eq(1).all()
    assert 0.05 < dead_first.sum() / frame["pfs_event"].astype(int).sum() < 0.15


def test_karyotypes_read_back_as_the_truth(small):
    complete, texts = small.tables["complete"], small.cohort.frame["karyotype"]
    divided = 0
    for patient, text in texts.dropna().items():
        read = parse_karyotype(text)
        assert read.complete, text
        assert not read.findings, text
        features, normal = read.features(), text.count(",") == 1
        divided += not normal
        for name in complete.columns.intersection(list(features)):
            expected = None if normal or name in ("t_4_14", "t_14_16", "t_14_20") else bool(complete.at[patient, name])
            assert features[name] is expected, (text, name)
    assert divided / texts.notna().sum() == pytest.approx(declared.DIVIDING, abs=0.1)


def test_fish_reads_back_as_the_truth_and_is_silent_where_it_was_not_done(small):
    complete, frame = small.tables["complete"], small.cohort.frame
    read = fish_from_table(small.tables["fish"])
    assert 300 < len(read) <= 400
    for patient, fish in read.items():
        assert not fish.findings
        features = fish.features()
        for probe in PANEL:
            done = not np.isnan(frame.at[patient, probe.feature])
            known = bool(complete.at[patient, probe.feature]) if done else None
            assert features[probe.feature] is known, (patient, probe.feature)
        for name in ("gain_1", "loss_13", "loss_16"):
            assert features[name] in (None, bool(complete.at[patient, name])), (patient, name)


def test_fish_of_a_further_chromosome_1_shows_it_on_both_arms():
    simulated = simulate_myeloma(3000, 1)
    having = simulated.tables["complete"].query("gain_1").index
    rows = simulated.tables["fish"].set_index("patient").loc[having]
    assert len(having) > 20
    assert rows.loc[rows["probe"] == "CDKN2C", "pattern"].eq("(CDKN2Cx3)").all()
    assert rows.loc[rows["probe"] == "CDKN2C", "positive"].ge(40).all()


def test_a_cohort_reads_its_own_cytogenetics_as_the_truth():
    simulated = simulate_myeloma(200, 3, fish_columns=False)
    names = [probe.feature for probe in PANEL]
    read = simulated.cohort.with_cytogenetics(karyotype="karyotype", fish=simulated.tables["fish"], features=names)
    pd.testing.assert_frame_equal(
        read.frame[names].astype(float), simulated.tables["complete"][names].astype(float), check_names=False
    )


def test_missing_values_are_as_many_as_asked_for_and_age_is_complete(small):
    frame = small.cohort.frame
    lost = frame[["b2m_mg_l", "albumin_g_dl", "ldh_u_l", "t_4_14"]].isna().to_numpy().mean()
    assert lost == pytest.approx(0.2, abs=0.04)
    assert frame[["age", "sex", "pfs_months"]].notna().all().all()
    assert small.tables["complete"].notna().all().all()


def test_missing_at_random_follows_age():
    frame = simulate_myeloma(4000, 3, missing=0.3, mechanism="mar", fish_columns=False).cohort.frame
    old = frame["age"] > 66
    lost = frame["b2m_mg_l"].isna()
    assert lost.mean() == pytest.approx(0.3, abs=0.03)
    assert lost[old].mean() > lost[~old].mean() + 0.1
    assert "t_4_14" not in frame


def test_the_same_seed_gives_the_same_cohort_and_missing_values_change_no_other():
    first, again, thinned = simulate_myeloma(300, 5), simulate_myeloma(300, 5), simulate_myeloma(300, 5, missing=0.5)
    pd.testing.assert_frame_equal(first.cohort.frame, again.cohort.frame)
    pd.testing.assert_frame_equal(first.tables["fish"], again.tables["fish"])
    pd.testing.assert_frame_equal(first.truth, thinned.truth)
    assert not first.cohort.frame.equals(simulate_myeloma(300, 6).cohort.frame)


def test_a_shorter_follow_up_censors_more_and_changes_no_truth():
    usual, short = (simulate_myeloma(500, 5, follow_up=limits) for limits in ((12, 96), (1, 36)))
    pd.testing.assert_frame_equal(usual.truth, short.truth)
    frame = short.cohort.frame
    censored_before = (frame["pfs_event"] == 0) & (frame["pfs_months"] < 18)
    assert 0.25 < censored_before.mean() < 0.5
    assert frame["pfs_months"].max() <= 36


def test_centres_differ_by_a_known_level(small):
    frame, truth = small.cohort.frame, small.truth
    assert list(frame["centre"].cat.categories) == [f"centre {place}" for place in (1, 2, 3, 4)]
    by_centre = truth["centre_effect"].groupby(frame["centre"], observed=True).nunique()
    assert by_centre.eq(1).all()
    assert truth["centre_effect"].nunique() == 4


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"n": 0}, "D30"),
        ({"n": 10.0}, "D30"),
        ({"n": True}, "D30"),
        ({"n": 10**9}, "D30"),
        ({"seed": -1}, "D31"),
        ({"centres": 0}, "D32"),
        ({"centre_spread": -1}, "D33"),
        ({"missing": 1.0}, "D34"),
        ({"missing": "0.1"}, "D34"),
        ({"missing": float("nan")}, "D34"),
        ({"mechanism": "mnar"}, "D35"),
        ({"follow_up": (24, 12)}, "D37"),
    ],
)
def test_what_cannot_be_simulated_is_refused(arguments, code):
    with pytest.raises(DataContractError, match="cannot be simulated") as refused:
        simulate_myeloma(**{"n": 10, "seed": 1, **arguments})
    assert refused.value.code == code
