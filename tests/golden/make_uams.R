# R's coxph on the real myeloma cohort (EFS, complete cases) for tests/reports/test_uams.py.
# Usage: Rscript make_uams.R path/to/mm_uams_tt2.csv > cox_uams_tt2_efs.json     (the data themselves are not copied)
args <- commandArgs(trailingOnly = TRUE)
suppressPackageStartupMessages({ library(survival); library(rms); library(jsonlite) })
d <- read.csv(args[1], stringsAsFactors = FALSE)
x <- c("age", "sex", "b2m_mg_l", "ldh_u_l", "albumin_g_dl", "creatinine_mg_dl", "hgb_g_dl", "cyto_abnormal", "mri_focal_lesions")
d <- d[complete.cases(d[, x]) & !(d$efs_months == 0 & d$efs_event == 1), ]
d$sex <- factor(d$sex, levels = c("female", "male"))
cc <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 200)
f <- Surv(efs_months, efs_event) ~ age + sex + rcs(b2m_mg_l, 4) + log(ldh_u_l) + albumin_g_dl + log(creatinine_mg_dl) + hgb_g_dl + cyto_abnormal + log1p(mri_focal_lesions)
fit <- coxph(f, d, control = cc)
z <- cox.zph(fit, terms = TRUE)$table
cat(toJSON(list(n = fit$n, events = fit$nevent, coef = as.numeric(coef(fit)), se = as.numeric(sqrt(diag(vcov(fit)))), loglik = fit$loglik,
  concordance = as.numeric(fit$concordance["concordance"]), zph_chisq = as.numeric(z[, "chisq"]), zph_df = as.numeric(z[, "df"]),
  R = as.character(getRversion()), survival = as.character(packageVersion("survival"))), digits = I(15), auto_unbox = TRUE))
