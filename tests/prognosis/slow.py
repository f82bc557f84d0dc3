"""Slow honest solvers: the definitions written out in plain loops, for small cohorts."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize


def log_likelihood(beta, rows, ties="efron", ridge=0.0):
    """Log partial likelihood by its definition, O(n^2).

    `rows` has the arrays x (n, p), time, event and optionally entry, stratum, weight, offset. Tied events share the
    mean of their weights (Efron's approximation as R weights it); ridge is R's ``ridge(scale=TRUE)``.
    """
    n = len(rows["time"])
    entry = rows.get("entry", np.full(n, -np.inf))
    stratum = rows.get("stratum", np.zeros(n))
    weight = rows.get("weight", np.ones(n))
    eta = rows["x"] @ beta + rows.get("offset", np.zeros(n))
    total = 0.0
    for s in np.unique(stratum):
        for t in np.unique(rows["time"][rows["event"] & (stratum == s)]):
            at_risk = (stratum == s) & (entry < t) & (rows["time"] >= t)
            dead = (stratum == s) & rows["event"] & (rows["time"] == t)
            everyone, tied = (weight * np.exp(eta))[at_risk].sum(), (weight * np.exp(eta))[dead].sum()
            m = dead.sum()
            total += (weight * eta)[dead].sum()
            for step in range(m):
                share = step / m if ties == "efron" else 0.0
                total -= weight[dead].mean() * np.log(everyone - share * tied)
    return total - 0.5 * ridge * (beta**2 * rows["x"].var(axis=0, ddof=1)).sum()


def cox_coefficients(rows, ties="efron", ridge=0.0):
    """Maximise the plain likelihood by a general optimiser."""
    scale = rows["x"].std(axis=0)
    found = minimize(
        lambda scaled: -log_likelihood(scaled / scale, rows, ties, ridge),
        np.zeros(rows["x"].shape[1]),
        method="BFGS",
        options={"gtol": 1e-7},
    )
    return found.x / scale


def baseline_hazard(beta, rows, ties="efron"):
    """Cumulative hazard at x = 0 after each event time, by its definition; one stratum, no weights."""
    entry = rows.get("entry", np.full(len(rows["time"]), -np.inf))
    risk = np.exp(rows["x"] @ beta)
    times, steps = np.unique(rows["time"][rows["event"]]), []
    for t in times:
        dead = rows["event"] & (rows["time"] == t)
        everyone, tied = risk[(entry < t) & (rows["time"] >= t)].sum(), risk[dead].sum()
        m = dead.sum()
        steps.append(sum(1 / (everyone - (k / m if ties == "efron" else 0) * tied) for k in range(m)))
    return times, np.cumsum(steps)


def pairs(time, event, marker, weight=None, entry=None, stratum=None):
    """Concordant, discordant and tied comparable pairs, by looking at every pair."""
    n = len(time)
    weight = np.ones(n) if weight is None else weight
    entry = np.full(n, -np.inf) if entry is None else entry
    stratum = np.zeros(n) if stratum is None else stratum
    counts = {"concordant": 0.0, "discordant": 0.0, "tied": 0.0}
    for i in range(n):
        for j in range(n):
            later = time[j] > time[i] or (time[j] == time[i] and not event[j])
            if i == j or not event[i] or not later or entry[j] >= time[i] or stratum[i] != stratum[j]:
                continue
            kind = "concordant" if marker[i] > marker[j] else "discordant" if marker[i] < marker[j] else "tied"
            counts[kind] += weight[i] * weight[j]
    return counts


def numerical_gradient(function, point, step=1e-5):
    """Central differences."""
    point = np.asarray(point, float)
    unit = np.eye(len(point)) * step
    return np.array([(function(point + e) - function(point - e)) / (2 * step) for e in unit])
