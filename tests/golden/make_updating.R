# Models of the Rotterdam patients (even numbers) updated in the German trial (gbsg): Cox, logistic and Weibull.
# Usage: Rscript make_updating.R FOLDER      (FOLDER/data holds rotterdam_even_pid.csv and gbsg.csv of survival's data sets)
suppressPackageStartupMessages({ library(survival); library(rms); library(jsonlite) })
out <- commandArgs(trailingOnly = TRUE)[1]
d <- read.csv(file.path(out, "data", "rotterdam_even_pid.csv")); v <- read.csv(file.path(out, "data", "gbsg.csv"))
d$status <- d$rfs
x <- c("age", "nodes", "pgr", "hormon"); times <- c(365, 730, 1460)
cc <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 200); gc <- list(epsilon = 1e-14, maxit = 200)
nm <- function(z) as.list(z)
# Cox: linear predictor against the training means of all columns
fit <- coxph(Surv(rfstime, status) ~ age + nodes + pgr + hormon, d, control = cc)
m <- colMeans(d[, x]); v$lp <- as.numeric(as.matrix(sweep(v[, x], 2, m)) %*% coef(fit))
sf <- survfit(fit, newdata = as.data.frame(as.list(m))); end <- max(d$rfstime)
H <- stepfun(sf$time, c(0, sf$cumhaz)); v$h <- H(pmin(v$rfstime, end)); v$e <- v$status * (v$rfstime <= end)
k <- v[v$h > 0, ]; stopifnot(sum(v$e[v$h == 0]) == 0)
# log-likelihoods of the counts, without the terms that all four models share
ll <- function(eta) sum(k$e * eta) - sum(exp(eta) * k$h)
g1 <- glm(e ~ offset(lp + log(h)), poisson, k, control = gc)
g2 <- glm(e ~ lp + offset(log(h)), poisson, k, control = gc)
g3 <- glm(e ~ age + nodes + pgr + hormon + offset(log(h)), poisson, k, control = gc)
sl <- coxph(Surv(rfstime, status) ~ lp, v, control = cc); of <- coxph(Surv(rfstime, status) ~ offset(lp), v, control = cc)
re <- coxph(Surv(rfstime, status) ~ age + nodes + pgr + hormon, v, control = cc)
s6 <- summary(survfit(sl, newdata = head(v, 6)), times = times)
cox <- list(coef = nm(coef(fit)), lp_first6 = head(v$lp, 6), observed = sum(v$e), expected = sum(v$h * exp(v$lp)),
  intercept = unname(coef(g1)), intercept_se = sqrt(vcov(g1)[1, 1]), poisson_slope = unname(coef(g2)[2]), poisson_slope_se = sqrt(vcov(g2)[2, 2]),
  poisson_loglik = c(ll(k$lp), ll(k$lp + coef(g1)), ll(log(fitted(g2) / k$h)), ll(log(fitted(g3) / k$h))),
  slope = unname(coef(sl)), slope_se = sqrt(vcov(sl)[1, 1]), loglik_null_given_refitted = c(sl$loglik[1], of$loglik[1], sl$loglik[2]),
  times = times, slope_surv_first6 = t(s6$surv), slope_std_err_first6 = t(s6$std.err / s6$surv),
  level_risk_first6 = 1 - exp(-outer(exp(head(v$lp, 6) + coef(g1)), H(times))),
  refit_coef = nm(coef(re)), refit_se = nm(sqrt(diag(vcov(re)))), refit_loglik = re$loglik,
  concordance = unname(concordance(Surv(rfstime, status) ~ lp, v, reverse = TRUE)$concordance))
# logistic: event within two years, those censored before left out in both
two <- function(z) { z <- z[z$rfstime > 730 | z$status == 1, ]; z$y <- as.numeric(z$rfstime <= 730 & z$status == 1); z }
d2 <- two(d); v2 <- two(v); f <- glm(y ~ age + nodes + pgr + hormon, binomial, d2, control = gc); v2$lp <- predict(f, v2)
b1 <- glm(y ~ offset(lp), binomial, v2, control = gc); b2 <- glm(y ~ lp, binomial, v2, control = gc)
b3 <- glm(y ~ age + nodes + pgr + hormon, binomial, v2, control = gc); b0 <- sum(dbinom(v2$y, 1, plogis(v2$lp), log = TRUE))
logistic <- list(n = nrow(v2), events = sum(v2$y), coef = nm(coef(f)), intercept = unname(coef(b1)), intercept_se = sqrt(vcov(b1)[1, 1]),
  slope = unname(coef(b2)), slope_vcov = unname(vcov(b2)), loglik = c(b0, as.numeric(logLik(b1)), as.numeric(logLik(b2)), as.numeric(logLik(b3))),
  level_risk_first6 = unname(head(fitted(b1), 6)), slope_risk_first6 = unname(head(fitted(b2), 6)), refit_coef = nm(coef(b3)))
# Weibull
w <- survreg(Surv(rfstime, status) ~ age + nodes + pgr + hormon, d, dist = "weibull", control = survreg.control(rel.tolerance = 1e-13, maxiter = 200))
v$lt <- predict(w, v, type = "lp"); w2 <- survreg(Surv(rfstime, status) ~ lt, v, dist = "weibull", control = survreg.control(rel.tolerance = 1e-13, maxiter = 200))
risk <- function(t) 1 - exp(-exp((log(t) - predict(w2, head(v, 6), type = "lp")) / w2$scale))
weibull <- list(slope = unname(coef(w2)[2]), slope_se = sqrt(vcov(w2)[2, 2]), scale = w2$scale, loglik = w2$loglik, slope_risk_first6 = unname(sapply(times, risk)))
meta <- list(name = "updating_gbsg", R = as.character(getRversion()), survival = as.character(packageVersion("survival")), rms = as.character(packageVersion("rms")))
write(toJSON(list(predictors = x, cox = cox, logistic = logistic, weibull = weibull, meta = meta), digits = I(15), auto_unbox = TRUE, na = "string"), file.path(out, "updating_gbsg.json"))
