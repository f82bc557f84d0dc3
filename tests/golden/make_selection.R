# Backward elimination by AIC and p-values: step, drop1 and rms::fastbw of a Cox and a logistic model.
# Usage: Rscript make_selection.R FOLDER      (FOLDER/data holds gbsg.csv and rotterdam_even_pid.csv of survival's data sets)
suppressPackageStartupMessages({ library(survival); library(rms); library(jsonlite) })
out <- commandArgs(trailingOnly = TRUE)[1]
d <- read.csv(file.path(out, "data", "gbsg.csv")); d$grade <- factor(d$grade)
x <- c("age", "meno", "size", "grade", "nodes", "pgr", "er", "hormon")
cc <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 200)
# repeated drop1 with the likelihood-ratio test
by_p <- function(fit, sls) {
  dropped <- c(); chisq <- c(); p <- c()
  repeat {
    t <- drop1(fit, test = "Chisq"); t <- t[rownames(t) != "<none>", ]; if (nrow(t) == 0) break
    w <- which.max(t[, ncol(t)]); if (t[w, ncol(t)] <= sls) break
    dropped <- c(dropped, rownames(t)[w]); chisq <- c(chisq, t[w, "LRT"]); p <- c(p, t[w, ncol(t)])
    fit <- update(fit, as.formula(paste(". ~ . -", rownames(t)[w])))
  }
  list(dropped = I(dropped), chisq = I(chisq), p = I(p), kept = I(attr(terms(fit), "term.labels")))
}
by_aic <- function(fit) {
  s <- step(fit, direction = "backward", trace = 0); a <- s$anova
  list(dropped = I(sub("- ", "", a$Step[-1])), aic = I(a$AIC), kept = I(attr(terms(s), "term.labels")))
}
fast <- function(fit, ...) {
  f <- fastbw(fit, eps = 1e-14, ...); r <- f$result
  list(dropped = I(rownames(r)), chisq = I(unname(r[, 1])), df = I(unname(r[, 2])), residual = I(unname(r[, 4])), aic = I(unname(r[, 7])), kept = I(f$names.kept))
}
all_ways <- function(plain, full, sls) list(aic = by_aic(plain), p = by_p(plain, sls), fast_aic = fast(full, rule = "aic"),
  fast_p = fast(full, rule = "p", sls = sls), fast_individual = fast(full, rule = "p", sls = sls, type = "individual"))
f <- reformulate(x, "Surv(rfstime, status)")
cox <- all_ways(coxph(f, d, control = cc), { h <- coxph(f, d, control = cc); g <- cph(f, d, x = TRUE, y = TRUE, surv = FALSE, eps = 1e-12); g$coefficients[] <- coef(h); g$var[] <- vcov(h); g }, 0.2)
r <- read.csv(file.path(out, "data", "rotterdam_even_pid.csv")); r$size <- factor(r$size)
r <- r[r$rfstime > 730 | r$rfs == 1, ]; r$early <- as.numeric(r$rfstime <= 730 & r$rfs == 1)
z <- c("age", "meno", "size", "grade", "nodes", "pgr", "er", "hormon", "chemo"); k <- reformulate(z, "early")
g <- glm(k, binomial, r, control = list(epsilon = 1e-14, maxit = 200))
logistic <- all_ways(g, { l <- lrm(k, r, x = TRUE, y = TRUE, eps = 1e-12, maxit = 100); l$coefficients[] <- coef(g); l$var[] <- vcov(g); l }, 0.1)
meta <- list(name = "selection_backward", R = R.version.string, survival = as.character(packageVersion("survival")), rms = as.character(packageVersion("rms")))
write(toJSON(list(predictors = list(cox = x, logistic = z), cox = cox, logistic = logistic, meta = meta), digits = 15, auto_unbox = TRUE), file.path(out, "selection_backward.json"))
