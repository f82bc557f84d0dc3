"""What follows from a fitted Cox model, against R's survival and rms in this run, where R is installed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from prognosis.cox.changing_covariates import risk_along
from prognosis.cox.diagnostics import residuals_of
from prognosis.cox.hypothesis_tests import robust_score_test, wald_tests
from prognosis.cox.survival_times import printed_error, restricted_mean, survival_quantiles
from prognosis.metrics.concordance import clustered_se, concordance
from prognosis.models import Cox
from tests.prognosis.made import outcome_of, patients, structured
from tests.prognosis.test_live_r import close, r

__all__ = ["r"]
KINDS = ("martingale", "deviance", "score", "schoenfeld", "scaled_schoenfeld", "dfbeta", "dfbetas")
COLUMNS = ["age", "albumin", "sex", "centre"]


@pytest.fixture(scope="module")
def rows():
    """Heavily tied counting-process rows, two for most patients, with case weights and two strata."""
    frame = patients(300)
    frame = frame.assign(months=np.ceil(frame["months"]), start=np.floor(frame["start"]))
    frame["start"] = np.minimum(frame["start"], frame["months"] - 1)
    frame["person"] = np.arange(300) // 2
    return frame.reset_index(drop=True)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_residuals_with_strata_weights_delayed_entry_and_clusters(r, rows, ties):
    expected = r(
        f"""
        d$sex <- relevel(d$sex, "F"); f <- coxph(Surv(start, months, event) ~ age + albumin + sex + strata(centre), d,
          weight, ties = "{ties}", control = cc, cluster = person)
        kinds <- c("martingale", "deviance", "score", "schoenfeld", "scaledsch", "dfbeta", "dfbetas")
        o <- lapply(kinds, function(k) unname(as.matrix(residuals(f, k)))); names(o) <- kinds
        by <- function(k) unname(as.matrix(suppressWarnings(residuals(f, k, collapse = d$person))))
        for (k in kinds[c(1, 2, 3, 6, 7)]) o[[paste0(k, "_by")]] <- by(k)
        o$robust <- unname(summary(f)$robscore); give(o)
        """,
        d=rows,
    )
    cox = Cox(ties=ties, strata=["centre"], weights="weight", cluster="person")
    cox.fit(rows[[*COLUMNS, "weight", "person"]], outcome_of(rows, entry=True))
    kept = cox.training_
    for kind in KINDS:
        theirs = "scaledsch" if kind == "scaled_schoenfeld" else kind
        table = residuals_of(cox.estimate_, kept, kind)
        np.testing.assert_allclose(table, expected[theirs], rtol=1e-8, atol=1e-10, err_msg=kind)
        if f"{theirs}_by" in expected:
            table = residuals_of(cox.estimate_, kept, kind, by=rows["person"])
            # R's deviance is wrong for a patient with two events.
            known = rows.groupby("person")["event"].sum() < 2 if kind == "deviance" else slice(None)
            values = np.array(expected[f"{theirs}_by"], float)[known]
            np.testing.assert_allclose(table[known], values, rtol=1e-8, atol=1e-10, err_msg=kind)
    found = robust_score_test(kept.design, kept.risk_sets, cluster=kept.special.cluster, efron=ties == "efron")
    close(found, expected["robust"])


@pytest.mark.parametrize("interval", ["log", "log-log", "plain"])
def test_quantiles_and_restricted_means_by_stratum(r, rows, interval):
    expected = r(
        f"""
        d$sex <- relevel(d$sex, "F")
        f <- coxph(Surv(start, months, event) ~ age + albumin + sex + strata(centre), d, control = cc)
        give(lapply(1:8, function(i) {{ s <- survfit(f, newdata = d[i, ], conf.type = "{interval}")
          q <- quantile(s, c(.1, .25, .5, .9)); m <- summary(s, rmean = 24)$table
          list(q = q$quantile, lo = q$lower, hi = q$upper, m = m["rmean"], se = m["se(rmean)"]) }}))
        """,
        d=rows,
    )
    cox = Cox(strata=["centre"]).fit(rows[COLUMNS], outcome_of(rows, entry=True))
    design = cox.preparation_.design(rows[COLUMNS].head(8))
    stratum = (rows["centre"].head(8) == "south").to_numpy(np.int64)
    found = survival_quantiles(cox.estimate_, design, [0.1, 0.25, 0.5, 0.9], stratum=stratum, interval=interval)
    mean = restricted_mean(cox.estimate_, design, 24.0, stratum=stratum).mean
    printed = printed_error(cox.estimate_, design, 24.0, cox.training_.risk_sets, stratum=stratum)
    for i, theirs in enumerate(expected):
        for ours, key in zip(found, ("q", "lo", "hi"), strict=True):
            close(ours[i], np.array(theirs[key], float))
        close(mean[i], theirs["m"])
        close(printed[i], theirs["se"])


def test_path_of_changing_covariates(r, golden_data):
    """Survival everywhere; the error where the path has not changed yet (R before 3.8-0 errs later)."""
    heart = golden_data("heart")
    expected = r(
        """
        d$transplant <- factor(d$transplant)
        f <- coxph(Surv(start, stop, event) ~ age + year + surgery + transplant, d, control = cc)
        new <- data.frame(start = c(0, 50, 200), stop = c(50, 200, 400), event = 0, age = -2, year = 3,
                          surgery = c(0, 0, 1), transplant = factor(c(0, 1, 1)), id = 1)
        s <- summary(survfit(f, newdata = new, id = id), times = c(1, 30, 50, 100, 300, 390))
        give(list(surv = s$surv, lower = s$lower, upper = s$upper, fixed = packageVersion("survival") >= "3.8.0"))
        """,
        d=heart,
    )
    x = heart[["age", "year", "surgery", "transplant"]]
    cox = Cox().fit(x, outcome_of(heart.rename(columns={"stop": "months"}), entry=True))
    path = np.array([[-2.0, 3, 0, 0], [-2, 3, 0, 1], [-2, 3, 1, 1]])
    risk, lower, upper = risk_along(cox.estimate_, path, [0, 50, 200], [50, 200, 400]).at([1, 30, 50, 100, 300, 390])
    close(1 - risk, expected["surv"])
    same = slice(None) if expected["fixed"][0] else slice(0, 3)
    close(1 - upper[same], expected["lower"][same])
    close(1 - lower[same], expected["upper"][same])


@pytest.mark.parametrize(("kind", "delayed"), [("n", True), ("n", False), ("S", False), ("I", False), ("n/G2", False)])
def test_concordance_with_strata_delayed_entry_weights_and_clusters(r, rows, kind, delayed):
    """R 3.5 crashes when S or I meets delayed entry; and there it counts tied times beyond tau too."""
    marked = rows.assign(marker=(rows["age"] / 5).round())
    expected = r(
        f"""
        d$y <- Surv({"d$start, " if delayed else ""}d$months, d$event)
        a <- concordance(y ~ marker + strata(centre), d, weights = weight, cluster = person,
                         reverse = TRUE, timewt = "{kind}", ymax = 40)
        b <- concordance(y ~ marker, d, reverse = TRUE, timewt = "{kind}", influence = 1)
        give(list(c = a$concordance, v = a$var, count = unname(colSums(a$count)), cb = b$concordance, vb = b$var,
                  dfbeta = unname(b$dfbeta)))
        """,
        d=marked,
    )
    arrays = [marked[name].to_numpy(float) for name in ("months", "event", "marker", "start", "weight")]
    time, event, marker, entry, weight = arrays
    entry = entry if delayed else None
    stratum = (marked["centre"] == "south").to_numpy(np.int64)
    found = concordance(
        time, event == 1, marker, entry=entry, weight=weight, stratum=stratum, time_weight=kind, tau=40.0
    )
    close(found.concordance, expected["c"], rtol=1e-12)
    close(clustered_se(found, marked["person"].to_numpy()) ** 2, expected["v"], rtol=1e-12)
    counted = [0, 1, 2, 4] if delayed else slice(None)
    close(np.array(found.pairs)[counted], np.array(expected["count"])[counted], rtol=1e-12)
    plain = concordance(time, event == 1, marker, entry=entry, time_weight=kind)
    close([plain.concordance, plain.se**2], [*expected["cb"], *expected["vb"]], rtol=1e-12)
    np.testing.assert_allclose(plain.influence, expected["dfbeta"], rtol=1e-10, atol=1e-15)


def test_wald_tests_by_term(r, golden_data):
    gbsg = golden_data("gbsg")
    gbsg["gradef"] = pd.Categorical(gbsg["grade"].astype(str), categories=["1", "2", "3"])
    expected = r(
        """
        with_rms(); d$gradef <- factor(d$gradef); dd <- datadist(d); options(datadist = "dd")
        f <- cph(Surv(rfstime, status) ~ rcs(age, 3) * rcs(nodes, 4) + gradef * hormon, d, eps = 1e-13, tol = 1e-16,
                 iter.max = 100)
        a <- unclass(anova(f)); give(list(chisq = unname(a[, 1]), df = unname(a[, 2]), names = trimws(rownames(a))))
        """,
        d=gbsg,
    )
    cox = Cox(splines={"age": 3, "nodes": 4}, interactions=[("age", "nodes"), ("gradef", "hormon")])
    cox.fit(gbsg[["age", "nodes", "gradef", "hormon"]], structured(gbsg["rfstime"], gbsg["status"]))
    table = wald_tests(cox.estimate_, cox.preparation_)
    extra = [place for place, name in enumerate(expected["names"]) if "f(A,B)" in name or " vs. " in name]
    theirs = np.delete(np.array([expected["chisq"], expected["df"]]), extra, axis=1)
    np.testing.assert_array_equal(table["df"], theirs[1])
    close(table["chisq"], theirs[0], rtol=1e-7)
