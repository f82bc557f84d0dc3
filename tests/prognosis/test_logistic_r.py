"""Logistic regression beside values that R computed from the rows of the golden files (R 4.2, rms 6.5, glmnet 4.1)."""

from __future__ import annotations

import numpy as np
import pytest

from prognosis.models import Logistic
from prognosis.penalised.logistic_path import PathRows, cross_validate, fit_path, penalty_sequence

TERMS = ["age", "grade", "nodes", "chemo"]
PATH_TERMS = ["age", "grade", "nodes", "chemo", "meno", "er", "pgr"]
# glm takes its errors from the weights of the step before the last.
GLM_ERRORS = 1e-8
STRENGTHS = np.array([0.1, 0.03, 0.003])
# glmnet(thresh = 1e-22), by alpha: intercept and coefficients at the three strengths, and explained deviance.
GLMNET = {
    1.0: (
        [-0.4770885800212, 0, 0, 0.06945938322789, 0, 0, 0, 0],
        [-1.5812941831065, 0, 0.3319415041673, 0.15122987301582, 0, 0, 0, -8.040195198424e-05],
        [-1.7975088984990, -0.00885599294265, 0.5614091553343, 0.19912521270918, -0.09235603644552, 0.06745450294778, 0,
         -4.882347201078e-04],
        [0.06205897295301, 0.10767791802368, 0.11911904610871],
    ),
    0.5: (
        [-0.9521723635271, 0, 0.1460046265907, 0.09820666206891, 0, 0, 0, 0],
        [-1.8337029995645, -3.615293035491e-06, 0.4312793589778, 0.15678054497677, 0, 0, 0, -0.0002944874329690],
        [-1.6991974140842, -1.158184424287e-02, 0.5692564230762, 0.20012940711908, -0.1154413527482, 0.1278036202336, 0,
         -0.0005053351741308],
        [0.08415403148264, 0.11217334827277, 0.11941772538323],
    ),
    0.0: (
        [-1.518172168644, -0.004059706975567, 0.4222634913329, 0.1175886201136, 0.04060347343033, 0.08017376508866,
         -7.019515658084e-05, -0.0003974218202605],
        [-1.656179790101, -0.008557222378291, 0.5209089024692, 0.1636403802614, -0.04068840535599, 0.12253545375179,
         -4.768182560209e-05, -0.0004764722526324],
        [-1.610068298186, -0.014088445886305, 0.5772693873222, 0.2010925120405, -0.13763971202551, 0.18585620269163,
         -1.708380551547e-05, -0.0005181498804370],
        [0.1036985085105, 0.1161836727960, 0.1195542309839],
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def rows(golden_data):
    """Half of the Rotterdam patients with the columns that R was given."""
    table = golden_data("rotterdam_even_rec5").dropna(subset=["rec5", *PATH_TERMS])
    return table.assign(
        w=0.5 + (table["age"] % 5) / 4, off=table["nodes"] / 20, cl=table["pid"] % 40, wi=1 + table["age"] % 3
    )


def fit(rows, penalty=None, **options):
    extra = [name for name in (options.get(key) for key in ("weights", "cluster", "offset")) if name]
    return Logistic(penalty, **options).fit(rows[TERMS + extra], rows["rec5"].to_numpy(int))


def errors(logistic):
    return np.sqrt(np.diag(logistic.estimate_.covariance_at_zero))


def at_zero(logistic):
    return np.append(logistic.estimate_.intercept_at_zero, logistic.estimate_.coefficients)


def test_cluster_robust_errors_are_those_of_robcov(rows):
    expected = [0.43003201423014, 0.00471360373306, 0.14045095380558, 0.02622220819809, 0.14366183487422]
    logistic = fit(rows, cluster="cl")
    assert logistic.estimate_.robust == "cluster"
    np.testing.assert_allclose(errors(logistic), expected, rtol=1e-11)
    by_row = [0.467542395561259, 0.005197105948721, 0.133842813458035, 0.024421546455404, 0.163542633938067]
    single = fit(rows.assign(cl=np.arange(len(rows))), cluster="cl")
    np.testing.assert_allclose(errors(single), by_row, rtol=1e-11)


def test_fractional_weights_and_an_offset_with_the_sandwich(rows):
    coefficients = [-2.042107566223301, -0.008977877552708, 0.647668906273030, 0.145167738869905, -0.139928547395907]
    expected = [0.491074479228601, 0.005424268682621, 0.141088675634145, 0.025043614774842, 0.170450090269635]
    logistic = fit(rows, weights="w", offset="off")
    assert logistic.estimate_.robust == "robust"
    np.testing.assert_allclose(at_zero(logistic), coefficients, rtol=1e-11)
    np.testing.assert_allclose(errors(logistic), expected, rtol=GLM_ERRORS)
    np.testing.assert_allclose(-2 * np.array(logistic.estimate_.loglik), [1809.315867939, 1690.788472457], rtol=1e-12)
    clustered = [0.374639874741433, 0.004513695540242, 0.124934362003050, 0.026502012237535, 0.155022118667620]
    np.testing.assert_allclose(errors(fit(rows, weights="w", offset="off", cluster="cl")), clustered, rtol=GLM_ERRORS)


def test_whole_weights_are_repeated_rows(rows):
    coefficients = [-2.230158455156616, -0.008515844562229, 0.706162411757215, 0.145176832528280, -0.179291819803493]
    expected = [0.337385468155878, 0.003687608471261, 0.096657388882408, 0.012829808746478, 0.115749048715583]
    logistic = fit(rows, weights="wi", offset="off")
    assert logistic.estimate_.robust == ""
    np.testing.assert_allclose(at_zero(logistic), coefficients, rtol=1e-11)
    np.testing.assert_allclose(errors(logistic), expected, rtol=GLM_ERRORS)


def test_a_ridge_is_the_penalty_of_lrm(rows):
    """R2 and its kind are left: lrm computes them from the penalised log-likelihood and the full degrees of freedom."""
    logistic = fit(rows, "ridge", strength=10.0)
    coefficients = [-2.029702463196265, -0.008300717287836, 0.628652665435797, 0.195610970651525, -0.143825605709931]
    expected = [0.462005107793250, 0.005051148296283, 0.132545879165846, 0.017620867188282, 0.157843387076801]
    np.testing.assert_allclose(at_zero(logistic), coefficients, rtol=1e-10)
    np.testing.assert_allclose(errors(logistic), expected, rtol=1e-10)
    found = logistic.statistics()
    theirs = {"Model L.R.": 2.173021832845e02, "d.f.": 3.820419177731, "C": 7.332954355241e-01, "g": 9.198944743835e-01,
              "Gamma": 4.678489532927e-01, "Brier": 2.059581711000e-01, "gp": 1.917596280677e-01}  # fmt: skip
    assert {key: found[key] for key in theirs} == pytest.approx(theirs, rel=1e-11)


def test_statistics_with_weights(rows):
    """All but g, gr and gp, for which lrm ignores the weights."""
    found = fit(rows, weights="wi").statistics()
    theirs = {
        "Obs": 1370, "Model L.R.": 4.230690763203e02, "d.f.": 4, "C": 7.294906429321e-01, "Dxy": 4.589812858642e-01,
        "Gamma": 4.605851444478e-01, "Tau-a": 2.250050782043e-01, "R2": 1.923175415059e-01,
        "R2(2736)": 1.432683275058e-01, "R2(4,2736)": 1.420148797812e-01, "R2(2011.2)": 1.897083709157e-01,
        "R2(4,2011.2)": 1.880951740514e-01, "Brier": 2.068505406952e-01,
    }  # fmt: skip
    assert {key: found[key] for key in theirs} == pytest.approx(theirs, rel=1e-11)


def path_rows(rows, **changed):
    event = rows["rec5"].to_numpy() == 1
    common = {"weight": np.ones(len(rows)), "offset": None} | changed
    return PathRows(rows[PATH_TERMS].to_numpy(float), event, names=tuple(PATH_TERMS), **common)


@pytest.mark.parametrize("alpha", GLMNET)
def test_the_path_is_glmnets(rows, alpha):
    path = fit_path(path_rows(rows), alpha, STRENGTHS)
    *fits, explained = GLMNET[alpha]
    np.testing.assert_allclose(np.column_stack([path.intercept, path.coefficients]), fits, rtol=1e-8)
    np.testing.assert_allclose(path.explained, explained, rtol=1e-10)


def test_the_sequence_of_penalties_and_its_end_are_glmnets(rows):
    path = fit_path(path_rows(rows), 1.0)
    assert len(path.penalty) == 58
    np.testing.assert_allclose(path.penalty[[0, -1]], [1.744942823437e-01, 8.684621550661e-04], rtol=1e-12)
    assert path.nonzero[0] == 0
    ridge = penalty_sequence(path_rows(rows).standardised(), 0.0)
    assert ridge[0] == pytest.approx(174.4942823437481, rel=1e-13)


def test_weights_and_an_offset_along_the_path(rows):
    path = fit_path(path_rows(rows, weight=rows["w"].to_numpy(), offset=rows["off"].to_numpy()), 1.0, STRENGTHS)
    expected = [
        [-0.4539129211247, 0, 0, 0.01313385991373, 0, 0, 0, 0],
        [-1.6035669670843, 0, 0.3450907440636, 0.09164246989816, 0, 0, 0, 0],
        [-1.8125951214716, -0.009831814343327, 0.5766140974802, 0.13542165869059, -0.04656917613366, 0.1255223830474,
         -6.854098279235e-05, -0.0002808485445441],
    ]  # fmt: skip
    np.testing.assert_allclose(np.column_stack([path.intercept, path.coefficients]), expected, rtol=1e-8)


def test_the_cross_validated_deviance_is_that_of_cv_glmnet(rows):
    data = path_rows(rows, weight=rows["w"].to_numpy())
    fold = np.arange(len(rows)) % 5
    curve = cross_validate(data, fit_path(data, 1.0, STRENGTHS), 1.0, fold)
    np.testing.assert_allclose(curve.mean, [1.293457439967025, 1.23269863587746, 1.22693135415561], rtol=1e-10)
    np.testing.assert_allclose(curve.se, [0.009176589670583, 0.02099282026601, 0.02311184974365], rtol=1e-9)
