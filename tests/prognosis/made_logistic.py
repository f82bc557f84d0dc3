"""What the tests of logistic regression share: published data, R's interpolated limits, slow likelihoods, patients."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.interpolate import make_interp_spline
from scipy.optimize import minimize
from scipy.special import expit

from prognosis.logistic.likelihood import standardise
from prognosis.logistic.profile import Profile

# Heinze and Schemper (2002): neovascularisation and high grade, pulsatility index, endometrium height of 79 patients.
_ENDOMETRIAL = """
00:13:1.64 00:16:2.26 00:8:3.14 00:34:2.68 00:20:1.28 00:5:2.31 00:17:1.8 00:10:1.68 00:26:1.56 00:17:2.31
00:8:2.01 00:7:1.89 00:20:3.15 00:10:1.23 00:18:1.27 00:16:1.76 00:18:2 01:8:2.64 01:29:0.88 01:12:1.27
01:20:1.37 11:38:0.97 11:22:1.14 11:7:0.88 11:25:0.91 11:15:0.58 01:7:0.97 00:28:1.5 00:11:1.33 00:19:2.37
00:10:1.82 00:10:3.13 00:18:1.31 00:14:1.92 00:21:1.64 00:11:2.01 00:17:1.88 00:25:1.93 00:16:2.11 00:19:1.29
00:15:1.72 00:33:0.75 00:24:1.92 01:48:1.84 01:12:1.11 01:19:1.61 01:2:1.18 11:22:1.44 11:40:1.18 11:5:0.93
11:0:1.17 01:21:1.19 01:15:1.06 00:29:2.02 00:15:2.29 00:12:2.33 00:3:2.9 00:20:1.7 00:23:1.41 00:12:2.25
00:22:1.54 00:42:1.97 00:15:1.75 00:13:2.16 00:14:2.57 00:19:1.37 00:12:3.61 00:13:2.04 00:10:2.17 01:12:1.69
11:49:0.27 01:6:1.84 01:5:1.3 01:17:0.96 11:11:1.01 11:21:0.98 01:5:0.35 11:19:1.02 01:33:0.85
"""
# Foxman et al. (1997), in logistf as sex2: case, age, oc, vic, vicl, vis, dia and how many of 239 women.
_SEX2 = """
1111000:3 1110000:5 1101111:1 1101100:1 1101011:1 1101010:1 1101000:2 1011110:3 1011100:7 1011010:2 1011001:1
1011000:15 1010001:3 1010000:44 1001111:1 1001110:12 1001100:10 1001010:3 1001000:14 1000010:1 0111110:2 0111000:1
0110010:1 0110000:14 0101110:4 0101100:2 0011110:6 0011100:5 0011000:1 0010010:1 0010000:42 0001110:18 0001100:8
0001010:1 0001000:2 0000010:1
"""


def endometrial():
    """Return predictors and outcome; NV separates the high grades."""
    cells = [entry.split(":") for entry in _ENDOMETRIAL.split()]
    table = np.array([[float(both[0]), float(pi), float(eh), float(both[1])] for both, pi, eh in cells])
    return pd.DataFrame(table[:, :3], columns=["NV", "PI", "EH"]), table[:, 3].astype(int)


def sex2(repeated=True):
    """Return predictors and outcome; a row a woman, or one a pattern with its `count`. Diaphragms separate."""
    cells = [entry.split(":") for entry in _SEX2.split()]
    table = np.array([[int(digit) for digit in pattern] for pattern, _ in cells])
    count = np.array([int(number) for _, number in cells])
    names = ["age", "oc", "vic", "vicl", "vis", "dia"]
    if repeated:
        table = np.repeat(table, count, axis=0)
        return pd.DataFrame(table[:, 1:].astype(float), columns=names), table[:, 0]
    return pd.DataFrame(table[:, 1:].astype(float), columns=names).assign(count=count.astype(float)), table[:, 0]


def bleeders(n=300, seed=3):
    """Return n made-up patients: predictors with an id of the centre, a weight and an offset, and a binary outcome."""
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": draw.integers(30, 85, n).astype(float),
            "size": draw.gamma(3, 2, n).round(1),
            "grade": draw.integers(1, 4, n).astype(float),
            "margin": (draw.random(n) < 0.4).astype(float),
        }
    )
    eta = -3 + 0.02 * frame["age"] + 0.15 * frame["size"] + 0.3 * frame["grade"] - 0.5 * frame["margin"]
    extra = {
        "centre": draw.integers(0, 25, n),
        "weight": 0.5 + draw.integers(0, 5, n) / 4,
        "shift": draw.normal(size=n),
    }
    return frame, pd.DataFrame(extra), (draw.random(n) < expit(eta.to_numpy())).astype(int)


def log_likelihood(beta, x, y, weight=None, offset=0.0):
    """Log-likelihood of (intercept, slopes) by its definition."""
    log_odds = beta[0] + x @ beta[1:] + offset
    each = -np.logaddexp(0.0, np.where(y == 1, -log_odds, log_odds))
    return float(each.sum() if weight is None else weight @ each)


def firth_likelihood(beta, x, y, weight=None, offset=0.0):
    """Log-likelihood with Jeffreys' penalty: half the log determinant of the information, by its definition."""
    full = np.column_stack([np.ones(len(x)), x])
    risk = expit(full @ beta + offset)
    information = full.T @ np.diag(risk * (1 - risk) * (1 if weight is None else weight)) @ full
    return log_likelihood(beta, x, y, weight, offset) + 0.5 * np.linalg.slogdet(information)[1]


def maximum(function, x, fixed=None):
    """Maximise over (intercept, slopes) by general optimisers without derivatives; `fixed` maps places to values."""
    scale = np.append(1.0, x.std(axis=0))
    fixed = fixed or {}
    free = [place for place in range(len(scale)) if place not in fixed]

    def at(values):
        beta = np.zeros(len(scale))
        beta[free] = values / scale[free]
        for place, value in fixed.items():
            beta[place] = value
        return beta

    start = np.zeros(len(free))
    for _ in range(4):
        found = minimize(lambda values: -function(at(values)), start, method="Nelder-Mead",
                         options={"xatol": 1e-10, "fatol": 1e-13, "maxiter": 40_000, "maxfev": 40_000})  # fmt: skip
        found = minimize(lambda values: -function(at(values)), found.x, method="BFGS", options={"gtol": 1e-9})
        start = found.x
    return at(found.x), -float(found.fun)


def interpolated_limits(logistic, level=0.95):
    """Profile limits as ``MASS:::confint.glm`` interpolates them, from our profile likelihood at its grid points."""
    kept, estimate = logistic.training_, logistic.estimate_
    event = kept.outcome.event == 1
    profile = Profile(standardise(kept.design + estimate.means, event, estimate.names))
    at = np.append(estimate.intercept_at_zero, estimate.coefficients)
    se = np.sqrt(np.diag(estimate.covariance_at_zero))
    return [_interpolated(profile, term, at[term], se[term]) for term in range(len(at))]


def _interpolated(profile, term, centre, se):
    farthest, cut = 2.497705474412374, 1.959963984540054  # normal quantiles of 1 - 0.0125 / 2 and 0.975
    points = {centre: 0.0}
    for side in (-1, 1):
        for step in range(1, 10):
            value = centre + side * step * farthest / 5 * se
            points[value] = -profile.deviate(term, value)
            if abs(points[value]) >= farthest:
                break
    x, z = np.array(sorted(points)), np.array([points[value] for value in sorted(points)])
    # R's spline of Forsythe, Malcolm and Moler ends with the third derivative of the cubic through four points.
    third = [6 * _divided(x[end], z[end]) for end in (slice(0, 4), slice(-4, None))]
    spline = make_interp_spline(x, z, k=3, bc_type=([(3, third[0])], [(3, third[1])]))
    grid = np.linspace(x[0], x[-1], 3 * len(x))
    return [float(np.interp(side * cut, spline(grid), grid)) for side in (-1, 1)]


def _divided(x, z):
    while len(z) > 1:
        z = np.diff(z) / (x[len(x) - len(z) + 1 :] - x[: len(z) - 1])
    return float(z[0])
