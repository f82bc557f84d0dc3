"""The Fine-Gray model written out in plain loops, and what each row adds to it, for small cohorts."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize


def observation(rows, group, moment, events_first=False):
    """G(t-) over H: probability not to be censored before `moment`, over that to have entered by then.

    `rows` has time, event, entry, weight, group. H counts from the first competing event on, as only ratios are used.
    """
    inside = rows["group"] == group
    if moment > rows["time"][inside].max():
        return 0.0
    time, event, entry, weight = (rows[name][inside] for name in ("time", "event", "entry", "weight"))
    since = time[event > 1].min(initial=np.inf)
    out = 1.0
    for u in np.unique(time[event == 0]):
        at_risk = (entry < u) & ((time > u) | ((time == u) & ((event == 0) | (not events_first))))
        if u < moment:
            out *= 1 - weight[(time == u) & (event == 0)].sum() / weight[at_risk].sum()
    for u in np.unique(entry[np.isfinite(entry) & (entry >= since)]):
        if u < moment:
            out /= 1 - weight[entry == u].sum() / weight[(entry <= u) & (time > u)].sum()
    return out


def weights_of(rows, events_first=False):
    """Weight of each row in the risk set of each event time, (n, G), without its case weight; and the times."""
    times = np.unique(rows["time"][rows["event"] == 1])
    n = len(rows["time"])
    out = np.zeros((n, len(times)))
    for i in range(n):
        group = rows["group"][i]
        for g, t in enumerate(times):
            if rows["entry"][i] < t <= rows["time"][i]:
                out[i, g] = 1.0
            elif rows["event"][i] > 1 and rows["time"][i] < t:
                own = observation(rows, group, rows["time"][i], events_first)
                out[i, g] = observation(rows, group, t, events_first) / own
    return out, times


def log_likelihood(beta, rows, weight, times, efron=False):
    """Log pseudo-likelihood by its definition."""
    eta = rows["x"] @ beta
    risk = rows["weight"] * np.exp(eta)
    total = 0.0
    for g, t in enumerate(times):
        dead = (rows["time"] == t) & (rows["event"] == 1)
        total += (rows["weight"] * eta)[dead].sum()
        for step in range(dead.sum()):
            share = step / dead.sum() if efron else 0.0
            total -= rows["weight"][dead].mean() * np.log(risk @ weight[:, g] - share * risk[dead].sum())
    return total


def coefficients(rows, events_first=False, efron=False):
    """Maximise the plain likelihood by a general optimiser."""
    weight, times = weights_of(rows, events_first)
    start = np.zeros(rows["x"].shape[1])
    found = minimize(
        lambda beta: -log_likelihood(beta, rows, weight, times, efron), start, method="BFGS", options={"gtol": 1e-8}
    )
    return found.x


def influences(beta, rows):
    """What each row adds to the score, (n, p), and to the hazard at x = 0 for known coefficients, (n, G).

    By Fine and Gray's definitions, Breslow's ties: martingale of the event, plus the martingales of censoring and of
    entering times what the rows with a competing event T < u <= t would have counted.
    """
    x, time, event, entry, k, group = (rows[name] for name in ("x", "time", "event", "entry", "weight", "group"))
    weight, times = weights_of(rows)
    n, G = weight.shape
    risk = np.exp(x @ beta)
    s0 = (k * risk) @ weight
    means = (weight * (k * risk)[:, None]).T @ x / s0[:, None]
    hazard = np.array([k[(time == t) & (event == 1)].sum() for t in times]) / s0
    score, curve = np.zeros((n, x.shape[1])), np.zeros((n, G))
    for i in range(n):
        for g, t in enumerate(times):
            d_martingale = float(event[i] == 1 and time[i] == t) - weight[i, g] * risk[i] * hazard[g]
            score[i] += (x[i] - means[g]) * d_martingale
            curve[i, g:] += d_martingale / s0[g]

    def carried(u, c):
        q, q_curve = np.zeros(x.shape[1]), np.zeros(G)
        for j in range(n):
            for g, t in enumerate(times):
                if event[j] > 1 and group[j] == c and time[j] < u <= t:
                    part = k[j] * risk[j] * weight[j, g] * hazard[g]
                    q += (x[j] - means[g]) * part
                    q_curve[g:] += part / s0[g]
        return q, q_curve

    for c in np.unique(group):
        inside = group == c
        since = time[inside & (event > 1)].min(initial=np.inf)
        for u in np.unique(time[inside & (event == 0)]):
            q, q_curve = carried(u, c)
            at_risk = inside & (entry < u) & (time >= u)
            leaves = inside & (time == u) & (event == 0)
            rate = k[leaves].sum() / k[at_risk].sum()
            for i in np.flatnonzero(at_risk):
                step = (float(leaves[i]) - rate) / k[at_risk].sum()
                score[i] += q * step
                curve[i] += q_curve * step
        for u in np.unique(entry[inside & np.isfinite(entry) & (entry >= since)]):
            q, q_curve = carried(u, c)
            present = inside & (entry <= u) & (time > u)
            enters = inside & (entry == u)
            rate = k[enters].sum() / k[present].sum()
            for i in np.flatnonzero(present):
                step = (float(enters[i]) - rate) / k[present].sum()
                score[i] -= q * step
                curve[i] -= q_curve * step
    return score, curve, np.cumsum(hazard[:, None] * means, axis=0), np.cumsum(hazard)
