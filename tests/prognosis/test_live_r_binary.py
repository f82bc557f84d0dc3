"""Metrics of binary outcomes against pROC, rms and base R in this run, where R is installed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from prognosis.kernels.lowess import lowess
from prognosis.metrics.agreement import mcnemar
from prognosis.metrics.binary_calibration import val_prob
from prognosis.metrics.classification import Proportion, youden_threshold
from prognosis.metrics.roc import compare_paired, compare_unpaired, roc_auc
from tests.prognosis.made_binary import patients
from tests.prognosis.test_live_r import close, r

__all__ = ["r"]
# Few patients, heavy ties, many patients, and predictions that are far too extreme.
COHORTS = {
    "few": patients(40, seed=1, digits=6),
    "tied": patients(300, seed=2, digits=1),
    "many": patients(4000, seed=3, digits=8),
    "extreme": patients(500, seed=4, shift=0.5, stretch=2.5, digits=3),
}
CODE = """
with_rms()
if (!requireNamespace("pROC", quietly = TRUE)) { give(NULL); quit() }
suppressPackageStartupMessages(library(pROC))
area <- function(x) roc(d$y, x, direction = "<", quiet = TRUE)
a <- area(d$p); b <- area(d$q)
paired <- roc.test(a, b, method = "delong", paired = TRUE)
apart <- suppressWarnings(roc.test(a, b, method = "delong", paired = FALSE))
u <- d$p >= .5; v <- d$q >= .5
m <- table(factor(u, c(FALSE, TRUE)), factor(v, c(FALSE, TRUE)))
recalibrated <- glm(y ~ qlogis(p), binomial, d, control = list(epsilon = 1e-15, maxit = 100))
give(list(val = as.list(val.prob(d$p, d$y, pl = FALSE)), line = as.numeric(coef(recalibrated)),
  smooth = lowess(d$p, d$y, iter = 0)$y, auc = c(a$auc, var(a), ci.auc(a)),
  paired = c(paired$statistic, paired$p.value), apart = c(apart$statistic, apart$parameter, apart$p.value),
  best = as.numeric(coords(a, "best", ret = c("threshold", "sensitivity", "specificity"), transpose = FALSE)[1, ]),
  mcnemar = c(mcnemar.test(m)$p.value, mcnemar.test(m, correct = FALSE)$p.value,
    binom.test(m[1, 2], m[1, 2] + m[2, 1])$p.value),
  exact = binom.test(sum(u & d$y), sum(d$y))$conf.int))
"""


@pytest.fixture(scope="module", params=COHORTS)
def judged(r, request):
    """Outcome, prediction, another one, and what R says."""
    event, risk = COHORTS[request.param]
    other = np.clip(risk + np.random.default_rng(9).normal(0, 0.1, len(risk)), 0.01, 0.99)
    theirs = r(CODE, d=pd.DataFrame({"y": event, "p": risk, "q": other}))
    if not theirs:
        pytest.skip("needs the R package pROC")
    return event, risk, other, theirs


def test_areas_and_their_tests(judged):
    event, risk, other, theirs = judged
    one, two = roc_auc(event, risk), roc_auc(event, other)
    lower, upper = one.limits()
    close([*one.estimate, *one.std_err**2, *lower, *one.estimate, *upper], theirs["auc"], rtol=1e-11)
    paired, apart = compare_paired(one, two), compare_unpaired(one, two)
    close([paired.statistic, paired.p], theirs["paired"], rtol=1e-9)
    close([apart.statistic, apart.freedom, apart.p], theirs["apart"], rtol=1e-9)


def test_val_prob(judged):
    """Intercept and slope are glm's; lrm's early stop shows in U a little, as the likelihood is flat at its top."""
    event, risk, _, theirs = judged
    ours = val_prob(event, risk)
    close([ours["Intercept"], ours["Slope"]], theirs["line"], rtol=1e-9)
    for name, (value,) in theirs["val"].items():
        if name not in ("D:p", "Intercept", "Slope"):
            assert ours[name] == pytest.approx(value, rel=1e-6 if name[0] in "UQ" else 1e-9, abs=1e-12), name


def test_smooth_of_every_patient(judged):
    event, risk, _, theirs = judged
    close(lowess(risk, event.astype(float))[1], theirs["smooth"], rtol=1e-9)


def test_classification(judged):
    event, risk, other, theirs = judged
    chosen = youden_threshold(event, risk)
    close([chosen.threshold, chosen.sensitivity, chosen.specificity], theirs["best"], rtol=1e-12)
    found = mcnemar((risk >= 0.5).astype(int), (other >= 0.5).astype(int))
    tests = [found.chi_squared()[1], found.chi_squared(continuity=False)[1], found.exact_p]
    close(tests, theirs["mcnemar"], rtol=1e-9)
    positive = int(((risk >= 0.5) & (event == 1)).sum())
    close(Proportion(positive, int(event.sum())).limits(), theirs["exact"], rtol=1e-9)
