"""ComBat inside the folds: the formulas by a slow loop, a phantom of two scanners, stored models, what is refused."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from cohorts import Binary, Codebook, Cohort
from cohorts.errors import DataContractError, FitError, LeakageError, PredictionError, PrognosisWarning
from nomograms import Nomogram
from prognosis import Study, load_model
from prognosis.harmonisation.combat import batch_effects
from prognosis.models import Harmonised, Logistic, Selected
from prognosis.selection import Univariable
from prognosis.validation.plans import CrossValidation
from reports import Calculator
from reports.patient_table import read_patients

RIDGE = Logistic(penalty="ridge", strength=1.0)
FEATURES = [f"f{k}" for k in range(8)]
ENDPOINT = Binary("recurrence", event="event")


def phantom(n=160, seed=5):
    """Two scanners measure the same eight features, the second on another scale; f0 bears on the event, f1 on size."""
    draw = np.random.default_rng(seed)
    true = draw.normal(size=(n, 8))
    size = draw.normal(5, 1, n)
    true[:, 1] += size - 5
    event = (draw.random(n) < 1 / (1 + np.exp(-2 * true[:, 0]))).astype(int)
    second = draw.random(n) < 0.3 + 0.4 * (size > 5)
    measured = np.where(second[:, None], 4 + 2.5 * true + draw.normal(0, 0.2, 8), true)
    frame = pd.DataFrame(measured, columns=FEATURES, index=pd.Index([f"P{k}" for k in range(n)], name="pid"))
    return frame.assign(scanner=np.where(second, "B", "A"), size=size, event=event), true


def study_of(frame, predictors=(*FEATURES, "size"), **options):
    declared = {name: {"kind": "numeric"} for name in (*FEATURES, "size")}
    declared["scanner"] = {"kind": "nominal", "levels": sorted(frame["scanner"].unique())}
    declared["event"] = {"kind": "event", "values": {"censored": 0, "event": 1}, "timing": "post-baseline"}
    book = Codebook.from_dict({"variables": {"pid": {"kind": "id"}, **declared}})
    return Study(Cohort.from_frame(frame, "pid", book), ENDPOINT, list(predictors), seed=3, **options)


def fitted(study, recipe):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PrognosisWarning)
        return study.fit(recipe)


def slow_combat(values, batch, covariates, *, shrink):
    """Johnson, Li and Rabinovic (2007), one feature, one batch, one patient after another."""
    n, p = values.shape
    levels = sorted(set(batch))
    member = [[float(one == level) for level in levels] for one in batch]
    design = np.array([[*one, *row] for one, row in zip(member, covariates, strict=True)])
    standard, expected, scale = np.empty((n, p)), np.empty((n, p)), np.empty(p)
    for g in range(p):
        beta = np.linalg.solve(design.T @ design, design.T @ values[:, g])
        grand = sum(beta[k] * sum(one == level for one in batch) / n for k, level in enumerate(levels))
        scale[g] = np.sqrt(sum((values[i, g] - design[i] @ beta) ** 2 for i in range(n)) / n)
        for i in range(n):
            expected[i, g] = grand + covariates[i] @ beta[len(levels) :]
            standard[i, g] = (values[i, g] - expected[i, g]) / scale[g]
    out = np.empty((n, p))
    for level in levels:
        rows = [i for i in range(n) if batch[i] == level]
        gamma = np.array([np.mean([standard[i, g] for i in rows]) for g in range(p)])
        delta = np.array([np.var([standard[i, g] for i in rows], ddof=1) for g in range(p)])
        bar, tau, mean, spread = gamma.mean(), gamma.var(ddof=1), delta.mean(), delta.var(ddof=1)
        shape, rate = (2 * spread + mean**2) / spread, (mean * spread + mean**3) / spread
        for g in range(p):
            shift, variance = gamma[g], delta[g]
            for _ in range(500 if shrink else 0):
                shift = (len(rows) * tau * gamma[g] + variance * bar) / (len(rows) * tau + variance)
                squares = sum((standard[i, g] - shift) ** 2 for i in rows)
                variance = (rate + squares / 2) / (len(rows) / 2 + shape - 1)
            for i in rows:
                out[i, g] = (standard[i, g] - shift) / np.sqrt(variance) * scale[g] + expected[i, g]
    return out


@pytest.mark.parametrize("shrink", [True, False])
def test_the_formulas_by_a_slow_loop(shrink):
    draw = np.random.default_rng(1)
    batch = draw.integers(0, 3, 40)
    covariates = np.column_stack([draw.normal(60, 10, 40), draw.integers(0, 2, 40)])
    values = draw.normal(5, 2, (40, 6)) + batch[:, None] * draw.normal(1, 0.3, 6) + 0.05 * covariates[:, :1]
    ours = batch_effects(values, batch, covariates, shrink=shrink).removed(values, batch, covariates)
    np.testing.assert_allclose(ours, slow_combat(values, batch, covariates, shrink=shrink), rtol=1e-8, atol=1e-8)


def test_two_scanners_of_known_location_and_scale_in_closed_form():
    """Without shrinkage both batches have the common mean, and the pooled spread with n in it, to the last digit."""
    values = np.array([[1.0], [2.0], [3.0], [10.0], [14.0], [18.0]])
    batch, none = np.array([0, 0, 0, 1, 1, 1]), np.empty((6, 0))
    effects = batch_effects(values, batch, none, shrink=False)
    scale = ((1 + 1 + 16 + 16) / 6) ** 0.5
    assert effects.mean == pytest.approx([8.0])
    assert effects.scale == pytest.approx([scale])
    np.testing.assert_allclose(effects.shift[:, 0], [-6 / scale, 6 / scale])
    np.testing.assert_allclose(effects.spread[:, 0], [1 / scale, 4 / scale])
    np.testing.assert_allclose(effects.removed(values, batch, none)[:, 0], [8 - scale, 8, 8 + scale] * 2)


def test_features_that_all_spread_alike_are_shrunken_to_that_spread():
    values = np.array([[0.0, 5.0], [2.0, 7.0], [10.0, 3.0], [16.0, 9.0]])
    effects = batch_effects(values, np.array([0, 0, 1, 1]), np.empty((4, 0)), shrink=True)
    np.testing.assert_allclose(effects.spread[0], effects.spread[0, 0])
    assert np.isfinite(effects.shift).all()


@pytest.fixture(scope="module")
def two_scanners():
    frame, true = phantom()
    study = study_of(frame)
    harmonised = fitted(study, Harmonised(RIDGE, "scanner", keep=["size"]))
    return frame, true, study, harmonised


def test_the_scanner_goes_and_the_effect_stays(two_scanners):
    frame, true, study, model = two_scanners
    second = (frame["scanner"] == "B").to_numpy()

    def gap(values):
        return np.abs(values[second].mean(axis=0) - values[~second].mean(axis=0))

    adjusted = model.preparation.harmonisation.applied(frame)[FEATURES].to_numpy()
    others = [0, 2, 3, 4, 5, 6, 7]
    assert gap(frame[FEATURES].to_numpy()).min() > 3.5
    assert gap(adjusted)[others].max() < 0.3
    spread = adjusted[second].std(axis=0) / adjusted[~second].std(axis=0)
    np.testing.assert_allclose(spread[others], 1, atol=0.1)
    for place in others:
        assert np.corrcoef(adjusted[:, place], true[:, place])[0, 1] > 0.98
    # f1 truly differs between the scanners' patients, by their size, which is kept; without that it goes
    unkept = fitted(study, Harmonised(RIDGE, "scanner", features=FEATURES)).preparation.harmonisation
    assert gap(adjusted)[1] > 1 > 0.2 > gap(unkept.applied(frame)[FEATURES].to_numpy())[1]


def test_inside_the_folds_it_serves_and_outside_it_is_refused(two_scanners):
    _, _, study, model = two_scanners
    plain, model = fitted(study, RIDGE), replace(model, name="inside")
    leaky = Harmonised(RIDGE, "scanner", keep=["size"], inside=False)
    with pytest.raises(LeakageError, match="harmonised outside the resamples") as caught:
        study.validate(fitted(study, leaky), CrossValidation(4, 1))
    assert caught.value.code == "L12"
    shown = fitted(study, leaky.set_params(reproduce_published=True))
    with pytest.warns(PrognosisWarning, match="model harmonised: features were harmonised outside .* honest, .* leaky"):
        found = study.validate([plain, model, shown], CrossValidation(4, 1), metrics=["auc"])
    auc = found.table.set_index("model")["corrected"]
    leaky = "harmonised (leaky: harmonisation outside the resamples)"
    assert list(auc.index) == ["logistic", "inside", "harmonised", leaky]
    assert auc["inside"] > auc["logistic"] + 0.03
    assert auc["inside"] == auc["harmonised"]


def test_what_is_learnt_does_not_know_of_the_patients_left_out(two_scanners):
    """Refits to some rows do not change when the values of the other rows do."""
    _, _, study, model = two_scanners
    recipe, y = model.freshly_fitted(), study.outcome.to_structured()
    X, train = study.columns_of(recipe), np.arange(100)
    other = X.copy()
    other.iloc[100:, 0] += 50.0
    one, two = (recipe.refits(columns, y, np.array([np.nan]))(train, 1) for columns in (X, other))
    np.testing.assert_array_equal(one.risk[:100], two.risk[:100])
    assert not np.allclose(one.risk[100:], two.risk[100:])


def test_stored_it_answers_the_same_and_asks_for_what_it_needs(two_scanners, tmp_path):
    frame, _, study, model = two_scanners
    selected = fitted(study, Harmonised(Selected(RIDGE, Univariable(2)), "scanner", keep=["size"]))
    assert selected.door.extra == ("scanner", *(() if "size" in selected.predictors else ("size",)))
    for one in (model, selected):
        again = load_model(one.save(tmp_path / "m.prognosis"))
        asked = frame[list(one.door.columns)]
        np.testing.assert_array_equal(again.predict(asked).risk, one.predict(asked).risk)
        assert again.hash == one.hash
        assert again.preparation.harmonisation.levels == ("A", "B")
    patients = frame[list(model.door.columns)].iloc[:3]
    moved = model.predict(patients.assign(scanner="B")).risk
    assert not np.allclose(moved, model.predict(patients.assign(scanner="A")).risk)
    patients.assign(scanner="B").to_csv(tmp_path / "p.csv", index_label="pid")
    from_file = model.predict(read_patients(model, tmp_path / "p.csv", ",", ".", "utf-8"))
    np.testing.assert_array_equal(from_file.risk, moved)
    for changed, code in (
        (patients.assign(scanner="C"), "P03"),
        (patients.drop(columns="scanner"), "P01"),
        (patients.assign(scanner=None), "P02"),
    ):
        with pytest.raises(PredictionError, match="scanner") as caught:
            model.predict(changed)
        assert caught.value.code == code


def test_pictures_of_raw_values_are_refused(two_scanners):
    frame, _, _, model = two_scanners
    for made in (Nomogram, Nomogram.approximate, Calculator):
        with pytest.raises(PredictionError, match="harmonised by scanner") as caught:
            made(model)
        assert caught.value.code == "D74"
    with pytest.raises(PredictionError, match="made-up patients have none"):
        model.explain(frame[list(model.door.columns)].iloc[:1], background="profile")
    parts = model.explain(frame[list(model.door.columns)].iloc[:1])
    assert "scanner" not in parts.variables


def test_what_cannot_be_harmonised_is_refused():
    frame, _ = phantom(60)
    study = study_of(frame)
    whole = frame.assign(
        rare=np.where(np.arange(60) < 3, "C", frame["scanner"]), twin=(frame["scanner"] == "B") * 2.0 + 1
    )
    y = study.outcome.to_structured()
    X = whole[[*FEATURES, "size", "scanner"]]
    for recipe, columns, code, error in (
        (Harmonised(RIDGE, "rare"), whole[[*FEATURES, "rare"]], "D68", FitError),
        (Harmonised(RIDGE, "scanner", keep=["twin"]), whole[[*FEATURES, "twin", "scanner"]], "D69", FitError),
        (Harmonised(RIDGE, "scanner", features=["f0"]), X, "D70", FitError),
        (Harmonised(RIDGE, "scanner", keep=["size"], features=["f0", "size"]), X, "D67", FitError),
        (Harmonised(RIDGE, "scanner", features=["f0", "scanner"]), X, "D67", FitError),
        (Harmonised(RIDGE, "scanner", keep=["scanner"]), X, "D67", FitError),
        (Harmonised(RIDGE, "site"), X, "P01", DataContractError),
        (Harmonised(RIDGE, "scanner"), X.assign(scanner=[None, *X["scanner"][1:]]), "C16", DataContractError),
        (Harmonised(RIDGE, "scanner"), X.assign(f3=[np.nan, *X["f3"][1:]]), "C16", DataContractError),
        (Harmonised(RIDGE, "scanner", fewest=1), X, "S14", FitError),
        (Harmonised(Harmonised(RIDGE, "scanner"), "scanner"), X, "S14", FitError),
    ):
        with pytest.raises(error) as caught:
            recipe.fit(columns, y)
        assert caught.value.code == code
    with pytest.raises(FitError, match="P03 2"):
        study.validate(fitted(study, Harmonised(RIDGE, "scanner")), "internal-external", by="scanner")


def test_what_is_said_of_a_harmonisation():
    frame, _ = phantom(60)
    X, y = frame[[*FEATURES, "scanner"]], frame["event"].to_numpy()
    still = X.assign(f7=np.where(X["scanner"] == "B", 1.5, X["f7"]))
    made = Harmonised(RIDGE, "scanner").fit(still, y)
    assert [finding.code for finding in made.warnings_][:2] == ["D75", "D73"]
    assert "f7" not in made.harmonisation_.features
    np.testing.assert_array_equal(made.harmonisation_.applied(still)["f7"], still["f7"])
    alone = Harmonised(RIDGE).fit(frame[FEATURES], y)
    assert alone.warnings_[0].code == "D66"
    np.testing.assert_array_equal(alone.predict(frame), RIDGE.fit(frame[FEATURES], y).predict(frame))
    # all events at one scanner: what is taken out there may be the event's own mark
    where = np.where(y == 1, "B", X["scanner"])
    assert "D72" in {finding.code for finding in Harmonised(RIDGE, "scanner").fit(X.assign(scanner=where), y).warnings_}


def test_covariates_of_0_and_1_and_categories_are_not_harmonised_unasked():
    frame, _ = phantom(60)
    X = frame[["f0", "f1", "scanner"]].assign(
        grade=pd.Categorical(np.where(np.arange(60) % 3, "high", "low")),
        male=np.arange(60) % 2,
        scar=np.arange(60) % 2 > 0,
    )
    made = Harmonised(RIDGE, "scanner", keep=["grade"]).fit(X, frame["event"].to_numpy())
    assert made.harmonisation_.features == ("f0", "f1")
    assert made.harmonisation_.needed == {"scanner": "A", "grade": "high"}
    assert made.harmonisation_.covariates.names == ("grade=low",)
