"""What holds for every Cox model: invariances, direction and level, and a slow plain likelihood as oracle."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cohorts.errors import FitError
from prognosis.cox.likelihood import evaluate
from prognosis.cox.regression import fit_cox
from prognosis.models import Cox
from prognosis.risk_sets import build_risk_sets
from tests.prognosis import slow
from tests.prognosis.made import fit, outcome_of, patients, structured

PREDICTORS = ["age", "albumin", "sex"]
SEEDS = st.integers(0, 100_000)


@pytest.fixture(scope="module")
def rows():
    return patients(250)


@pytest.fixture(scope="module")
def plain(rows):
    return Cox().fit(rows[PREDICTORS], outcome_of(rows))


def z(cox):
    return cox.estimate_.summary()["z"].to_numpy()


# ---------------------------------------------------------------- the slow solver as oracle


def small(seed, *, entry, strata, weights, offset):
    """Forty rows of two covariates with heavy ties, as the slow solver takes them."""
    draw = np.random.default_rng(seed)
    n = 40
    x = draw.normal(size=(n, 2)) * [1.0, 5.0]
    time = np.ceil(draw.exponential(6 * np.exp(-0.4 * x[:, 0])))
    rows = {"x": x, "time": time, "event": draw.random(n) < 0.7}
    if entry:
        rows["entry"] = np.floor(draw.random(n) * time * 0.7)
    if strata:
        rows["stratum"] = draw.integers(0, 2, n)
    if weights:
        rows["weight"] = draw.choice([1.0, 2.0, 3.0], n)
    if offset:
        rows["offset"] = draw.normal(size=n) * 0.5
    return rows


def fit_small(rows, **options):
    frame = pd.DataFrame(rows["x"], columns=["a", "b"])
    for name, option in (("stratum", "strata"), ("weight", "weights"), ("offset", "offset")):
        if name in rows:
            frame[name] = rows[name]
            options[option] = [name] if option == "strata" else name
    y = structured(rows["time"], rows["event"], rows.get("entry"))
    try:
        return Cox(**options).fit(frame, y)
    except FitError:
        assume(False)


flags = st.fixed_dictionaries({name: st.booleans() for name in ("entry", "strata", "weights", "offset")})


@settings(max_examples=25)
@given(SEEDS, flags, st.sampled_from(["efron", "breslow"]), st.sampled_from([0.0, 3.0]))
def test_estimate_is_the_maximum_of_the_plain_likelihood(seed, kinds, ties, ridge):
    rows = small(seed, **kinds)
    e = fit_small(rows, ties=ties, ridge=ridge).estimate_

    def likelihood(beta):
        return slow.log_likelihood(beta, rows, ties, ridge)

    penalty = likelihood(e.coefficients) - slow.log_likelihood(e.coefficients, rows, ties)
    assert e.loglik[0] == pytest.approx(likelihood(np.zeros(2)), rel=1e-12)
    assert e.loglik[1] + penalty == pytest.approx(likelihood(e.coefficients), rel=1e-12)
    se = np.sqrt(np.diag(e.naive_covariance))
    gradient = slow.numerical_gradient(likelihood, e.coefficients)
    np.testing.assert_allclose(gradient * se, 0, atol=1e-6)
    hessian = slow.numerical_gradient(lambda b: slow.numerical_gradient(likelihood, b, 1e-4), e.coefficients, 1e-4)
    np.testing.assert_allclose(-hessian * np.outer(se, se), np.linalg.inv(e.naive_covariance) * np.outer(se, se),
                               atol=1e-4)  # fmt: skip


@settings(max_examples=8)
@given(SEEDS, flags)
def test_a_general_optimiser_finds_the_same_coefficients(seed, kinds):
    rows = small(seed, **kinds)
    e = fit_small(rows).estimate_
    found = slow.cox_coefficients(rows)
    np.testing.assert_allclose(found, e.coefficients, atol=1e-4 * np.sqrt(np.diag(e.covariance)).max())


@settings(max_examples=15)
@given(SEEDS, st.booleans(), st.sampled_from(["efron", "breslow"]))
def test_baseline_hazard_by_its_definition(seed, entry, ties):
    rows = small(seed, entry=entry, strata=False, weights=False, offset=False)
    e = fit_small(rows, ties=ties).estimate_
    times, hazard = slow.baseline_hazard(e.coefficients, rows, ties)
    np.testing.assert_array_equal(e.baseline.time, times)
    ours = e.baseline.cumulative_hazard * np.exp(-e.means @ e.coefficients)
    np.testing.assert_allclose(ours, hazard, rtol=1e-10)


@settings(max_examples=20)
@given(SEEDS, flags, st.booleans())
def test_score_and_information_are_derivatives(seed, kinds, efron):
    rows = small(seed, **kinds)
    sets = build_risk_sets(rows["time"], rows["event"], rows.get("entry"), rows.get("stratum"), rows.get("weight"))
    offset = rows.get("offset", np.zeros(40))
    point = np.random.default_rng(seed).normal(size=2) * [0.5, 0.1]

    def at(beta):
        return evaluate(rows["x"], offset, sets, beta, efron)

    _, score, information = at(point)
    np.testing.assert_allclose(slow.numerical_gradient(lambda b: at(b)[0], point), score, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(-slow.numerical_gradient(lambda b: at(b)[1], point), information, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(information, information.T, rtol=1e-12)
    assert (np.linalg.eigvalsh(information) > -1e-9).all()


def test_late_entrants_of_extreme_risk_cost_no_digits():
    """A patient of 20 to 60 units of linear predictor comes late and leaves: extended precision is the oracle."""
    draw = np.random.default_rng(1)
    n, wide = 200, np.longdouble
    time, event, entry = draw.exponential(10, n) + 0.01, draw.random(n) < 0.7, np.zeros(200)
    entry[0], time[0] = 12.0, 15.0
    for extreme in (20.0, 40.0, 60.0):
        x = draw.normal(size=n)
        x[0] = extreme
        loglik, score, information = evaluate(
            x[:, None].copy(), np.zeros(n), build_risk_sets(time, event, entry), np.ones(1), True
        )
        expected = np.zeros(3, wide)
        for k in np.flatnonzero(event):
            at_risk = (time >= time[k]) & (entry < time[k])
            risk = np.exp(x[at_risk].astype(wide))
            mean = (risk * x[at_risk]).sum() / risk.sum()
            square = (risk * x[at_risk].astype(wide) ** 2).sum() / risk.sum()
            expected += [x[k] - np.log(risk.sum()), x[k] - mean, square - mean**2]
        np.testing.assert_allclose([loglik, score[0], information[0, 0]], expected.astype(float), rtol=1e-11)


def test_a_trial_step_too_far_is_infinite_and_does_not_crash():
    x = np.array([[-1.0], [0.0], [1.0], [2.0]])
    sets = build_risk_sets(np.arange(1.0, 5), np.ones(4, bool))
    loglik, *_ = evaluate(x, np.zeros(4), sets, np.array([1e4]), True)
    assert not loglik > -1e3


def test_a_wild_start_still_converges():
    """Heavy tails: 40 standard deviations in one row."""
    rows = patients(200)
    rows["creat"] = np.where(np.arange(200) == 7, 400.0, rows["creat"])
    cox = Cox().fit(rows[["creat", "age"]], outcome_of(rows))
    rows_slow = {"x": rows[["creat", "age"]].to_numpy(), "time": rows["months"].to_numpy(), "event": rows["event"] == 1}
    gradient = slow.numerical_gradient(
        lambda b: slow.log_likelihood(b, rows_slow), cox.estimate_.coefficients, step=1e-6
    )
    np.testing.assert_allclose(gradient * np.sqrt(np.diag(cox.estimate_.covariance)), 0, atol=1e-5)


# ---------------------------------------------------------------- invariances


@settings(max_examples=15)
@given(SEEDS)
def test_order_of_the_rows_does_not_matter(rows, plain, seed):
    order = np.random.default_rng(seed).permutation(len(rows))
    mixed = rows.iloc[order]
    e = Cox().fit(mixed[PREDICTORS], outcome_of(mixed)).estimate_
    np.testing.assert_allclose(e.coefficients, plain.estimate_.coefficients, rtol=1e-10)
    np.testing.assert_allclose(e.covariance, plain.estimate_.covariance, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(e.baseline.cumulative_hazard, plain.estimate_.baseline.cumulative_hazard, rtol=1e-10)


@settings(max_examples=25)
@given(st.floats(-12, 12), st.floats(-1e9, 1e9))
def test_scale_and_origin_of_a_column_do_not_matter(rows, plain, exponent, shift):
    scale = 10.0**exponent
    moved = rows.assign(age=rows["age"] * 2.0 ** round(np.log2(scale)) + round(shift))
    assume(moved["age"].nunique() == rows["age"].nunique())
    assume(abs(shift) < 1e4 * scale)
    cox = Cox().fit(moved[PREDICTORS], outcome_of(rows))
    np.testing.assert_allclose(z(cox), z(plain), rtol=1e-8)
    assert cox.estimate_.loglik[1] == pytest.approx(plain.estimate_.loglik[1], rel=1e-11)


@pytest.mark.parametrize(("scale", "shift"), [(1e12, 0.0), (1.0, 1e9), (1e-12, 0.0), (1.0, -1e9)])
def test_c20_scale_1e12_and_offset_1e9_cost_no_digits(rows, plain, scale, shift):
    """C20: the same z as the standardised fit to 1e-8, estimates on the original scale, the same risk."""
    moved = rows.assign(age=rows["age"] * scale + shift)
    cox = Cox().fit(moved[PREDICTORS], outcome_of(rows))
    np.testing.assert_allclose(z(cox), z(plain), rtol=1e-8)
    assert cox.estimate_.coefficients[0] * scale == pytest.approx(plain.estimate_.coefficients[0], rel=1e-8)
    times = np.array([6.0, 24.0])
    ours = cox.estimate_.risk(cox.preparation_.design(moved[PREDICTORS]), times)
    theirs = plain.estimate_.risk(plain.preparation_.design(rows[PREDICTORS]), times)
    for mine, theirs_ in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, theirs_, rtol=1e-7)


@pytest.mark.parametrize("far", [0.0, 1e9])
def test_which_way_round_the_design_lies_in_memory_does_not_matter(far):
    """The columns of a frame are contiguous; one of them here begins with a thousand rows far from all the others."""
    draw = np.random.default_rng(6)
    n = 4_000
    x = np.column_stack([draw.normal(size=n), draw.normal(size=n) + far, np.where(np.arange(n) < 1000, 1e6, 0.0)])
    x[:, 2] += draw.normal(size=n)
    time, died = np.ceil(draw.exponential(50 * np.exp(-0.5 * x[:, 0]))), draw.random(n) < 0.7
    sets, names = build_risk_sets(time, died, None, None, draw.choice([1.0, 2.0], n)), ("a", "b", "c")
    by_rows, by_columns = (fit_cox(np.asarray(x, order=order), sets, names) for order in ("C", "F"))
    for name in ("coefficients", "covariance", "means", "loglik", "score_test"):
        np.testing.assert_allclose(getattr(by_columns, name), getattr(by_rows, name), rtol=1e-9, err_msg=name)


def test_sign_flip_of_a_column_flips_its_coefficient(rows, plain):
    flipped = Cox().fit(rows.assign(age=-rows["age"])[PREDICTORS], outcome_of(rows)).estimate_
    np.testing.assert_allclose(flipped.coefficients, plain.estimate_.coefficients * [-1, 1, 1], rtol=1e-10)
    assert flipped.loglik == pytest.approx(plain.estimate_.loglik, rel=1e-13)


def test_another_reference_level_is_the_same_model(rows, plain):
    turned = rows.assign(sex=rows["sex"].cat.reorder_categories(["M", "F"]))
    cox = Cox().fit(turned[PREDICTORS], outcome_of(rows))
    assert cox.estimate_.names[-1] == "sex=F"
    assert cox.estimate_.coefficients[-1] == pytest.approx(-plain.estimate_.coefficients[-1], rel=1e-10)
    np.testing.assert_allclose(cox.predict(turned), plain.predict(rows), atol=1e-10)


def test_unit_of_time_does_not_matter(rows, plain):
    y = structured(rows["months"] * 30.4375, rows["event"])
    cox = Cox().fit(rows[PREDICTORS], y)
    np.testing.assert_allclose(cox.estimate_.coefficients, plain.estimate_.coefficients, rtol=1e-10)
    design = plain.preparation_.design(rows[PREDICTORS])
    ours = cox.estimate_.risk(design, np.array([12 * 30.4375]))
    np.testing.assert_allclose(ours, plain.estimate_.risk(design, np.array([12.0])), rtol=1e-9)


def test_only_the_order_of_times_matters_for_the_coefficients(rows, plain):
    y = structured(np.log1p(rows["months"]) ** 3, rows["event"])
    assert Cox().fit(rows[PREDICTORS], y).estimate_.coefficients == pytest.approx(
        plain.estimate_.coefficients, rel=1e-10
    )


def copies(rows, times):
    return rows.loc[np.repeat(rows.index, times)]


def test_a_weight_of_k_is_k_copies_under_breslow(rows):
    times = np.tile([1, 2, 3], len(rows))[: len(rows)]
    many = copies(rows, times)
    copied = Cox(ties="breslow").fit(many[PREDICTORS], outcome_of(many)).estimate_
    weighted = Cox(ties="breslow", weights="k").fit(rows[PREDICTORS].assign(k=times), outcome_of(rows)).estimate_
    np.testing.assert_allclose(weighted.coefficients, copied.coefficients, rtol=1e-10)
    np.testing.assert_allclose(weighted.covariance, copied.covariance, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(weighted.baseline.cumulative_hazard, copied.baseline.cumulative_hazard, rtol=1e-10)
    assert weighted.loglik == pytest.approx(copied.loglik, rel=1e-12)
    assert weighted.robust == ""


def test_under_efron_copies_are_ties_and_weights_are_not(rows):
    """Known and wanted, as in R: k copies are k tied events, a weight of k is one event that counts k times."""
    many = copies(rows, 3)
    copied = Cox().fit(many[PREDICTORS], outcome_of(many)).estimate_
    weighted = Cox(weights="k").fit(rows[PREDICTORS].assign(k=3), outcome_of(rows)).estimate_
    assert np.abs(weighted.coefficients / copied.coefficients - 1).max() > 1e-5


def test_a_constant_weight_changes_nothing_but_the_size(rows, plain):
    weighted = Cox(weights="k").fit(rows[PREDICTORS].assign(k=0.5), outcome_of(rows)).estimate_
    np.testing.assert_allclose(weighted.coefficients, plain.estimate_.coefficients, rtol=1e-10)
    np.testing.assert_allclose(weighted.naive_covariance, 2 * plain.estimate_.covariance, rtol=1e-9)
    assert weighted.robust == "robust"


def test_rows_of_weight_zero_are_as_if_absent(rows):
    """Weights with zeros: the rows leave the means, the risk sets and the end of the follow-up."""
    weight = np.where(np.arange(len(rows)) % 5 == 0, 0.0, 1.0)
    weighted = Cox(weights="w").fit(rows[PREDICTORS].assign(w=weight), outcome_of(rows))
    kept = rows[weight > 0]
    absent = Cox().fit(kept[PREDICTORS], outcome_of(kept))
    np.testing.assert_array_equal(weighted.estimate_.coefficients, absent.estimate_.coefficients)
    np.testing.assert_array_equal(weighted.estimate_.baseline.end, absent.estimate_.baseline.end)
    assert weighted.score(rows[PREDICTORS].assign(w=weight), outcome_of(rows)) == absent.score(
        kept[PREDICTORS], outcome_of(kept)
    )


def test_a_stratum_emptied_by_its_weights_is_gone(rows):
    frame = rows[[*PREDICTORS, "centre"]].assign(w=(rows["centre"] == "south").astype(float))
    cox = Cox(strata=["centre"], weights="w").fit(frame, outcome_of(rows))
    assert cox.estimate_.stratum_names == ("centre=south",)


def test_strata_of_identical_copies_double_the_information(rows, plain):
    twice = pd.concat([rows.assign(copy="one"), rows.assign(copy="two")])
    e = Cox(strata=["copy"]).fit(twice[[*PREDICTORS, "copy"]], outcome_of(twice)).estimate_
    np.testing.assert_allclose(e.coefficients, plain.estimate_.coefficients, rtol=1e-10)
    np.testing.assert_allclose(e.covariance, plain.estimate_.covariance / 2, rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(e.loglik, 2 * np.array(plain.estimate_.loglik), rtol=1e-12)
    one, two = np.split(e.baseline.cumulative_hazard, 2)
    np.testing.assert_allclose(one, plain.estimate_.baseline.cumulative_hazard, rtol=1e-10)
    np.testing.assert_array_equal(one, two)


def test_a_stratum_without_events_says_so_and_changes_no_coefficient(rows, plain):
    quiet = rows.head(20).assign(event=0)
    both = pd.concat([rows.assign(site="busy"), quiet.assign(site="quiet")])
    cox = Cox(strata=["site"]).fit(both[[*PREDICTORS, "site"]], outcome_of(both))
    np.testing.assert_allclose(cox.estimate_.coefficients, plain.estimate_.coefficients, rtol=1e-9)
    assert any(w.code == "C28" and "stratum site=quiet has 0 events of n=20" in w.rule for w in cox.warnings_)


@settings(max_examples=10)
@given(SEEDS, st.sampled_from(["efron", "breslow"]))
def test_entry_at_zero_is_no_delay(seed, ties):
    rows = small(seed, entry=False, strata=False, weights=False, offset=False)
    late = rows | {"entry": np.zeros(40)}
    one, other = fit_small(rows, ties=ties).estimate_, fit_small(late, ties=ties).estimate_
    np.testing.assert_array_equal(one.coefficients, other.coefficients)
    np.testing.assert_array_equal(one.baseline.cumulative_hazard, other.baseline.cumulative_hazard)


def test_splitting_a_patient_in_time_changes_nothing(rows, plain):
    """(0, t] as (0, s] and (s, t]: the risk sets are the same."""
    cut = (rows["months"] * 0.4).round(3)
    early = rows.assign(months=cut, event=0, start=0.0)
    late = rows.assign(start=cut)
    both = pd.concat([early, late])
    e = Cox().fit(both[PREDICTORS], outcome_of(both, entry=True)).estimate_
    np.testing.assert_allclose(e.coefficients, plain.estimate_.coefficients, rtol=1e-9)
    np.testing.assert_allclose(e.covariance, plain.estimate_.covariance, rtol=1e-8, atol=1e-14)


def test_one_cluster_a_row_is_the_robust_covariance(rows):
    single = Cox(cluster="c").fit(rows[PREDICTORS].assign(c=np.arange(len(rows))), outcome_of(rows)).estimate_
    fractional = Cox(weights="w").fit(rows[PREDICTORS].assign(w=0.5), outcome_of(rows)).estimate_
    np.testing.assert_allclose(single.covariance, fractional.covariance, rtol=1e-9)


def test_clusters_of_copies_give_the_robust_covariance_of_one_set(rows):
    """Breslow, three copies of each patient as one cluster: no information is gained."""
    many = copies(rows, 3)
    once = Cox(ties="breslow", cluster="c").fit(rows[PREDICTORS].assign(c=rows.index), outcome_of(rows)).estimate_
    thrice = Cox(ties="breslow", cluster="c").fit(many[PREDICTORS].assign(c=many.index), outcome_of(many)).estimate_
    np.testing.assert_allclose(thrice.covariance, once.covariance, rtol=1e-8)
    np.testing.assert_allclose(3 * thrice.naive_covariance, once.naive_covariance, rtol=1e-8)


@settings(max_examples=10)
@given(SEEDS)
def test_ridge_shrinks(seed):
    rows = small(seed, entry=False, strata=False, weights=False, offset=False)
    sizes = []
    for ridge in (0.0, 1.0, 10.0, 1000.0):
        e = fit_small(rows, ridge=ridge).estimate_
        sizes.append(np.linalg.norm(e.coefficients * rows["x"].std(axis=0)))
    assert (np.diff(sizes) < 0).all()
    assert sizes[-1] < 0.05 * sizes[0] + 0.02


def test_ridge_uses_the_variance_with_n_minus_one(rows):
    """As R's ridge(scale=TRUE): penalty theta / 2 * sum(coefficient^2 * var(column))."""
    frame = rows[["age", "albumin"]]
    e = Cox(ridge=25.0).fit(frame, outcome_of(rows)).estimate_
    plain_rows = {"x": frame.to_numpy(), "time": rows["months"].to_numpy(), "event": rows["event"].to_numpy() == 1}
    gradient = slow.numerical_gradient(lambda b: slow.log_likelihood(b, plain_rows), e.coefficients)
    np.testing.assert_allclose(gradient, 25.0 * e.coefficients * frame.var().to_numpy(), rtol=1e-5)


# ---------------------------------------------------------------- integers, booleans, indexes


def test_whole_numbers_and_booleans_are_numbers(rows):
    """int8 columns whose product passes 127, booleans, unsigned and nullable integers."""
    draw = np.random.default_rng(3)
    i, j, flag = draw.integers(60, 120, len(rows)), draw.integers(0, 100, len(rows)), draw.random(len(rows)) < 0.5
    as_float = pd.DataFrame({"i": i.astype(float), "j": j.astype(float), "flag": flag.astype(float)})
    narrow = pd.DataFrame({"i": i.astype(np.int8), "j": pd.array(j, dtype="UInt8"), "flag": flag})
    recipe = {"interactions": [("i", "j")], "transforms": {"i": "square"}}
    one, other = (Cox(**recipe).fit(frame, outcome_of(rows)).estimate_ for frame in (as_float, narrow))
    np.testing.assert_array_equal(one.coefficients, other.coefficients)


def test_categories_need_not_be_text(rows):
    numbered = rows.assign(grade=pd.Categorical(rows["grade"].cat.codes + 1, categories=[1, 2, 3]))
    one = Cox().fit(rows[["age", "grade"]], outcome_of(rows))
    other = Cox().fit(numbered[["age", "grade"]], outcome_of(rows))
    np.testing.assert_array_equal(one.estimate_.coefficients, other.estimate_.coefficients)
    assert other.estimate_.names == ("age", "grade=2", "grade=3")


@pytest.mark.parametrize("index", [[0] * 250, np.arange(250)[::-1], np.tile([3, 1], 125)])
def test_the_index_of_x_is_of_no_importance(rows, plain, index):
    cox = Cox(strata=["centre"], weights="w")
    frame = rows[[*PREDICTORS, "centre"]].assign(w=np.where(np.arange(250) % 7 == 0, 0.0, 2.0))
    expected = cox.fit(frame, outcome_of(rows)).estimate_.coefficients
    again = Cox(strata=["centre"], weights="w").fit(frame.set_axis(index), outcome_of(rows)).estimate_.coefficients
    np.testing.assert_array_equal(expected, again)


def test_numbers_may_name_columns_and_arrays_have_names(rows):
    numbers = rows[["age", "albumin"]]
    named = Cox().fit(numbers, outcome_of(rows)).estimate_.coefficients
    array = Cox().fit(numbers.to_numpy(), outcome_of(rows))
    unnamed = Cox().fit(pd.DataFrame(numbers.to_numpy()), outcome_of(rows))
    assert (array.estimate_.names, unnamed.estimate_.names) == (("x0", "x1"), ("0", "1"))
    np.testing.assert_array_equal(array.estimate_.coefficients, named)
    np.testing.assert_array_equal(unnamed.predict(pd.DataFrame(numbers.to_numpy())), array.predict(numbers.to_numpy()))


def test_columns_are_found_by_name(rows, plain):
    np.testing.assert_array_equal(plain.predict(rows[PREDICTORS[::-1]]), plain.predict(rows))


def test_equal_patients_get_equal_scores_wherever_they_stand(rows):
    """A matrix product may round the same row differently by its place; concordance would see an order."""
    draw = np.random.default_rng(0)
    many = pd.DataFrame(draw.normal(size=(120, 11)), columns=[f"v{j}" for j in range(11)])
    y = structured(draw.exponential(size=120), draw.random(120) < 0.9)
    cox = Cox().fit(many, y)
    for n in range(2, 40):
        assert len(np.unique(cox.predict(many.iloc[[5] * n]))) == 1


# ---------------------------------------------------------------- curves


@pytest.fixture(scope="module")
def model():
    return fit(Cox(splines={"age": 4}), n=400)


@settings(max_examples=40)
@given(
    st.floats(42, 83),
    st.floats(30, 46),
    st.sampled_from(["F", "M"]),
    st.sampled_from(["low", "middle", "high"]),
    st.sampled_from(["log", "log-log", "plain"]),
    st.floats(0.5, 0.999),
)
def test_laws_of_a_risk_curve(model, age, albumin, sex, grade, interval, level):
    curve = model.curve({"age": age, "albumin": albumin, "sex": sex, "grade": grade}, level=level, interval=interval)
    assert curve.time[0] == curve.risk[0] == curve.lower[0] == curve.upper[0] == 0
    assert (np.diff(curve.time) > 0).all()
    assert (np.diff(curve.risk) >= 0).all()
    for values in (curve.risk, curve.lower, curve.upper):
        assert ((values >= 0) & (values <= 1)).all()
    assert (curve.lower <= curve.risk).all()
    assert (curve.risk <= curve.upper).all()


def test_a_higher_level_gives_a_wider_interval(model):
    patient = {"age": 60, "albumin": 38, "sex": "F", "grade": "low"}
    narrow, wide = (model.predict(patient, [24], level=level) for level in (0.5, 0.99))
    assert wide.lower < narrow.lower < narrow.risk == wide.risk < narrow.upper < wide.upper


def test_direction_a_higher_linear_predictor_is_a_higher_risk(model):
    found = model.predict(patients(200, seed=5)[list(model.predictors)])
    order = np.argsort(found.linear_predictor)
    assert (np.diff(found.risk[order], axis=0) >= 0).all()
    assert (np.diff(found.linear_predictor[order]) > 0).sum() > 150


def test_direction_known_effects_have_their_sign(model):
    """The made-up patients: age and grade raise the hazard, albumin lowers it."""
    base = {"age": 60, "albumin": 38, "sex": "F", "grade": "low"}

    def risk(**changed):
        return model.predict(base | changed, [24]).risk[0, 0]

    assert risk(age=80) > risk(age=60) > risk(age=45)
    assert risk(albumin=30) > risk(albumin=45)
    assert risk(grade="high") > risk(grade="low")
    assert risk(sex="M") > risk(sex="F")


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_level_the_mean_risk_is_near_the_observed(ties):
    rows = patients(400)
    model = fit(Cox(ties=ties), frame=rows)
    found = model.predict(rows[list(model.predictors)], [6, 12, 24, 48])
    observed = [1 - model.follow_up.at(t) for t in (6, 12, 24, 48)]
    np.testing.assert_allclose(found.risk.mean(axis=0), observed, atol=0.02)


def test_level_expected_events_are_the_observed_ones():
    """Martingale residuals sum to zero: the cumulated hazards at the times of leaving sum to the number of events."""
    rows = patients(300)
    cox = Cox().fit(rows[PREDICTORS], outcome_of(rows))
    e = cox.estimate_
    at = e.baseline.position(rows["months"].to_numpy())
    hazard = np.where(at >= 0, e.baseline.cumulative_hazard[at], 0.0) * np.exp(cox.predict(rows))
    breslow = Cox(ties="breslow").fit(rows[PREDICTORS], outcome_of(rows))
    b = breslow.estimate_.baseline
    at = b.position(rows["months"].to_numpy())
    expected = (np.where(at >= 0, b.cumulative_hazard[at], 0.0) * np.exp(breslow.predict(rows))).sum()
    assert expected == pytest.approx(rows["event"].sum(), rel=1e-10)
    assert hazard.sum() == pytest.approx(rows["event"].sum(), rel=0.02)


# ---------------------------------------------------------------- terms


def test_columns_of_an_interaction_run_as_in_rms(rows):
    """The first variable fastest: two splines, a spline by a category, and the products themselves."""
    cox = Cox(splines={"age": 3, "albumin": 4}, interactions=[("age", "albumin"), ("age", "grade")])
    cox.fit(rows[["age", "albumin", "grade"]], outcome_of(rows))
    names = list(cox.estimate_.names)
    assert names == [
        *("age", "age'", "albumin", "albumin'", "albumin''", "grade=middle", "grade=high"),
        *("age * albumin", "age' * albumin", "age * albumin'", "age' * albumin'"),
        *("age * albumin''", "age' * albumin''"),
        *("age * grade=middle", "age' * grade=middle", "age * grade=high", "age' * grade=high"),
    ]
    design = pd.DataFrame(cox.preparation_.design(rows[["age", "albumin", "grade"]]), columns=names)
    for name in names[7:]:
        left, right = name.split(" * ")
        np.testing.assert_array_equal(design[name], design[left] * design[right])
    assert [column.variables for column in cox.preparation_.columns[7:9]] == [("age", "albumin")] * 2


def test_turning_an_interaction_round_is_the_same_model(rows):
    fits = [
        Cox(interactions=[pair]).fit(rows[PREDICTORS], outcome_of(rows)) for pair in (("age", "sex"), ("sex", "age"))
    ]
    assert fits[0].estimate_.loglik == pytest.approx(fits[1].estimate_.loglik, rel=1e-13)
    np.testing.assert_allclose(fits[0].predict(rows), fits[1].predict(rows), atol=1e-10)


def test_a_spline_is_the_same_curve_in_other_units(rows, plain):
    """Knots go with the values: days or years, centred or not."""
    years = Cox(splines={"age": 4}).fit(rows[PREDICTORS], outcome_of(rows))
    moved = rows.assign(age=365.25 * (rows["age"] - 50))
    days = Cox(splines={"age": 4}).fit(moved[PREDICTORS], outcome_of(rows))
    np.testing.assert_allclose(days.predict(moved), years.predict(rows), rtol=1e-8, atol=1e-9)
    assert days.estimate_.loglik[1] == pytest.approx(years.estimate_.loglik[1], rel=1e-12)
    assert years.estimate_.loglik[1] > plain.estimate_.loglik[1]


def test_a_new_patient_gets_the_knots_of_the_training(rows):
    """One row alone, and a frame of another age: the basis is remembered, not learnt again."""
    cox = Cox(splines={"age": 5}, transforms={"creat": "scaled"}).fit(rows[["age", "creat"]], outcome_of(rows))
    expected = cox.predict(rows[["age", "creat"]])
    np.testing.assert_array_equal(cox.predict(rows[["age", "creat"]].iloc[[17]]), expected[[17]])
    old = (rows["age"] > 75).to_numpy()
    np.testing.assert_array_equal(cox.predict(rows.loc[old, ["age", "creat"]]), expected[old])


@pytest.mark.parametrize("transform", ["log", "log1p", "sqrt", "square", "scaled"])
def test_a_transform_is_the_same_as_the_transformed_column(rows, transform):
    functions = {"log": np.log, "log1p": np.log1p, "sqrt": np.sqrt, "square": np.square,
                 "scaled": lambda x: (x - x.mean()) / x.std()}  # fmt: skip
    inside = Cox(transforms={"creat": transform}, splines={"creat": 3}).fit(rows[["creat", "age"]], outcome_of(rows))
    outside = Cox(splines={"creat": 3}).fit(
        rows[["creat", "age"]].assign(creat=functions[transform](rows["creat"])), outcome_of(rows)
    )
    np.testing.assert_allclose(inside.estimate_.coefficients, outside.estimate_.coefficients, rtol=1e-10)
    assert inside.estimate_.names[:2] == (f"{transform}(creat)", f"{transform}(creat)'")
