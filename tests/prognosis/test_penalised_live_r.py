"""Elastic-net Cox paths and their cross-validation against R's glmnet in this run, where R is; else these tests skip.

glmnet is run to full convergence: at its defaults it stops 1e-4 (its own code for entry and strata) to 1e-6 short.
"""

from __future__ import annotations

import json
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from prognosis.penalised.cox_path import fit_path, penalty_sequence
from prognosis.penalised.cox_validation import CoxRows, cross_validate

PENALTIES = np.exp(np.linspace(np.log(0.4), np.log(0.005), 5))
CASES = [(kind, alpha) for kind in ("plain", "weights") for alpha in (1, 0.5, 0)] + [("entry", 0.5), ("strata", 0.5)]
every_case = pytest.mark.parametrize(("kind", "alpha"), CASES)
CODE = """
suppressMessages({library(glmnet); library(survival); library(jsonlite)})
glmnet.control(epsnr = 1e-14, mxitnr = 500)
d <- read.csv("d.csv"); lambda <- fromJSON("lambda.json"); X <- as.matrix(d[, grep("^x", names(d))]); out <- list()
alphas <- list(plain = c(1, .5, 0), weights = c(1, .5, 0), entry = .5, strata = .5)
for (kind in names(alphas)) for (a in alphas[[kind]]) {
  y <- if (kind == "entry") Surv(d$entry, d$time, d$event) else Surv(d$time, d$event)
  if (kind == "strata") y <- stratifySurv(y, d$stratum)
  w <- if (kind == "weights") d$weight else rep(1, nrow(d))
  thresh <- if (kind %in% c("entry", "strata")) 1e-16 else 1e-22
  fit <- function(f, ...) f(X, y, family = "cox", alpha = a, weights = w, thresh = thresh, maxit = 1e8, ...)
  g <- fit(glmnet, lambda = lambda)
  own <- glmnet(X, y, family = "cox", alpha = a, weights = w, nlambda = 5)
  r <- list(coef = t(as.matrix(coef(g))), explained = g$dev.ratio, sequence = own$lambda)
  if (kind != "weights") { cv <- fit(cv.glmnet, lambda = lambda, foldid = d$fold + 1)
    r <- c(r, list(mean = cv$cvm, se = cv$cvsd, minimum = cv$lambda.min, one_se = cv$lambda.1se)) }
  out[[paste(kind, a)]] <- r }
cat(toJSON(out, digits = I(17), matrix = "rowmajor", auto_unbox = TRUE), file = "out.json")
"""


def made():
    """160 patients with tied times that glmnet can add 2e-14 to, and twelve columns of different scale."""
    draw = np.random.default_rng(3)
    n, p = 160, 12
    x = draw.normal(size=(n, p)) * draw.uniform(0.2, 5, p)
    x[:, 4] = draw.random(n) < 0.4
    eta = 0.5 * x[:, 0] / x[:, 0].std() + 0.4 * x[:, 4] - 0.5 * x[:, 2] / x[:, 2].std()
    died, censored = (np.ceil(t * 5) / 5 for t in (draw.exponential(5 * np.exp(-eta)), draw.uniform(1, 12, n)))
    frame = pd.DataFrame(x, columns=[f"x{j}" for j in range(p)])
    time = np.minimum(died, censored)
    entry = np.where(draw.random(n) < 0.5, 0, 0.6 * time * draw.random(n))
    stratum, weight = draw.integers(0, 3, n), draw.integers(1, 4, n) / 2
    return frame.assign(time=time, event=(died <= censored) * 1, entry=entry, stratum=stratum, weight=weight)


def rows_of(frame, kind):
    column = {name: frame[name].to_numpy() for name in ("entry", "stratum", "weight")}
    return CoxRows(
        frame.filter(like="x").to_numpy(),
        frame["time"].to_numpy(),
        frame["event"].to_numpy() == 1,
        column["weight"] if kind == "weights" else np.ones(len(frame)),
        column["entry"] if kind == "entry" else None,
        column["stratum"] if kind == "strata" else None,
    )


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """What glmnet finds, and the rows with the folds both use."""
    probe = 'for (p in c("survival", "glmnet", "jsonlite")) if (!requireNamespace(p, quietly = TRUE)) quit(status = 9)'
    if shutil.which("Rscript") is None or subprocess.run(["Rscript", "-e", probe], check=False).returncode:
        pytest.skip("needs Rscript with the packages survival, glmnet and jsonlite")
    folder, frame = tmp_path_factory.mktemp("r"), made()
    frame["fold"] = rows_of(frame, "plain").deal(4, seed=1)
    frame.to_csv(folder / "d.csv", index=False, float_format="%.17g")
    (folder / "lambda.json").write_text(json.dumps(list(PENALTIES)), encoding="utf-8")
    (folder / "run.R").write_text(CODE, encoding="utf-8")
    done = subprocess.run(["Rscript", "run.R"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads((folder / "out.json").read_text(encoding="utf-8")), frame


@every_case
def test_coefficients_and_explained_deviance(compared, kind, alpha):
    theirs, frame = compared
    expected = theirs[f"{kind} {alpha}"]
    path = fit_path(rows_of(frame, kind).likelihood(), alpha, PENALTIES)
    reference = np.array(expected["coef"])
    np.testing.assert_array_equal(path.coefficients == 0, reference == 0)
    np.testing.assert_allclose(path.coefficients, reference, rtol=1e-8, atol=2e-10)
    np.testing.assert_allclose(path.explained, expected["explained"], atol=1e-11)


@every_case
def test_sequence_of_penalties(compared, kind, alpha):
    theirs, frame = compared
    sequence = penalty_sequence(rows_of(frame, kind).likelihood(), alpha, 5)
    np.testing.assert_allclose(sequence, theirs[f"{kind} {alpha}"]["sequence"], rtol=1e-9)


@pytest.mark.parametrize(("kind", "alpha"), [case for case in CASES if case[0] != "weights"])
def test_cross_validated_deviance(compared, kind, alpha):
    """Same folds, same penalties; with weights glmnet rescales the two deviances differently and is not compared."""
    theirs, frame = compared
    expected, rows = theirs[f"{kind} {alpha}"], rows_of(frame, kind)
    curve = cross_validate(rows, fit_path(rows.likelihood(), alpha, PENALTIES), alpha, frame["fold"].to_numpy())
    np.testing.assert_allclose(curve.mean, expected["mean"], rtol=1e-9)
    np.testing.assert_allclose(curve.se, expected["se"], rtol=1e-9)
    assert PENALTIES[curve.chosen("minimum")] == pytest.approx(expected["minimum"], rel=1e-12)
    assert PENALTIES[curve.chosen("one-standard-error")] == pytest.approx(expected["one_se"], rel=1e-12)
