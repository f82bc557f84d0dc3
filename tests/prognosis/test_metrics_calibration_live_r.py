"""Calibration at a horizon against R's survival, prodlim, riskRegression and rms in this run, where R is installed."""

from __future__ import annotations

import subprocess

import numpy as np
import pandas as pd
import pytest

from prognosis.metrics.calibration_curve import calibration_curve
from prognosis.metrics.calibration_groups import calibration_groups
from prognosis.metrics.net_benefit_censored import net_benefit_censored
from prognosis.metrics.observed_expected import calibration_intercept, calibration_slope_at, observed_expected
from prognosis.metrics.pseudo_values import pseudo_incidence, pseudo_survival
from prognosis.models import Cox
from prognosis.outcome import SurvivalArrays
from tests.prognosis.made import structured
from tests.prognosis.made_risks import tied
from tests.prognosis.test_live_r import close, r

__all__ = ["r"]
HORIZONS = np.array([365.0, 1095.0])
COLUMNS = ["age", "size", "nodes", "hormon"]
# Andersen, Klein and Rosthoj's equations, solved by scoring in base R.
SETUP = """
gee <- function(x, y, off, b) {
  for (k in 1:300) { eta <- as.vector(off + x %*% b); D <- x * exp(eta - exp(eta)); e <- y - (1 - exp(-exp(eta)))
                     b <- b + as.vector(solve(crossprod(D), crossprod(D, e))) }
  B <- solve(crossprod(D)); list(b = b, fit = y - e, V = B %*% crossprod(D * e) %*% B) }
h <- c(365, 1095); r <- cbind(d$r1, d$r2); x <- log(-log(1 - r))
"""


@pytest.fixture(scope="module")
def extra(r):
    """R with prodlim and riskRegression too."""
    probe = 'for (p in c("prodlim", "riskRegression")) if (!requireNamespace(p, quietly = TRUE)) quit(status = 9)'
    if subprocess.run(["Rscript", "-e", probe], capture_output=True, check=False).returncode:
        pytest.skip("needs the R packages prodlim and riskRegression")
    return r


@pytest.fixture(scope="module")
def judged(golden_data):
    """A Cox model of every other patient of gbsg, and its risks in the others."""
    rows = golden_data("gbsg")
    odd, even = rows[rows.index % 2 == 0], rows[rows.index % 2 == 1]
    model = Cox().fit(odd[COLUMNS], structured(odd["rfstime"].to_numpy(float), odd["status"].to_numpy(int)))
    risk = model.estimate_.risk(model.preparation_.design(even[COLUMNS]), HORIZONS)[0]
    outcome = SurvivalArrays(even["rfstime"].to_numpy(float), even["status"].to_numpy(np.int64))
    table = pd.DataFrame({"time": outcome.time, "status": outcome.event, "r1": risk[:, 0], "r2": risk[:, 1]})
    return outcome, risk, table


def test_pseudo_values(extra):
    outcome = tied(150, np.random.default_rng(1))
    table = pd.DataFrame({"t": outcome.time, "e": outcome.event})
    expected = extra(
        """
        library(prodlim); h <- c(3, 8.5, 20)
        give(list(one = jackknife(prodlim(Hist(t, e) ~ 1, d), times = h, cause = 1),
             free = jackknife(prodlim(Hist(t, e > 0) ~ 1, d), times = h),
             small = pseudo(survfit(Surv(t, factor(e)) ~ 1, d), times = h)[, , 2],
             survival = pseudo(survfit(Surv(t, e > 0) ~ 1, d), times = h)))
        """,
        d=table,
    )
    horizons = [3, 8.5, 20]
    ours = {
        "one": pseudo_incidence(outcome, horizons),
        "free": pseudo_survival(outcome, horizons),
        "small": pseudo_incidence(outcome, horizons, jackknife="infinitesimal"),
        "survival": pseudo_survival(outcome, horizons, jackknife="infinitesimal"),
    }
    for name, values in ours.items():
        np.testing.assert_allclose(values, expected[name], rtol=0, atol=1e-12, err_msg=name)


def test_intercept_slope_and_curve_of_pseudo_values(extra, judged):
    outcome, risk, table = judged
    expected = extra(
        SETUP
        + """
        with_rms(); y <- 1 - prodlim::jackknife(prodlim::prodlim(prodlim::Hist(time, status) ~ 1, d), times = h)
        give(lapply(1:2, function(j) { n <- nrow(d)
          b <- matrix(rcspline.eval(x[, j], nk = 4, inclx = TRUE), n); X <- cbind(1, b)
          a <- gee(matrix(1, n), y[, j], x[, j], 0); s <- gee(cbind(1, x[, j]), y[, j], 0, c(0, 1))
          f <- gee(X, y[, j], 0, c(0, 1, 0, 0)); dist <- abs(f$fit - r[, j])
          list(a = c(a$b, sqrt(a$V)), s = c(s$b[2], sqrt(s$V[2, 2])), fit = f$fit[1:9],
               se = sqrt(diag(X[1:9, ] %*% f$V %*% t(X[1:9, ]))),
               errors = c(mean(dist), quantile(dist, c(.5, .9)), max(dist))) }))
        """,
        d=table,
    )
    intercept, slope = (measure(outcome, risk, HORIZONS) for measure in (calibration_intercept, calibration_slope_at))
    for j, theirs in enumerate(expected):
        close([intercept.estimate[j], intercept.std_err[j]], theirs["a"])
        close([slope.estimate[j], slope.std_err[j]], theirs["s"])
        curve = calibration_curve(outcome, risk[:, j], HORIZONS[j], knots=4, at=risk[:9, j])
        close(curve.observed, theirs["fit"])
        close(curve.std_err, theirs["se"])
        close(curve.errors().table().iloc[0, 1:], theirs["errors"])


@pytest.mark.parametrize("knots", [3, 5])
def test_curve_of_a_cox_model(r, judged, knots):
    outcome, risk, table = judged
    expected = r(
        SETUP
        + f"""
        with_rms(); give(lapply(1:2, function(j) {{
          z <- data.frame(time = d$time, status = d$status)
          z$b <- matrix(rcspline.eval(x[, j], nk = {knots}, inclx = TRUE), nrow(d))
          f <- coxph(Surv(time, status) ~ b, z, control = cc)
          s <- summary(survfit(f, newdata = z[1:9, ], conf.type = "log-log"), times = h[j])
          dist <- abs(1 - as.vector(summary(survfit(f, newdata = z), times = h[j])$surv) - r[, j])
          list(fit = 1 - s$surv, lower = 1 - s$upper, upper = 1 - s$lower,
               errors = c(mean(dist), quantile(dist, c(.5, .9)), max(dist))) }}))
        """,
        d=table,
    )
    for j, theirs in enumerate(expected):
        curve = calibration_curve(outcome, risk[:, j], HORIZONS[j], method="cox", knots=knots, at=risk[:9, j])
        lower, upper = curve.limits()
        for ours, name in ((curve.observed, "fit"), (lower, "lower"), (upper, "upper")):
            close(ours, theirs[name])
        close(curve.errors().table().iloc[0, 1:], theirs["errors"])


def test_observed_expected_groups_and_plot_calibration(extra, judged):
    """Groups are those of riskRegression's bars and of survfit; O/E has survfit's error."""
    outcome, risk, table = judged
    expected = extra(
        SETUP
        + """
        suppressMessages(library(riskRegression)); p <- Score(list(m = r), Hist(time, status) ~ 1, data = d, times = h,
          plots = "Calibration", cens.method = "jackknife", null.model = FALSE, metrics = NULL)
        give(lapply(1:2, function(j) { s <- summary(survfit(Surv(time, status) ~ 1, d), times = h[j])
          cut <- cut(r[, j], c(-1, quantile(r[, j], 1:9 / 10), 2), labels = FALSE)
          g <- summary(survfit(Surv(time, status) ~ cut, d), times = h[j], extend = TRUE)
          bars <- plotCalibration(p, times = h[j], cens.method = "jackknife", round = FALSE, q = 10, bars = TRUE,
                                  plot = FALSE)$plotFrames[[1]]
          list(oe = (1 - s$surv) / mean(r[, j]), se = s$std.err / (1 - s$surv), pred = bars$Pred, obs = bars$Obs,
               group = 1 - g$surv, error = g$std.err, lower = 1 - g$upper, upper = 1 - g$lower) }))
        """,
        d=table,
    )
    ratio = observed_expected(outcome, risk, HORIZONS, expected="fixed")
    groups = calibration_groups(outcome, risk, HORIZONS)
    limits = groups.limits()
    for j, theirs in enumerate(expected):
        rows = slice(10 * j, 10 * j + 10)
        close([ratio.estimate[j], ratio.std_err[j] / ratio.estimate[j]], [theirs["oe"][0], theirs["se"][0]], 1e-12)
        ours = (groups.predicted, groups.observed, groups.observed, groups.std_err, *limits)
        for values, name in zip(ours, ("pred", "obs", "group", "error", "lower", "upper"), strict=True):
            np.testing.assert_allclose(values[rows], theirs[name], rtol=1e-12, atol=1e-12, err_msg=name)


def test_integrated_error_is_near_the_hazard_regression_of_val_surv(r, judged):
    """rms::val.surv smooths by adaptive hazard regression, another curve of the same thing: E within .03 of ours."""
    outcome, risk, table = judged
    expected = r(
        SETUP
        + """
        with_rms(); v <- val.surv(est.surv = 1 - r[, 2], S = Surv(d$time, d$status), u = h[2],
                                  fun = function(p) log(-log(p)))
        give(mean(abs(v$actual - v$p)))
        """,
        d=table,
    )
    for method in ("pseudo-values", "cox"):
        found = calibration_curve(outcome, risk[:, 1], HORIZONS[1], method=method).errors()
        assert found.ici == pytest.approx(expected, abs=0.03)


def test_net_benefit_by_survfit_among_the_treated(r, judged):
    """The formula of dcurves::dca and of stdca, with R's own curves; competing events too."""
    outcome, risk, table = judged
    rng = np.random.default_rng(3)
    competing = np.where((outcome.event == 1) & (rng.random(len(outcome.event)) < 0.4), 2, outcome.event)
    expected = r(
        SETUP
        + """
        nb <- function(p, thr, f) { m <- p >= thr; q <- mean(m); k <- f(d[m, ]); q * k - q * (1 - k) * thr / (1 - thr) }
        km <- function(z) 1 - summary(survfit(Surv(time, status) ~ 1, z), times = h[2], extend = TRUE)$surv
        aj <- function(z) summary(survfit(Surv(time, factor(two, 0:2)) ~ 1, z), times = h[2], extend = TRUE)$pstate[, 2]
        thr <- c(.15, .25, .3, .4)
        give(list(km = sapply(thr, function(t) nb(r[, 2], t, km)), aj = sapply(thr, function(t) nb(r[, 2], t, aj))))
        """,
        d=table.assign(two=competing),
    )
    thresholds = [0.15, 0.25, 0.3, 0.4]
    for name, event in (("km", outcome.event), ("aj", competing)):
        found = net_benefit_censored(SurvivalArrays(outcome.time, event), risk[:, 1], HORIZONS[1], thresholds)
        np.testing.assert_allclose(found["model"].estimate[0], expected[name], rtol=1e-12, atol=1e-14)
