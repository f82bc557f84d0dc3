"""Newton's search for the Cox coefficients of a resample: rows by time that count several times, all in one call.

Columns lie one after the other for what is summed over rows, rows for what runs along time.
"""

from __future__ import annotations

import numpy as np
from numba import njit

MOST_STEPS = 30
# Predicted gain in log-likelihood that a last step leaves at 1e-10 standard errors from the maximum.
LAST_GAIN = 1e-9
# Within these a product of denominators is not at its end, and one more factor cannot overflow it.
SMALL, LARGE = 1e-150, 1e150


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def search(design, drawn, start, influence, efron):
    """Find the coefficients of the rows that were drawn.

    Parameters
    ----------
    design : (n, p) of all rows, each column in one piece. drawn : k of them, see `draw`. start : (p,) coefficients of
        the columns as they are. influence : (n, p) what each copy of a row adds to them before the search.
    efron : ties, else Breslow's.

    Returns
    -------
    found : whether full steps lead to a maximum. scales : (p,) of the columns, weighted. products : (p, p) of the
        standardised columns. beta : (p,) coefficients of these. information : (p, p) beside them. ends : smallest and
        largest linear predictor of the rows by them. everybody : (n,) linear predictor of all rows.
    """
    rows, copies = drawn[0], drawn[1]
    columns, along, means, scales = _standardised(design, rows, copies)
    products = np.empty((scales.size, scales.size))
    _cross(columns, copies, products)
    beta, information = _moved(start, influence, rows, copies) * scales, np.zeros(products.shape)
    eta, ends, everybody = np.empty(copies.size), np.zeros(2), np.zeros(design.shape[0])
    highest, found = -np.inf, False
    for _ in range(MOST_STEPS):
        value, score = _evaluate(columns, along, drawn, beta, efron, eta, information)
        if not value >= highest - 1e-9 * abs(value):
            break
        step = _solved(information, score)
        gain = (score * step).sum()
        beta = beta + step
        highest = value
        if 0.0 <= gain < LAST_GAIN:
            found = True
            _predict(columns, beta, eta)
            ends[0], ends[1] = eta.min(), eta.max()
            _predict_all(design, means, beta / scales, everybody)
            break
    return found, scales, products, beta, information, ends, everybody


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _moved(start, influence, rows, copies):
    """Coefficients to start from: one copy less of a row that was not drawn, one more of a row drawn twice."""
    out = start.copy()
    for i in range(rows.size):
        for j in range(out.size):
            out[j] += copies[i] * influence[rows[i], j]
    return out


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _standardised(design, rows, copies):
    """Drawn columns centred and scaled, (p, k) and (k, p), with means and scales; a constant column is left at zero."""
    size, p = rows.size, design.shape[1]
    columns, along, total = np.empty((p, size)), np.empty((size, p)), copies.sum()
    means, scales = np.zeros(p), np.zeros(p)
    for j in range(p):
        x = columns[j]
        for i in range(size):
            x[i] = design[rows[i], j]
        means[j] = _dot(copies, x) / total
        same = 1
        while same < size and x[same] == x[0]:
            same += 1
        for i in range(size):
            x[i] -= means[j]
        if same < size:
            scales[j] = np.sqrt(_dot3(copies, x, x) / total)
        inverse = 1.0 / scales[j] if scales[j] > 0.0 else 0.0
        for i in range(size):
            x[i] *= inverse
        for i in range(size):
            along[i, j] = x[i]
    return columns, along, means, scales


# sums in an order of the compiler's choice, several at a time; infinities and not-a-numbers stay what they are
@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz", "contract"})  # type: ignore[untyped-decorator]
def _dot(a, b):
    total = 0.0
    for i in range(a.size):
        total += a[i] * b[i]
    return total


@njit(cache=True, nogil=True, fastmath={"reassoc", "nsz", "contract"})  # type: ignore[untyped-decorator]
def _dot3(weight, a, b):
    total = 0.0
    for i in range(a.size):
        total += weight[i] * a[i] * b[i]
    return total


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _cross(columns, weight, out):
    """Write the weighted products of columns (p, k) to `out` (p, p)."""
    scaled = np.empty(weight.size)
    for a in range(columns.shape[0]):
        for i in range(weight.size):
            scaled[i] = weight[i] * columns[a, i]
        for b in range(a + 1):
            out[a, b] = _dot(scaled, columns[b])
            out[b, a] = out[a, b]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _predict(columns, beta, eta):
    """Write the linear predictor of columns (p, k)."""
    eta[:] = 0.0
    for j in range(beta.size):
        for i in range(eta.size):
            eta[i] += beta[j] * columns[j, i]


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _predict_all(design, means, coefficients, out):
    """Add the linear predictor of all rows to `out`, column by column as `linear_predictor_of` does."""
    for j in range(means.size):
        for i in range(out.size):
            out[i] += (design[i, j] - means[j]) * coefficients[j]


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _evaluate(columns, along, drawn, beta, efron, risk, information):
    """Log-likelihood and score; writes the information. `risk` is room of the rows' number."""
    _, copies, leaves, own, _, events = drawn
    _predict(columns, beta, risk)
    shift, loglik = risk.max(), 0.0
    for i in range(risk.size):
        if own[i]:
            loglik += copies[i] * (risk[i] - shift)
    for i in range(risk.size):
        risk[i] = copies[i] * np.exp(risk[i] - shift) if leaves[i] >= 0 else 0.0
    s0, d0 = _sums(risk, leaves, own, events.size, efron)
    hazard, residual = np.empty(risk.size), np.empty(risk.size)
    folds = np.empty((events.size, 3))
    loglik -= _spread(risk, drawn, s0, d0, hazard, folds)
    for i in range(risk.size):
        residual[i] = (copies[i] if own[i] else 0.0) - hazard[i]
    score = np.empty(beta.size)
    for j in range(beta.size):
        score[j] = _dot(residual, columns[j])
    _cross(columns, hazard, information)
    means, filled = _means(along, risk, drawn, folds)
    _subtract_means(means, filled, information)
    return loglik, score


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _sums(risk, leaves, own, times, efron):
    """Sum the risks of each risk set (G,), and of its tied events, 0 where ties are not taken apart."""
    s0, d0 = np.zeros(times), np.zeros(times)
    for i in range(risk.size):
        g = leaves[i]
        if g >= 0:
            s0[g] += risk[i]
            if efron and own[i]:
                d0[g] += risk[i]
    for g in range(times - 2, -1, -1):
        s0[g] += s0[g + 1]
    return s0, d0


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _spread(risk, drawn, s0, d0, hazard, folds):
    """Return the summed log-denominators; write risk times hazard of each row, and the factors of each set's means.

    With u the sum of covariates over a risk set and v over its tied events, the second moment of its means is
    ``a (u - b v)(u - b v)' + c v v'``; `folds` (G, 3) holds a, b, c.
    """
    leaves, own, events = drawn[2], drawn[3], drawn[5]
    logs, product, at, total, tied = 0.0, 1.0, -1, 0.0, 0.0
    for i in range(risk.size):
        g = leaves[i]
        if g < 0:
            hazard[i] = 0.0
            continue
        if g != at:
            at, tied = g, 0.0
            qq, fqq, ffqq = 0.0, 0.0, 0.0
            for step in range(events[g]):
                f = step / events[g] if d0[g] > 0.0 else 0.0
                den = s0[g] - f * d0[g]
                q = 1.0 / den
                # the logarithm of many at once
                product *= den
                if not SMALL < product < LARGE:
                    logs += np.log(product)
                    product = 1.0
                total += q
                tied += f * q
                qq += q * q
                fqq += f * q * q
                ffqq += f * f * q * q
            folds[g, 0], folds[g, 1] = qq, fqq / qq
            folds[g, 2] = max(ffqq - fqq * fqq / qq, 0.0)
        hazard[i] = risk[i] * (total - tied if own[i] else total)
    return logs + np.log(product)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _means(along, risk, drawn, folds):
    """Vectors whose outer products add up to the second moments of all means: (p, room), and how many there are."""
    leaves, own = drawn[2], drawn[3]
    p, filled, end = along.shape[1], 0, along.shape[0]
    out = np.empty((p, 2 * folds.shape[0]))
    total, tied = np.zeros(p), np.zeros(p)
    while end > 0 and leaves[end - 1] >= 0:
        g = leaves[end - 1]
        apart = folds[g, 1] > 0.0
        while end > 0 and leaves[end - 1] == g:
            end -= 1
            for j in range(p):
                total[j] += risk[end] * along[end, j]
            if apart and own[end]:
                for j in range(p):
                    tied[j] += risk[end] * along[end, j]
        main = np.sqrt(folds[g, 0])
        for j in range(p):
            out[j, filled] = main * (total[j] - folds[g, 1] * tied[j])
        filled += 1
        if apart:
            rest = np.sqrt(folds[g, 2])
            for j in range(p):
                out[j, filled] = rest * tied[j]
            filled += 1
            tied[:] = 0.0
    return out, filled


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _subtract_means(means, filled, information):
    for a in range(means.shape[0]):
        for b in range(a + 1):
            information[a, b] -= _dot(means[a, :filled], means[b, :filled])
            information[b, a] = information[a, b]


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _solved(matrix, right):
    """Solve for a positive definite matrix by Cholesky; not a number for any other."""
    p = right.size
    factor, out = np.zeros((p, p)), np.empty(p)
    for a in range(p):
        for b in range(a + 1):
            rest = matrix[a, b] - (factor[a, :b] * factor[b, :b]).sum()
            factor[a, b] = np.sqrt(rest) if a == b else rest / factor[b, b]
    for a in range(p):
        out[a] = (right[a] - (factor[a, :a] * out[:a]).sum()) / factor[a, a]
    for a in range(p - 1, -1, -1):
        out[a] = (out[a] - (factor[a + 1 :, a] * out[a + 1 :]).sum()) / factor[a, a]
    return out
