"""Screening of binary features: by hand, against R, where a feature separates, what is listed and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cohorts import Binary, Codebook, Cohort, Competing, TimeToEvent
from cohorts.errors import DataContractError, FitError, PrognosisWarning
from prognosis import Study
from prognosis.cox.firth import fit_firth_cox
from prognosis.models import Cox, FineGray
from prognosis.normal import z_of_level
from prognosis.risk_sets import build_risk_sets
from prognosis.screening import screen_abnormalities
from prognosis.selection.univariable import benjamini_hochberg
from tests.prognosis.made import structured
from tests.prognosis.test_live_r import close, r

__all__ = ["r"]
TIMED = TimeToEvent("efs", time="t", event="e", unit="months", origin="registration")
SETTLED = Binary("response", event="e")


def rows(n=400, seed=1):
    """Return n patients: ``bad`` doubles the hazard, ``good`` halves it, ``noise`` does nothing, some not assessed."""
    draw = np.random.default_rng(seed)
    bad, good, noise = (draw.random(n) < 0.3, draw.random(n) < 0.4, draw.random(n) < 0.2)
    age = draw.normal(65, 9, n).round()
    time = draw.exponential(30 * np.exp(-0.7 * bad + 0.7 * good - 0.02 * (age - 65)))
    end = draw.uniform(5, 60, n)
    frame = pd.DataFrame({"pid": [f"p{i}" for i in range(n)], "bad": bad, "good": good, "noise": noise}).astype(
        {"bad": float, "good": float, "noise": float}
    )
    frame["noise"] = frame["noise"].where(draw.random(n) > 0.1)
    cause = np.where(time <= end, np.where(draw.random(n) < 0.3, 2, 1), 0)
    return frame.assign(
        age=age,
        grade=pd.Categorical(draw.choice(["a", "b"], n)),
        t=np.maximum(np.minimum(time, end).round(1), 0.1),
        e=(time <= end).astype(int),
        first=cause,
    )


def study(frame, endpoint=TIMED):
    return Study(Cohort.from_frame(frame, "pid"), endpoint, ["age"])


def competing_study(frame):
    kinds = {
        "pid": {"kind": "id"},
        "age": {"kind": "numeric"},
        "grade": {"kind": "nominal", "levels": ["a", "b"]},
        "t": {"kind": "time", "unit": "months", "timing": "post-baseline"},
        "first": {
            "kind": "event",
            "values": {"censored": 0, "event": 1, "competing": [2]},
            "timing": "post-baseline",
        },
    } | {name: {"kind": "binary", "label": {"en": f"{name} feature"}} for name in ("bad", "good", "noise")}
    book = Codebook.from_dict({"variables": kinds})
    endpoint = Competing("relapse", time="t", event="first", unit="months", origin="registration")
    return Study(Cohort.from_frame(frame.drop(columns="e").set_index("pid"), "pid", book), endpoint, ["age"])


@pytest.fixture(scope="module")
def frame():
    return rows()


def by_name(table):
    return table.set_index("feature")


def two_by_two(a, b, c, d):
    """Return carriers with and without the event (a, b), and the others (c, d)."""
    feature = np.repeat([1.0, 1.0, 0.0, 0.0], [a, b, c, d])
    event = np.repeat([1, 0, 1, 0], [a, b, c, d])
    return pd.DataFrame({"pid": [f"p{i}" for i in range(len(event))], "x": feature, "age": 60.0 + feature, "e": event})


def test_an_odds_ratio_by_hand():
    """20/30 against 15/60: odds ratio (20 x 60) / (30 x 15), Woolf's error."""
    line = screen_abnormalities(study(two_by_two(20, 30, 15, 60), SETTLED), ["x"]).table.iloc[0]
    error = np.sqrt(1 / 20 + 1 / 30 + 1 / 15 + 1 / 60)
    assert line["odds_ratio"] == pytest.approx(20 * 60 / (30 * 15))
    limits = np.exp(np.log(20 * 60 / (30 * 15)) + np.array([-1, 1]) * z_of_level(0.95) * error)
    np.testing.assert_allclose([line["lower"], line["upper"]], limits, rtol=1e-8)
    assert (line["carriers"], line["n"], line["events_with"], line["events_without"]) == (50, 125, 20, 15)
    assert line["prevalence"] == pytest.approx(0.4)
    assert line["q"] == line["p"]


def test_firth_by_hand_where_a_cell_is_empty():
    """Firth's odds ratio of one binary column adds one half to every cell; the table says that it is his."""
    with pytest.warns(PrognosisWarning, match="separate the events: x"):
        found = screen_abnormalities(study(two_by_two(0, 20, 15, 60), SETTLED), ["x"])
    line = found.table.iloc[0]
    assert line["method"] == "Firth"
    assert "0 events with it" in line["reason"]
    assert line["odds_ratio"] == pytest.approx((0.5 * 60.5) / (20.5 * 15.5), rel=1e-8)
    assert line["lower"] < line["odds_ratio"] < line["upper"] < 1.2
    assert 0 < line["p"] < 0.1
    assert [finding.code for finding in found.warnings] == ["W15"]


def test_firth_in_a_cox_model_is_that_of_the_same_rows(frame):
    carriers_free = frame.assign(bad=np.where(frame["e"] == 1, 0.0, frame["bad"]))
    with pytest.warns(PrognosisWarning, match="Firth's"):
        line = screen_abnormalities(study(carriers_free), ["bad"], adjusted_for=["age"]).table.iloc[0]
    design = carriers_free[["bad", "age"]].to_numpy(float)
    sets = build_risk_sets(
        carriers_free["t"].to_numpy(), carriers_free["e"].to_numpy() == 1, None, None, np.ones(len(frame))
    )
    for prefix, columns in (("", 1), ("adjusted_", 2)):
        theirs = fit_firth_cox(design[:, :columns], sets, ("bad", "age")[:columns])
        assert line[f"{prefix}method"] == "Firth"
        np.testing.assert_allclose(line[f"{prefix}hazard_ratio"], np.exp(theirs.regression.coefficients[0]))
        np.testing.assert_allclose(line[f"{prefix}lower"], np.exp(theirs.lower[0]))
        np.testing.assert_allclose(line[f"{prefix}p"], theirs.p[0])
        assert np.isnan(line[f"{prefix}proportional_hazards_p"])
    assert line["hazard_ratio"] < 1


def test_direction_and_false_discovery_rate(frame):
    found = screen_abnormalities(study(frame), ["bad", "good", "noise"], adjusted_for=["age", "grade"])
    table = by_name(found.table)
    assert table.loc["bad", "lower"] > 1 > table.loc["good", "upper"]
    assert list(found.found()["feature"]) == ["bad", "good"] or list(found.found()["feature"]) == ["good", "bad"]
    for prefix in ("", "adjusted_"):
        p = table[f"{prefix}p"].to_numpy()
        np.testing.assert_array_equal(table[f"{prefix}q"], benjamini_hochberg(p))
    assert repr(found) == "AbnormalityTable(efs: 3 of 3 features tested, hazard_ratio)"
    assert list(found.tested["p"]) == sorted(found.table["p"])


def test_it_equals_the_recipe_on_the_patients_in_whom_the_feature_was_assessed(frame):
    line = by_name(screen_abnormalities(study(frame), ["noise"], adjusted_for=["age"], strata=["grade"]).table).loc[
        "noise"
    ]
    assessed = frame[frame["noise"].notna()]
    fit = Cox(strata=["grade"]).fit(
        assessed[["noise", "age", "grade"]], structured(assessed["t"].to_numpy(), assessed["e"].to_numpy())
    )
    theirs = fit.estimate_.summary().iloc[0]
    assert line["missing"] == frame["noise"].isna().sum()
    assert line["adjusted_n"] == len(assessed)
    np.testing.assert_allclose(line["adjusted_hazard_ratio"], theirs["hazard_ratio"])
    np.testing.assert_allclose([line["adjusted_lower"], line["adjusted_upper"]], [theirs["lower"], theirs["upper"]])
    np.testing.assert_allclose(line["adjusted_p"], theirs["p"])
    np.testing.assert_allclose(line["adjusted_proportional_hazards_p"], fit.proportional_hazards()["p"].iloc[0])


def test_a_covariate_that_is_missing_leaves_its_patients_out_of_the_adjusted_model_alone(frame):
    gaps = frame.assign(weight_kg=np.where(np.arange(len(frame)) % 5 == 0, np.nan, 70.0 + np.arange(len(frame)) % 9))
    line = screen_abnormalities(study(gaps), ["bad"], adjusted_for=["weight_kg"]).table.iloc[0]
    assert (line["n"], line["adjusted_n"], line["adjusted_missing"]) == (400, 320, 80)


def test_a_level_that_nobody_assessed_has_is_left_out_of_the_adjusted_model(frame):
    rare = np.arange(len(frame)) < 3
    grade = pd.Categorical(np.where(rare, "c", frame["grade"].astype(str)), categories=["c", "a", "b"])
    whole = frame.assign(grade=grade, bad=frame["bad"].where(~rare))
    found = screen_abnormalities(study(whole), ["bad"], adjusted_for=["grade"]).table
    plain = screen_abnormalities(study(frame[~rare]), ["bad"], adjusted_for=["grade"]).table
    assert found["adjusted_reason"].tolist() == [""]
    np.testing.assert_allclose(found["adjusted_hazard_ratio"], plain["adjusted_hazard_ratio"], rtol=1e-12)


def test_competing_events_by_both_hazards(frame):
    """Cause-specific as Cox with the other event censored; the subdistribution as FineGray; they differ."""
    asked = competing_study(frame)
    specific = by_name(screen_abnormalities(asked, ["bad"]).table).loc["bad"]
    whole = by_name(screen_abnormalities(asked, ["bad"], hazard="subdistribution", adjusted_for=["age"]).table).loc[
        "bad"
    ]
    time, first = frame["t"].to_numpy(), frame["first"].to_numpy()
    cox = Cox().fit(frame[["bad"]], structured(time, (first == 1).astype(int))).estimate_.summary().iloc[0]
    np.testing.assert_allclose(specific["hazard_ratio"], cox["hazard_ratio"])
    fine_gray = FineGray().fit(frame[["bad", "age"]], structured(time, first)).estimate_.summary().iloc[0]
    ratio = whole["adjusted_subdistribution_hazard_ratio"]
    np.testing.assert_allclose(np.log(ratio), fine_gray["coefficient"])
    np.testing.assert_allclose(whole["adjusted_p"], fine_gray["p"])
    assert specific["hazard_ratio"] != pytest.approx(whole["subdistribution_hazard_ratio"], abs=0.01)
    assert specific["label"] == "bad feature"
    assert specific["events_with"] + specific["events_without"] == (first == 1).sum()


def test_r_gives_the_same_table(r, frame):
    theirs = r(
        """
        give(lapply(c("bad", "good", "noise"), function(v) { d$f <- d[[v]]
          s <- summary(coxph(Surv(t, e) ~ f + age + strata(grade), d, control = cc))
          k <- !is.na(d$f); g <- if (requireNamespace("cmprsk", quietly = TRUE))
            cmprsk::crr(d$t[k], d$first[k], cbind(d$f[k]), maxiter = 200, gtol = 1e-14) else NULL
          list(s$n, s$conf.int["f", c(1, 3, 4)], s$coefficients["f", 5], g$coef, sqrt(diag(g$var))) }))
        """,
        d=frame,
    )
    names = ["bad", "good", "noise"]
    ours = screen_abnormalities(study(frame), names, adjusted_for=["age"], strata=["grade"]).table
    gray = screen_abnormalities(competing_study(frame), names, hazard="subdistribution").table
    for (_, line), (_, incidence), answer in zip(ours.iterrows(), gray.iterrows(), theirs, strict=True):
        close(line["adjusted_n"], answer[0])
        close(line[["adjusted_hazard_ratio", "adjusted_lower", "adjusted_upper"]].astype(float), answer[1])
        close(line["adjusted_p"], answer[2], 1e-7)
        if answer[3]:
            close(np.log(incidence["subdistribution_hazard_ratio"]), answer[3], 1e-6)
            width = np.log(incidence["upper"] / incidence["lower"]) / (2 * z_of_level(0.95))
            close(width, answer[4], 1e-6)


def test_what_is_too_rare_is_listed_with_the_reason_and_does_not_count(frame):
    rare = frame.assign(
        rare=(np.arange(400) < 12).astype(float),
        few=np.where(np.arange(400) < 300, np.nan, np.arange(400) % 12 == 0),
        common=(np.arange(400) >= 5).astype(float),
    )
    with pytest.warns(PrognosisWarning, match="3 of 4 features were not tested: rare, few, common"):
        found = screen_abnormalities(study(rare), ["rare", "few", "common", "bad"])
    reasons = by_name(found.table)["reason"]
    assert reasons["rare"] == "12 carriers of 400: rarer than 5 %"
    assert reasons["few"] == "9 carriers: fewer than 10"
    assert reasons["common"] == "5 patients without it: fewer than 10"
    bad = by_name(found.table).loc["bad"]
    assert bad["q"] == bad["p"]
    told = screen_abnormalities(study(rare), ["rare", "bad"], prevalence=0.0, events=1)
    assert told.table["p"].notna().all()


def test_two_names_of_one_feature_are_tested_once(frame):
    """A second test of the same patients would make the false discovery rate of all others smaller."""
    twins = frame.assign(again=frame["noise"], nearly=frame["noise"].fillna(0.0))
    with pytest.warns(PrognosisWarning, match="1 of 4 features were not tested: again"):
        found = screen_abnormalities(study(twins), ["noise", "bad", "again", "nearly"])
    table = by_name(found.table)
    assert table.loc["again", "reason"] == "the same in every patient as noise, which is tested"
    once = by_name(screen_abnormalities(study(twins), ["noise", "bad", "nearly"]).table)
    assert table["q"].drop("again").equals(once["q"].reindex(["noise", "bad", "nearly"]))


def test_what_cannot_be_estimated_says_why(frame):
    twin = frame.assign(twin=frame["bad"])
    with pytest.warns(PrognosisWarning, match="not tested"):
        found = screen_abnormalities(study(frame.assign(e=(np.arange(400) < 4).astype(int))), ["bad"])
    assert found.table["reason"][0] == "4 events: fewer than 10"
    line = screen_abnormalities(study(twin), ["bad"], adjusted_for=["twin"]).table.iloc[0]
    assert np.isnan(line["adjusted_p"])
    assert "depend" in line["adjusted_reason"]
    assert line["p"] < 0.05


def test_the_value_that_counts_as_present_is_named(frame):
    """The second declared level is present, whatever it is called; the ratio turns round with it."""
    words = frame.assign(
        bad=pd.Categorical(np.where(frame["bad"] == 1, "lost", "normal"), categories=["normal", "lost"]),
        turned=pd.Categorical(np.where(frame["bad"] == 1, "lost", "normal"), categories=["lost", "normal"]),
    )
    table = by_name(screen_abnormalities(study(words), ["bad", "turned"]).table)
    assert list(table["present"]) == ["lost", "normal"]
    assert table.loc["bad", "hazard_ratio"] == pytest.approx(1 / table.loc["turned", "hazard_ratio"])
    assert table.loc["bad", "p"] == pytest.approx(table.loc["turned", "p"])


def test_neither_the_order_of_the_rows_nor_of_the_features_matters(frame):
    names = ["bad", "good", "noise"]
    here = by_name(screen_abnormalities(study(frame), names, adjusted_for=["age"]).table)
    shuffled = frame.sample(frac=1, random_state=3)
    there = by_name(screen_abnormalities(study(shuffled), names[::-1], adjusted_for=["age"]).table).loc[names]
    numbers = here.select_dtypes("number").columns
    np.testing.assert_allclose(here[numbers], there[numbers], rtol=1e-9)


def test_random_features_are_seldom_found():
    """Of 60 features without effect, in 400 patients, the false discovery rate finds hardly any: here none."""
    draw = np.random.default_rng(8)
    null = rows(seed=9).assign(**{f"f{j}": (draw.random(400) < 0.2).astype(float) for j in range(60)})
    found = screen_abnormalities(study(null), [f"f{j}" for j in range(60)])
    assert len(found.found(0.05)) == 0
    assert 0 < (found.table["p"] < 0.05).sum() < 10
    assert (found.table["q"] >= found.table["p"]).all()


def test_real_myeloma_finds_high_b2m_and_not_the_random_endpoint(shared):
    """The negative control, a class drawn at random, is not found; the known risk factors are."""
    d = pd.read_csv(shared / "data" / "mm_uams_tt2" / "mm_uams_tt2.csv")
    d = d[d["efs_months"] > 0].rename(columns={"efs_months": "t", "efs_event": "e"})
    made = {
        "cytogenetics": d["cyto_abnormal"],
        "b2m_above_5.5": d["b2m_mg_l"] > 5.5,
        "creatinine_2": d["creatinine_mg_dl"] >= 2,
        "female": d["sex"] == "female",
        "negative_control": d["negative_control_endpoint"],
    }
    features = pd.DataFrame(made).astype(float)
    features["b2m_above_5.5"] = features["b2m_above_5.5"].where(d["b2m_mg_l"].notna())
    found = screen_abnormalities(
        study(pd.concat([d[["pid", "age", "t", "e"]], features], axis=1)), list(features), adjusted_for=["age"]
    )
    assert set(found.found()["feature"]) == {"cytogenetics", "b2m_above_5.5", "creatinine_2"}
    table = by_name(found.table)
    assert table.loc["negative_control", "q"] > 0.4
    assert table.loc["b2m_above_5.5", "n"] == len(d) - 1
    assert table.loc["cytogenetics", "hazard_ratio"] == pytest.approx(1.681, abs=0.001)


def test_real_myeloma_with_1q21_not_assessed_in_a_quarter(shared):
    """The proliferation group is the one that is found; 69 patients without 1q21 are missing to that feature alone."""
    d = pd.read_csv(shared / "data" / "mm_survminer_1q21" / "mm_survminer_1q21.csv")
    d = d[d["time"] > 0].rename(columns={"gsm": "pid", "time": "t", "event": "e"}).assign(age=0.0)
    groups = pd.get_dummies(d["molecular_group"], dtype=float)
    gain = (d["chr1q21_status"] != "2 copies").astype(float).where(d["chr1q21_status"].notna())
    features = groups.assign(gain_1q=gain)
    found = screen_abnormalities(study(pd.concat([d[["pid", "age", "t", "e"]], features], axis=1)), list(features))
    assert list(found.found()["feature"]) == ["Proliferation"]
    table = by_name(found.table)
    assert (table.loc["gain_1q", "n"], table.loc["gain_1q", "missing"]) == (186, 69)
    assert (table.drop(index="gain_1q")["missing"] == 0).all()
    assert table.loc["gain_1q", "lower"] > 1


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ({"features": ["age"]}, "W11", "this column has"),
        ({"features": "bad"}, "W12", "is a text"),
        ({"adjusted_for": ["bad"]}, "W12", "a covariate or stratum of its own model"),
        ({"features": ["absent"]}, "S01", "no such column"),
        ({"features": ["e"]}, "C08", "belongs to the outcome"),
        ({"strata": ["t"]}, "C08", "belongs to the outcome"),
        ({"hazard": "subdistribution"}, "W13", "no subdistribution hazard"),
        ({"hazard": "total"}, "S14", "hazard='total'"),
        ({"prevalence": 1.0}, "S14", "prevalence=1.0"),
        ({"prevalence": "0.1"}, "S14", "prevalence='0.1'"),
        ({"carriers": 0}, "S14", "carriers=0"),
        ({"carriers": "10"}, "S14", "carriers='10'"),
    ],
)
def test_refusals(frame, options, code, words):
    with pytest.raises((DataContractError, FitError), match=words) as caught:
        screen_abnormalities(study(frame), **({"features": ["bad"]} | options))
    assert caught.value.code == code


def test_strata_of_a_logistic_model_are_refused(frame):
    with pytest.raises(FitError, match="strata are those of a Cox model") as caught:
        screen_abnormalities(study(frame, SETTLED), ["bad"], strata=["grade"])
    assert caught.value.code == "W13"


def test_the_table_is_written_with_all_digits(frame, tmp_path):
    found = screen_abnormalities(study(frame), ["bad", "good"])
    again = pd.read_csv(found.to_csv(tmp_path / "table.csv"))
    np.testing.assert_array_equal(again["hazard_ratio"], found.table["hazard_ratio"])
