# One Cox model a binary feature, alone and adjusted, and logistic models of the event within two years with weights for censoring.
# Usage: Rscript make_screening.R FOLDER      (FOLDER/data holds gbsg.csv, of survival's data set)
suppressPackageStartupMessages({ library(survival); library(jsonlite) })
out <- commandArgs(trailingOnly = TRUE)[1]
d <- read.csv(file.path(out, "data", "gbsg.csv")); d$grade <- factor(d$grade)
x <- data.frame(meno = d$meno, hormon = d$hormon, nodes_over_3 = d$nodes > 3, size_over_20 = d$size > 20, age_to_45 = d$age <= 45, pgr_below_10 = d$pgr < 10, er_below_10 = d$er < 10) * 1
x$pgr_below_10[d$nodes == 7] <- NA # not assessable in some
cc <- coxph.control(eps = 1e-13, toler.chol = 1e-15, iter.max = 200)
one <- function(rhs) do.call(rbind, lapply(names(x), function(v) {
  e <- d; e$f <- x[[v]]; m <- coxph(as.formula(paste("Surv(rfstime, status) ~ f", rhs)), e, control = cc)
  s <- summary(m); c(m$n, m$nevent, s$conf.int["f", c(1, 3, 4)], s$coefficients["f", 5], cox.zph(m)$table["f", "p"]) }))
table <- function(m) list(n = m[, 1], events = m[, 2], ratio = m[, 3], lower = m[, 4], upper = m[, 5], p = m[, 6], zph = m[, 7], q = p.adjust(m[, 6], "BH"))
odds <- do.call(rbind, lapply(names(x), function(v) {
  m <- glm(d$status ~ x[[v]], binomial, control = list(epsilon = 1e-15, maxit = 100)); s <- summary(m)$coefficients[2, ]
  c(exp(s[1] + c(0, -1, 1) * qnorm(.975) * s[2]), s[4]) }))
meta <- list(R = R.version.string, survival = as.character(packageVersion("survival")), rms = as.character(packageVersion("rms")))
keep <- function(x, name) { x$meta <- c(list(name = name), x$meta); write(toJSON(x, digits = 15, auto_unbox = TRUE), file.path(out, paste0(name, ".json"))) }
keep(list(alone = table(one("")), adjusted = table(one("+ age + grade")), stratified = table(one("+ strata(grade)")),
  odds = list(ratio = odds[, 1], lower = odds[, 2], upper = odds[, 3], p = odds[, 4]), meta = meta), "screening_gbsg")
# events leave before censorings at the same time: their times are moved down by less than a day
window <- 730; rev <- survfit(Surv(ifelse(d$status == 1, d$rfstime - .01, d$rfstime), d$status == 0) ~ 1)
before <- function(t) c(1, rev$surv)[findInterval(t - .02, rev$time) + 1]
early <- as.numeric(d$status == 1 & d$rfstime <= window)
w <- ifelse(early == 1, 1 / before(d$rfstime), ifelse(d$rfstime >= window, 1 / before(window), 0))
m <- suppressWarnings(glm(early ~ age + nodes + grade + hormon, binomial, d, weights = w, subset = w > 0, control = list(epsilon = 1e-15, maxit = 100)))
v <- model.matrix(m); p <- fitted(m); a <- m$prior.weights; bread <- solve(t(v) %*% (v * (a * p * (1 - p))))
keep(list(n = sum(w > 0), weights = w[w > 0], coef = as.numeric(coef(m)), vcov = unname(bread %*% crossprod(v * (a * (m$y - p))) %*% bread),
  meta = meta), "early_relapse_gbsg")
