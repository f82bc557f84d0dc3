"""Interval censoring and robust errors against R's ``survreg`` (survival 3.5-3) on the lung data of the golden files.

The visits of `lung_at_visits` in R, with `l` missing where nothing is known before the first visit::

    f <- survreg(Surv(l, u, type = "interval2") ~ age + sex + ph.ecog, d, dist = ...)
    predict(f, type = "uquantile", p = .5, se.fit = TRUE)
    survreg(Surv(l, u, type = "interval2") ~ age + sex + offset(.01 * pat.karno), d, weights = wt)

Robust errors are compared on right-censored times only: for interval-censored rows the derivative in log scale of R's
``residuals(survreg, "matrix")`` has the wrong sign (its column "ds" does not sum to zero), which its robust covariance
inherits. With weights R's own call leaves them out of the middle of the sandwich; ours is
``crossprod(rowsum(residuals(f, "dfbeta", weighted = TRUE), inst))``, as ``coxph`` does it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from prognosis.models import AcceleratedFailureTime
from prognosis.parametric.estimate import ParametricEstimate
from tests.prognosis.made import structured
from tests.prognosis.made_parametric import NAMES, fit, lung_at_visits, outcome, survreg_table

COLUMNS = ["age", "sex", "ph.ecog"]
EXACT = 1e-11
R = {
    "weibull": {
        "coef": [6.22801375111576, -0.00679391592318932, 0.404934880418544, -0.342428943615539],
        "scale": [0.716124797506531],
        "loglik": [-692.366250292225, -676.853149172206],
        "se": [0.443322516702466, 0.00661756928332843, 0.121516280162099, 0.0821426374827668, 0.0627163628413348],
        "median_log": [5.52530091856769, 5.90849335772236, 5.99002034880063],
        "median_se": [0.103533175172139, 0.117416957196951, 0.112159639618051],
        "weighted_coef": [5.20677394341509, -0.00753111856102431, 0.394280248675281],
        "weighted_se": [0.454537257699035, 0.0066156982012172, 0.124032032853751, 0.064231904040998],
        "weighted_loglik": [-676.38404150839, -670.096718213061],
        "robust_right_censored": [
            0.472450130273596,
            0.00735927988639628,
            0.12072832868149,
            0.0884170761273827,
            0.0664624513441176,
        ],
        "cluster_right_censored": [
            0.390823005842952,
            0.00520570480698177,
            0.0964827066643936,
            0.0886784226431073,
            0.0566869328425878,
        ],
        "cluster_weighted_right_censored": [
            0.404743585837995,
            0.00595457417324814,
            0.126847520721021,
            0.094848894104134,
            0.0649189721149245,
        ],
    },
    "exponential": {
        "coef": [6.3258855093573, -0.00967336904953955, 0.522796935563503, -0.412545480691077],
        "scale": [1.0],
        "loglik": [-701.65271436214, -688.770367034057],
        "se": [0.619486240182333, 0.00916373868507188, 0.167313138795334, 0.113013035136019],
        "median_log": [5.35379473398213, 5.82438042897044, 5.94046085756492],
        "median_se": [0.136458043488459, 0.161842744009436, 0.155790440706381],
        "weighted_coef": [5.30581046287625, -0.0113005870860559, 0.5066138180561],
        "weighted_se": [0.628840089621488, 0.00905631269923174, 0.16877820392963],
        "weighted_loglik": [-686.454265727353, -680.696073858822],
        "robust_right_censored": [0.530360086736452, 0.00813926483329627, 0.137746269170972, 0.0966338047932926],
        "cluster_right_censored": [0.473825689637151, 0.0062587751284392, 0.111099623392018, 0.0850896510467182],
        "cluster_weighted_right_censored": [
            0.482629353169333,
            0.00695432630984669,
            0.141502386810104,
            0.0960082436596264,
        ],
    },
    "lognormal": {
        "coef": [6.25411995940872, -0.0149346805230762, 0.511468418321055, -0.360271042766038],
        "scale": [0.905991209928476],
        "loglik": [-700.926880658896, -682.481110823448],
        "se": [0.516131475373231, 0.00739588174940604, 0.135836015259874, 0.0921695020661477, 0.0594153477902506],
        "median_log": [5.3001509762561, 5.7500301021606, 5.92924626843751],
        "median_se": [0.111762540033119, 0.129114586313362, 0.128312062082263],
        "weighted_coef": [5.13879632244356, -0.0151424109095124, 0.532448993320447],
        "weighted_se": [0.527472724208971, 0.00744594695812928, 0.13844256935399, 0.0606463825269329],
        "weighted_loglik": [-684.878386650382, -674.264816639341],
        "robust_right_censored": [
            0.544975888428898,
            0.0088245708385964,
            0.149178294839872,
            0.110657185558896,
            0.0831150531460619,
        ],
        "cluster_right_censored": [
            0.549826215074476,
            0.00828051246701144,
            0.10376722177625,
            0.112613395828371,
            0.0794353643312908,
        ],
        "cluster_weighted_right_censored": [
            0.518033274245186,
            0.00801613521872743,
            0.130894978143923,
            0.121990072628094,
            0.0649391509469874,
        ],
    },
    "loglogistic": {
        "coef": [5.85343969069771, -0.00700894423277473, 0.493014835338942, -0.404032071905332],
        "scale": [0.505250372011076],
        "loglik": [-697.360279687763, -678.87890740882],
        "se": [0.48713345479511, 0.00711630736858396, 0.128744539388043, 0.0886859544522499, 0.0675704947469705],
        "median_log": [5.42376058090599, 5.86984631820797, 5.95395364900127],
        "median_se": [0.1092150344312, 0.124036711806213, 0.119451658507065],
        "weighted_coef": [4.89832795101326, -0.010074331554246, 0.493194138975796],
        "weighted_se": [0.497016549972134, 0.00719797532085917, 0.130423611400688, 0.0684897534378809],
        "weighted_loglik": [-680.022776142978, -671.363476230113],
        "robust_right_censored": [
            0.498318091413769,
            0.00783740703684044,
            0.128357755238852,
            0.0922057153827593,
            0.0814492694431768,
        ],
        "cluster_right_censored": [
            0.528279695735882,
            0.0076263702099569,
            0.114998644314061,
            0.0896129788985104,
            0.0746137441585785,
        ],
        "cluster_weighted_right_censored": [
            0.510131824870851,
            0.00769514674677475,
            0.138174852941285,
            0.0989629218405604,
            0.0656369418918453,
        ],
    },
}


@pytest.fixture(scope="module")
def lung(golden_data):
    return lung_at_visits(golden_data("lung"))


@pytest.fixture(scope="module")
def right_censored(golden_data):
    rows = golden_data("lung").dropna(subset=["time", "dead", "inst", *COLUMNS])
    return rows, outcome(rows["time"], rows["dead"])


def structured_visits(seen):
    y = structured(seen.time, seen.event)
    with_visits = np.empty(len(y), dtype=[*y.dtype.descr, ("last_free", float)])
    for name in y.dtype.names:
        with_visits[name] = y[name]
    with_visits["last_free"] = seen.last_free
    return with_visits


@pytest.fixture(scope="module", params=NAMES)
def fitted(request, lung):
    rows, seen = lung
    model = AcceleratedFailureTime(request.param).fit(rows[COLUMNS], structured_visits(seen))
    return model, R[request.param]


def test_the_visits_hold_every_kind_of_row(lung):
    _, seen = lung
    between = np.isfinite(seen.last_free)
    assert (between.sum(), (seen.last_free == 0).sum(), ((seen.event == 1) & ~between).sum()) == (111, 12, 53)
    assert (seen.event == 0).sum() == 63


def test_interval_censored_fit_equals_r(fitted):
    model, theirs = fitted
    estimate: ParametricEstimate = model.estimate_
    np.testing.assert_allclose([estimate.intercept, *estimate.log_time_ratios], theirs["coef"], rtol=EXACT)
    np.testing.assert_allclose(estimate.scale, theirs["scale"][0], rtol=EXACT)
    np.testing.assert_allclose(estimate.loglik, theirs["loglik"], rtol=EXACT)
    np.testing.assert_allclose(np.sqrt(np.diag(estimate.survreg_covariance)), theirs["se"], rtol=EXACT)


def test_median_and_its_error_equal_r(fitted, lung):
    model, theirs = fitted
    design = model.preparation_.design(lung[0].head(3))
    median, lower, upper = model.estimate_.quantile(design, extrapolate=True)
    np.testing.assert_allclose(np.log(median), theirs["median_log"], rtol=EXACT)
    width = 1.9599639845400545 * np.array(theirs["median_se"])
    np.testing.assert_allclose(np.log(upper / median), width, rtol=1e-10)
    np.testing.assert_allclose(np.log(median / lower), width, rtol=1e-10)


@pytest.mark.parametrize("distribution", NAMES)
def test_weights_and_offset_equal_r(distribution, lung):
    rows, seen = lung
    known = rows["pat.karno"].notna().to_numpy()
    rows, theirs = rows[known], R[distribution]
    ours = fit(
        rows[["age", "sex"]],
        seen.take(known),
        distribution,
        weight=rows["wt"].to_numpy(float),
        offset=0.01 * rows["pat.karno"].to_numpy(float),
    )
    coefficients, se = survreg_table(ours)
    np.testing.assert_allclose(coefficients, theirs["weighted_coef"], rtol=EXACT)
    np.testing.assert_allclose(se, theirs["weighted_se"], rtol=EXACT)
    np.testing.assert_allclose(ours.loglik, theirs["weighted_loglik"], rtol=EXACT)


@pytest.mark.parametrize("distribution", NAMES)
def test_robust_errors_equal_r(distribution, right_censored):
    rows, seen = right_censored
    cluster, weight = pd.factorize(rows["inst"])[0], rows["wt"].to_numpy(float)
    cases = {
        "robust_right_censored": {"robust": True},
        "cluster_right_censored": {"cluster": cluster},
        "cluster_weighted_right_censored": {"cluster": cluster, "weight": weight},
    }
    for name, options in cases.items():
        se = survreg_table(fit(rows[COLUMNS], seen, distribution, **options))[1]
        np.testing.assert_allclose(se, R[distribution][name], rtol=EXACT, err_msg=name)


@pytest.mark.parametrize("distribution", NAMES)
def test_narrow_intervals_give_the_exact_fit(distribution, right_censored):
    """The log-likelihoods differ by the log widths of the intervals."""
    rows, seen = right_censored
    width = 1e-5 * seen.time
    narrow = outcome(seen.time, seen.event, None, np.where(seen.event == 1, seen.time - width, np.nan))
    exact, between = (fit(rows[COLUMNS], which, distribution) for which in (seen, narrow))
    np.testing.assert_allclose(between.coefficients, exact.coefficients, rtol=1e-4)
    np.testing.assert_allclose(between.covariance, exact.covariance, rtol=1e-3, atol=1e-8)
    widths = np.log(width[seen.event == 1]).sum()
    assert between.loglik[1] - widths == pytest.approx(exact.loglik[1], abs=1e-3)


def test_intervals_move_the_curve_to_earlier_times(lung):
    """Taking the visit for the event puts it too late: by up to a whole interval, here by about half of one."""
    rows, seen = lung
    at_visit = structured(seen.time, seen.event)
    naive = AcceleratedFailureTime().fit(rows[COLUMNS], at_visit)
    right = AcceleratedFailureTime().fit(rows[COLUMNS], structured_visits(seen))
    design = right.preparation_.design(rows)
    shift = naive.estimate_.quantile(design)[0] - right.estimate_.quantile(design)[0]
    assert 5 < np.nanmedian(shift) < 40
