# Resampled indexes by explicit loops: Harrell's optimism bootstrap, .632+ and repeated cross-validation.
# Usage: Rscript make_bootstrap.R FOLDER      (FOLDER/data holds gbsg.csv and lung_1yr.csv of survival's data sets)
# Indexes as rms::validate defines them, from fits that are iterated to the end (rms itself stops at 1e-4).
suppressPackageStartupMessages({ library(survival); library(rms); library(riskRegression); library(jsonlite) })
out <- commandArgs(trailingOnly = TRUE)[1]
set.seed(20261121)
B <- 25; H <- c(730, 1460); cc <- coxph.control(eps = 1e-12, toler.chol = 1e-13, iter.max = 50)
gc <- list(epsilon = 1e-14, maxit = 200); at <- paste0(rep(c("auc_", "brier_"), each = 2), H)
gbsg <- read.csv(file.path(out, "data", "gbsg.csv")); gbsg$e <- gbsg$status; gbsg$t <- gbsg$rfstime; n <- nrow(gbsg)

# ---- Cox. A model is its design for all rows, learnt in some rows: knots are those of the rows of the fit.
linear <- function(rows) as.matrix(gbsg[, c("age", "size", "nodes", "hormon")])
spline <- function(rows) {
  knots <- attr(rcspline.eval(gbsg$age[rows], nk = 4, inclx = TRUE), "knots")
  cbind(rcspline.eval(gbsg$age, knots = knots, inclx = TRUE), as.matrix(gbsg[, c("nodes", "hormon")]))
}
fit_cox <- function(design, rows) {
  X <- design(rows); d <- data.frame(t = gbsg$t[rows], e = gbsg$e[rows])
  fit <- coxph(Surv(t, e) ~ X[rows, ], d, control = cc); b <- unname(coef(fit))
  lp <- rowSums(sweep(sweep(X, 2, colMeans(X[rows, ])), 2, b, "*"))
  sf <- basehaz_efron(d, lp[rows])
  list(coef = b, lp = lp, risk = 1 - exp(-outer(exp(lp), sf(H))), loglik = fit$loglik)
}
# Cumulative hazard with Efron's denominators at the linear predictor 0
basehaz_efron <- function(d, lp) {
  r <- exp(lp); times <- sort(unique(d$t[d$e == 1]))
  jump <- sapply(times, function(u) {
    m <- sum(d$t == u & d$e == 1); tied <- sum(r[d$t == u & d$e == 1]); s <- sum(r[d$t >= u])
    sum(1 / (s - (seq_len(m) - 1) / m * tied))
  })
  stepfun(times, c(0, cumsum(jump)))
}
judge <- function(f, rows, own) {
  d <- data.frame(t = gbsg$t[rows], e = gbsg$e[rows], lp = f$lp[rows]); k <- nrow(d)
  re <- coxph(Surv(t, e) ~ lp, d, control = cc)
  given <- coxph(Surv(t, e) ~ offset(lp), d)$loglik[1]
  null <- re$loglik[1]; lr <- 2 * (re$loglik[2] - null); unit <- -2 * null; slope <- unname(coef(re))
  D <- (lr - 1) / unit; U <- if (own) -2 / unit else 2 * (re$loglik[2] - given) / unit
  s <- Score(list(m = f$risk[rows, ]), Surv(t, e) ~ 1, d, times = H, metrics = c("auc", "brier"), se.fit = FALSE,
             contrasts = FALSE, null.model = FALSE)
  c(harrell_c = unname(concordance(Surv(t, e) ~ lp, d, reverse = TRUE)$concordance), calibration_slope = slope,
    r2 = (1 - exp(-lr / k)) / (1 - exp(-unit / k)), d_index = D, u_index = U, q_index = D - U,
    g_index = GiniMd(slope * d$lp), setNames(c(s$AUC$score$AUC, s$Brier$score$Brier), at))
}
everybody <- seq_len(n)
drawn <- t(replicate(B, sample.int(n, n, replace = TRUE)))
# Efron and Tibshirani (1997): errors, 1 - C for an area; outside: mean over resamples in the rows not drawn
plus <- function(apparent, outside, nothing) {
  outside <- min(outside, nothing)
  R <- if (outside > apparent && nothing > apparent) (outside - apparent) / (nothing - apparent) else 0
  w <- 0.632 / (1 - 0.368 * R); (1 - w) * apparent + w * outside
}
bootstrap <- function(design) {
  full <- fit_cox(design, everybody); apparent <- judge(full, everybody, TRUE)
  fits <- lapply(seq_len(B), function(b) fit_cox(design, drawn[b, ]))
  inside <- t(sapply(seq_len(B), function(b) judge(fits[[b]], drawn[b, ], TRUE)))
  original <- t(sapply(seq_len(B), function(b) judge(fits[[b]], everybody, FALSE)))
  left <- t(sapply(seq_len(B), function(b) judge(fits[[b]], setdiff(everybody, drawn[b, ]), FALSE)))
  optimism <- colMeans(inside - original)
  observed <- 1 - summary(survfit(Surv(t, e) ~ 1, gbsg), times = H)$surv
  nothing <- observed * colMeans((1 - full$risk)^2) + (1 - observed) * colMeans(full$risk^2)
  outside <- colMeans(left); b <- paste0("brier_", H); a <- c("harrell_c", paste0("auc_", H))
  p632 <- c(1 - mapply(plus, 1 - apparent[a], 1 - outside[a], 0.5), mapply(plus, apparent[b], outside[b], nothing))
  columns <- function(m) as.list(as.data.frame(m))
  list(coef = full$coef, coef_resample = unname(t(sapply(fits, `[[`, "coef"))), apparent = as.list(apparent),
    in_resample = columns(inside), in_original = columns(original), left_out = columns(left[, c(a, b)]),
    optimism = as.list(optimism), corrected = as.list(apparent - optimism), no_information = as.list(setNames(nothing, b)),
    plus632 = as.list(p632))
}
# ---- repeated cross-validation; Nadeau and Bengio (2003)
K <- 5; R <- 4
folds <- t(replicate(R, sample(rep_len(seq_len(K), n))))
cross <- function(design) {
  values <- do.call(rbind, lapply(seq_len(R), function(r) t(sapply(seq_len(K), function(k) {
    judge(fit_cox(design, which(folds[r, ] != k)), which(folds[r, ] == k), FALSE) }))))
  values <- values[, c("harrell_c", "calibration_slope", at)]; J <- nrow(values)
  sizes <- as.vector(t(apply(folds, 1, tabulate, K))); ratio <- mean(sizes / (n - sizes))
  mean <- colMeans(values); se <- sqrt((1 / J + ratio) * apply(values, 2, var)); reach <- qt(0.975, J - 1) * se
  list(values = as.list(as.data.frame(values)), mean = as.list(mean), se = as.list(se), lower = as.list(mean - reach),
    upper = as.list(mean + reach))
}
versions <- function(name) list(name = name, R = as.character(getRversion()), survival = as.character(packageVersion("survival")),
  rms = as.character(packageVersion("rms")), riskRegression = as.character(packageVersion("riskRegression")))
save <- function(name, x) write(toJSON(c(x, list(meta = versions(name))), digits = I(15), auto_unbox = TRUE, na = "string"),
  file.path(out, paste0(name, ".json")))
save("bootstrap_gbsg", list(drawn.rows = drawn, horizons = H, linear = bootstrap(linear), spline = bootstrap(spline)))
save("cross_validation_gbsg", list(folds.rows = folds, horizons = H, linear = cross(linear), spline = cross(spline)))

# ---- logistic
lung <- na.omit(read.csv(file.path(out, "data", "lung_1yr.csv"))[, c("d1", "age", "sex", "ph.ecog")]); m <- nrow(lung)
X <- as.matrix(lung[, c("age", "sex", "ph.ecog")])
fit_logistic <- function(rows) {
  b <- unname(coef(glm(lung$d1[rows] ~ X[rows, ], family = binomial, control = gc)))
  list(coef = b, lp = b[1] + X[, 1] * b[2] + X[, 2] * b[3] + X[, 3] * b[4])
}
judge_logistic <- function(f, rows) {
  y <- lung$d1[rows]; lp <- f$lp[rows]; k <- length(y); p <- plogis(lp)
  re <- glm(y ~ lp, family = binomial, control = gc); level <- glm(y ~ offset(lp), family = binomial, control = gc)
  lr <- re$null.deviance - re$deviance; higher <- outer(round(lp[y == 1], 12), round(lp[y == 0], 12), "-")
  c(harrell_c = mean((higher > 0) + (higher == 0) / 2), brier = mean((y - p)^2), calibration_slope = unname(coef(re)[2]),
    calibration_intercept = unname(coef(level)), oe_ratio = sum(y) / sum(p), r2 = (1 - exp(-lr / k)) / (1 - exp(-re$null.deviance / k)),
    d_index = (lr - 1) / k, g_index = GiniMd(unname(coef(re)[2]) * lp))
}
drawn <- t(replicate(B, sample.int(m, m, replace = TRUE)))
full <- fit_logistic(seq_len(m)); fits <- lapply(seq_len(B), function(b) fit_logistic(drawn[b, ]))
apparent <- judge_logistic(full, seq_len(m))
inside <- t(sapply(seq_len(B), function(b) judge_logistic(fits[[b]], drawn[b, ])))
original <- t(sapply(seq_len(B), function(b) judge_logistic(fits[[b]], seq_len(m))))
left <- t(sapply(seq_len(B), function(b) judge_logistic(fits[[b]], setdiff(seq_len(m), drawn[b, ]))))
optimism <- colMeans(inside - original); p <- plogis(full$lp)
nothing <- mean(outer(lung$d1, p, function(y, p) (y - p)^2))
save("bootstrap_lung", list(drawn.rows = drawn, n = m, coef = full$coef, apparent = as.list(apparent),
  in_resample = as.list(as.data.frame(inside)), in_original = as.list(as.data.frame(original)),
  left_out = as.list(as.data.frame(left[, c("harrell_c", "brier")])), optimism = as.list(optimism),
  corrected = as.list(apparent - optimism), no_information = list(brier = nothing),
  plus632 = list(harrell_c = 1 - plus(1 - apparent[["harrell_c"]], 1 - mean(left[, "harrell_c"]), 0.5),
                 brier = plus(apparent[["brier"]], mean(left[, "brier"]), nothing))))
