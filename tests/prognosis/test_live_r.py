"""The same models fitted by R's survival, rms and Hmisc in this run, where R is installed; else these tests skip."""

from __future__ import annotations

import json
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from cohorts import Cohort, TimeToEvent
from prognosis import Study
from prognosis.models import Cox
from prognosis.splines import default_knots, spline_basis
from tests.prognosis.made import outcome_of, patients, structured

EXACT = 1e-8
SETUP = """
suppressPackageStartupMessages({library(survival); library(jsonlite)})
with_rms <- function() suppressPackageStartupMessages(library(rms))
options(digits = 17, warn = 1)
cc <- coxph.control(eps = 1e-13, toler.chol = 1e-15, iter.max = 200)
give <- function(x) cat(toJSON(x, digits = I(17), matrix = "rowmajor", na = "null"), file = "out.json")
"""


@pytest.fixture(scope="module")
def r(tmp_path_factory):
    """Run R code on tables (as CSV) and return what it gives."""
    if shutil.which("Rscript") is None:
        pytest.skip("needs Rscript, which is not installed")
    probe = 'for (p in c("survival", "rms", "jsonlite")) if (!requireNamespace(p, quietly = TRUE)) quit(status = 9)'
    if subprocess.run(["Rscript", "-e", probe], capture_output=True, check=False).returncode:
        pytest.skip("needs the R packages survival, rms and jsonlite")

    def run(code, **tables):
        folder = tmp_path_factory.mktemp("r")
        for name, table in tables.items():
            table.to_csv(folder / f"{name}.csv", index=False, float_format="%.17g")
        read = "\n".join(f'{name} <- read.csv("{name}.csv", stringsAsFactors = TRUE)' for name in tables)
        (folder / "run.R").write_text(f"{SETUP}{read}\n{code}\n", encoding="utf-8")
        done = subprocess.run(["Rscript", "run.R"], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads((folder / "out.json").read_text(encoding="utf-8"))

    return run


def close(ours, theirs, rtol=EXACT):
    np.testing.assert_allclose(np.squeeze(ours), np.squeeze(theirs), rtol=rtol)


UAMS_COLUMNS = ["age", "sex", "b2m_mg_l", "ldh_u_l", "albumin_g_dl", "cyto_abnormal"]


@pytest.fixture(scope="module")
def uams(shared):
    rows = pd.read_csv(shared / "data" / "mm_uams_tt2" / "mm_uams_tt2.csv")
    rows = rows[["pid", *UAMS_COLUMNS, "efs_months", "efs_event"]].dropna()
    return rows[rows["efs_months"] > 0].reset_index(drop=True)


def test_myeloma_with_splines_and_an_interaction(r, uams):
    """Event-free survival of real patients: log transform, two splines, age by sex; through Study."""
    expected = r(
        """
        with_rms(); d$sex <- relevel(d$sex, "female"); d$lldh <- log(d$ldh_u_l)
        dd <- datadist(d); options(datadist = "dd")
        f <- coxph(Surv(efs_months, efs_event) ~ rcs(age, 4) * sex + rcs(b2m_mg_l, 3) + lldh + albumin_g_dl +
                   cyto_abnormal, d, control = cc, x = TRUE)
        s <- summary(survfit(f, newdata = d[1:7, ]), times = c(6, 24, 60))
        z <- cox.zph(f)$table; o <- cph(Surv(efs_months, efs_event) ~ rcs(age, 4) * sex + rcs(b2m_mg_l, 3) + lldh +
                   albumin_g_dl + cyto_abnormal, d, eps = 1e-12)
        give(list(coef = unname(coef(f)), names = names(coef(o)), se = sqrt(diag(vcov(f))), loglik = f$loglik,
             surv = s$surv, lower = s$lower, upper = s$upper, zph = z[, 1], df = z[, 2],
             c = unname(concordance(f)$concordance), knots = o$Design$parms))
        """,
        d=uams,
    )
    typed = uams.assign(sex=pd.Categorical(uams["sex"], categories=["female", "male"]))
    endpoint = TimeToEvent(
        "efs", time="efs_months", event="efs_event", unit="months", origin="registration", horizons=(6, 24, 60)
    )
    study = Study(Cohort.from_frame(typed, "pid"), endpoint, UAMS_COLUMNS)
    recipe = Cox(splines={"age": 4, "b2m_mg_l": 3}, interactions=[("age", "sex")], transforms={"ldh_u_l": "log"})
    model = study.fit(recipe)
    assert list(model.estimate.names) == [name.replace("lldh", "log(ldh_u_l)") for name in expected["names"]]
    close(model.estimate.coefficients, expected["coef"])
    close(model.summary["se"], expected["se"])
    close(model.loglik, expected["loglik"])
    found = model.predict(typed.head(7).set_index("pid")[UAMS_COLUMNS])
    close(1 - found.risk.T, expected["surv"])
    close(1 - found.upper.T, expected["lower"])
    close(1 - found.lower.T, expected["upper"])
    table = model.proportional_hazards()
    assert table["term"].tolist() == [*UAMS_COLUMNS, "age * sex", "GLOBAL"]
    assert table["df"].tolist() == expected["df"] == [3, 1, 2, 1, 1, 1, 3, 12]
    close(table["chisq"], expected["zph"], rtol=1e-6)
    y = structured(uams["efs_months"], uams["efs_event"])
    assert model.freshly_fitted().score(typed[UAMS_COLUMNS], y) == pytest.approx(expected["c"][0], rel=1e-10)


def test_names_and_order_of_an_interaction_of_two_splines(r):
    rows = patients(300)
    expected = r(
        """
        with_rms(); d$sex <- relevel(d$sex, "F"); d$grade <- factor(d$grade, c("low", "middle", "high"))
        dd <- datadist(d); options(datadist = "dd")
        o <- cph(Surv(months, event) ~ rcs(age, 3) * rcs(albumin, 4) + sex * grade, d, eps = 1e-13, tol = 1e-16,
                 iter.max = 100)
        give(list(names = names(coef(o)), coef = unname(coef(o)), se = unname(sqrt(diag(vcov(o))))))
        """,
        d=rows,
    )
    pairs = [("age", "albumin"), ("sex", "grade")]
    cox = Cox(splines={"age": 3, "albumin": 4}, interactions=pairs)
    cox.fit(rows[["age", "albumin", "sex", "grade"]], outcome_of(rows))
    assert list(cox.estimate_.names) == expected["names"]
    close(cox.estimate_.coefficients, expected["coef"])
    close(np.sqrt(np.diag(cox.estimate_.covariance)), expected["se"])


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_strata_with_weights_delayed_entry_and_offset(r, ties):
    """Curves for new patients of each stratum, from counting-process data with heavy ties and case weights."""
    rows = patients(500)
    rows = rows.assign(months=np.ceil(rows["months"]), start=np.floor(rows["start"]), shift=0.2 * rows["response"])
    rows["start"] = np.minimum(rows["start"], rows["months"] - 1)
    expected = r(
        f"""
        d$sex <- relevel(d$sex, "F"); d$row <- seq_len(nrow(d))
        f <- coxph(Surv(start, months, event) ~ age + albumin + sex + offset(shift) + strata(centre), d, weight,
                   ties = "{ties}", control = cc, cluster = row)
        g <- coxph(Surv(start, months, event) ~ age + albumin + sex + strata(centre), d, weight,
                   ties = "{ties}", control = cc, cluster = row)
        new <- d[1:6, ]
        one <- function(ct) lapply(1:6, function(i) {{ s <- summary(survfit(g, newdata = new[i, ], conf.type = ct),
                   times = c(3, 12, 36)); list(s = s$surv, lo = s$lower, hi = s$upper) }})
        z <- cox.zph(f)$table
        give(list(coef = unname(coef(f)), se = unname(sqrt(diag(vcov(f)))), loglik = f$loglik, zph = unname(z[, 1]),
             c = unname(concordance(g)$concordance), coef_g = unname(coef(g)), log = one("log"),
             loglog = one("log-log")))
        """,
        d=rows,
    )
    columns = ["age", "albumin", "sex", "centre", "weight"]
    with_offset = Cox(ties=ties, strata=["centre"], weights="weight", offset="shift")
    with_offset.fit(rows[[*columns, "shift"]], outcome_of(rows, entry=True))
    close(with_offset.estimate_.coefficients, expected["coef"])
    close(np.sqrt(np.diag(with_offset.estimate_.covariance)), expected["se"])
    close(with_offset.estimate_.loglik, expected["loglik"])
    close(with_offset.proportional_hazards()["chisq"], expected["zph"], rtol=1e-6)
    cox = Cox(ties=ties, strata=["centre"], weights="weight").fit(rows[columns], outcome_of(rows, entry=True))
    close(cox.estimate_.coefficients, expected["coef_g"])
    assert cox.score(rows[columns], outcome_of(rows, entry=True)) == pytest.approx(expected["c"][0], rel=1e-10)
    new = rows.head(6)
    stratum = (new["centre"] == "south").to_numpy(np.int64)
    for interval, key in (("log", "log"), ("log-log", "loglog")):
        risk, lower, upper = cox.estimate_.risk(
            cox.preparation_.design(new), np.array([3.0, 12.0, 36.0]), stratum=stratum, interval=interval
        )
        for place, curve in enumerate(expected[key]):
            close(1 - risk[place], curve["s"])
            close(1 - upper[place], curve["lo"])
            close(1 - lower[place], curve["hi"])


@pytest.mark.parametrize("theta", [0.5, 20.0])
def test_ridge(r, theta):
    rows = patients(200)
    expected = r(
        f"""
        f <- coxph(Surv(months, event) ~ ridge(age, albumin, creat, theta = {theta}, scale = TRUE), d, control = cc)
        give(list(coef = unname(coef(f)), se = sqrt(diag(f$var)), loglik = f$loglik))
        """,
        d=rows,
    )
    cox = Cox(ridge=theta).fit(rows[["age", "albumin", "creat"]], outcome_of(rows))
    close(cox.estimate_.coefficients, expected["coef"])
    close(np.sqrt(np.diag(cox.estimate_.covariance)), expected["se"])
    close(cox.estimate_.loglik, expected["loglik"])


KNOT_COLUMNS = {
    "smooth": np.random.default_rng(1).normal(size=250),
    "below 100 rows": np.random.default_rng(2).normal(size=80),
    "tied at the bottom": np.concatenate([np.zeros(30), np.random.default_rng(3).exponential(size=170)]),
    "tied at the top": np.concatenate([np.full(25, 9.0), np.random.default_rng(4).normal(size=175)]),
    "tied at both ends": np.concatenate([np.zeros(20), np.full(20, 6.0), np.random.default_rng(5).uniform(1, 5, 160)]),
    "tied at both ends, few rows": np.r_[np.zeros(8), np.full(8, 6.0), np.random.default_rng(5).uniform(1, 5, 44)],
    "tied in the middle": np.concatenate([np.full(40, 3.0), np.zeros(20), np.random.default_rng(6).uniform(1, 5, 140)]),
    "whole numbers": np.random.default_rng(7).poisson(12, 300).astype(float),
    "far from zero": 1e6 + np.random.default_rng(8).normal(size=150),
}


def test_default_knots_and_basis(r):
    """Every rule of Hmisc::rcspline.eval: ties at the ends, fewer than 100 rows, all numbers of knots."""
    tables = {f"x{place}": pd.DataFrame({"x": values}) for place, values in enumerate(KNOT_COLUMNS.values())}
    expected = r(
        f"""
        with_rms(); give(lapply(list({", ".join(tables)}), function(t) lapply(3:7, function(k) {{
          found <- tryCatch(suppressWarnings(rcspline.eval(t$x, nk = k, inclx = TRUE)), error = function(e) NULL)
          if (is.null(found)) list() else list(knots = attr(found, "knots"), basis = unclass(found)[1:9, ]) }})))
        """,
        **tables,
    )
    compared = 0
    for (name, values), by_count in zip(KNOT_COLUMNS.items(), expected, strict=True):
        for count, theirs in zip(range(3, 8), by_count, strict=True):
            if not theirs or len(theirs["knots"]) != count:
                continue  # R placed fewer than asked for, with a warning; we refuse
            knots = default_knots(values, count)
            np.testing.assert_allclose(knots, theirs["knots"], rtol=1e-12, err_msg=f"{name}, {count} knots")
            noise = max(1e-12, 1e-15 * np.abs(values).max())  # JSON brings 15 digits of the knots
            np.testing.assert_allclose(spline_basis(values[:9], knots), theirs["basis"], rtol=1e-12, atol=noise)
            compared += 1
    assert compared > 35
