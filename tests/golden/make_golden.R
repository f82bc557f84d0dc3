# Golden-value engine. Usage:  Rscript make_golden.R <folder>
# <folder>/spec.R declares the cases; results go to <folder>/*.json, data sets to <folder>/data/*.csv
# Written from the documented interfaces of the R packages only; no package source was copied.
args <- commandArgs(trailingOnly = TRUE); out <- if (length(args)) args[1] else "open"
suppressPackageStartupMessages({ library(survival); library(rms); library(cmprsk); library(riskRegression); library(prodlim)
  library(pROC); library(mice); library(glmnet); library(jsonlite); library(ranger) })
options(digits = 15, warn = 1, contrasts = c("contr.treatment", "contr.poly"))
dir.create(file.path(out, "data"), recursive = TRUE, showWarnings = FALSE)
sink_rows <- list()
w <- function(name, x) { x$meta <- c(list(name = name, R = as.character(getRversion()), survival = as.character(packageVersion("survival")),
    rms = as.character(packageVersion("rms")), riskRegression = as.character(packageVersion("riskRegression")), cmprsk = as.character(packageVersion("cmprsk"))), x$meta)
  tmp <- file.path(out, paste0(".", name, ".tmp")); writeLines(toJSON(x, digits = I(15), auto_unbox = TRUE, na = "string", null = "null", dataframe = "columns", matrix = "rowmajor", force = TRUE), tmp)
  file.rename(tmp, file.path(out, paste0(name, ".json"))); cat("ok  ", name, "\n") }
try1 <- function(name, expr) { r <- tryCatch(expr, error = function(e) { cat("FAIL", name, conditionMessage(e), "\n"); NULL }); if (!is.null(r)) w(name, r); invisible(r) }
nm <- function(x) { n <- names(x); x <- as.list(unname(x)); names(x) <- n; x }
exportd <- function(d, name) write.csv(d, file.path(out, "data", paste0(name, ".csv")), row.names = FALSE, na = "")
cc <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 200)

g_cox <- function(d, f, ties = "efron", times, profiles, cluster = NULL, weights = NULL, note = "") {
  d$.w <- if (is.null(weights)) 1 else d[[weights]]
  fit <- coxph(f, data = d, ties = ties, weights = .w, control = cc, model = TRUE, x = TRUE, y = TRUE)
  s <- summary(fit); V <- vcov(fit)
  r <- list(formula = deparse1(f), ties = ties, weights = weights, note = note, n = fit$n, nevent = fit$nevent, coef = nm(coef(fit)), se = nm(sqrt(diag(V))),
    vcov = V, z = nm(coef(fit) / sqrt(diag(V))), p = nm(2 * pnorm(-abs(coef(fit) / sqrt(diag(V))))), ci95 = confint(fit), loglik = fit$loglik,
    lrt = nm(s$logtest), wald = nm(s$waldtest), score = nm(s$sctest), means = nm(fit$means), aic = AIC(fit), bic = BIC(fit), concordance = nm(s$concordance))
  if (!is.null(cluster)) { fr <- coxph(f, data = transform(d, .cl = d[[cluster]]), ties = ties, weights = .w, control = cc, cluster = .cl); r$robust_se <- nm(sqrt(diag(vcov(fr)))); r$cluster <- cluster }
  bh <- basehaz(fit, centered = FALSE); r$baseline_cumhaz_at_x0 <- bh
  bhc <- basehaz(fit, centered = TRUE); r$baseline_cumhaz_at_means_last <- tail(bhc$hazard, 1)
  counting <- attr(fit$y, "type") == "counting"
  if (!is.null(profiles)) { r$profiles <- profiles
    for (ct in c("log", "log-log", "plain")) { sf <- survfit(fit, newdata = profiles, conf.type = ct); ss <- summary(sf, times = times, extend = TRUE)
      r$surv_at_times[[ct]] <- list(times = times, surv = ss$surv, std_err = ss$std.err, lower = ss$lower, upper = ss$upper) }
    sb <- survfit(fit, newdata = profiles, stype = 2, ctype = 1); r$surv_at_times_aalen <- summary(sb, times = times, extend = TRUE)$surv
    r$lp_profiles_sample_ref <- predict(fit, newdata = profiles, type = "lp"); r$lp_profiles_zero_ref <- predict(fit, newdata = profiles, type = "lp", reference = "zero") }
  z <- list(); for (tr in c("km", "rank", "identity", "log")) z[[tr]] <- tryCatch({ t1 <- cox.zph(fit, transform = tr, terms = FALSE)$table; list(rows = rownames(t1), chisq = t1[, 1], df = t1[, 2], p = t1[, 3]) }, error = function(e) conditionMessage(e))
  r$zph <- z
  h <- function(x) { x <- as.matrix(x); list(first6 = x[seq_len(min(6, nrow(x))), , drop = FALSE], sum = colSums(x), sumsq = colSums(x^2)) }
  r$resid <- list(martingale = h(residuals(fit, "martingale")), deviance = h(residuals(fit, "deviance")), score = h(residuals(fit, "score")), schoenfeld = h(residuals(fit, "schoenfeld")), dfbeta = h(residuals(fit, "dfbeta")), dfbetas = h(residuals(fit, "dfbetas")))
  r }
g_km <- function(d, f, tau, weights = NULL) {
  d$.w <- if (is.null(weights)) 1 else d[[weights]]; r <- list(formula = deparse1(f), tau = tau, weights = weights)
  for (ct in c("plain", "log", "log-log", "logit", "arcsin")) { sf <- survfit(f, data = d, conf.type = ct, weights = .w)
    if (ct == "plain") r$curve <- list(strata = if (is.null(sf$strata)) NULL else nm(sf$strata), time = sf$time, n_risk = sf$n.risk, n_event = sf$n.event, n_censor = sf$n.censor, surv = sf$surv, std_err_of_log_surv = sf$std.err, cumhaz = sf$cumhaz, std_chaz = sf$std.chaz)
    q <- quantile(sf, c(.25, .5, .75)); r$ci[[ct]] <- list(lower = sf$lower, upper = sf$upper, q25_50_75 = q$quantile, q_lower = q$lower, q_upper = q$upper) }
  fh <- survfit(f, data = d, weights = .w, stype = 2, ctype = 2); na <- survfit(f, data = d, weights = .w, stype = 2, ctype = 1)
  r$fleming_harrington_surv <- fh$surv; r$nelson_aalen_surv <- na$surv; r$nelson_aalen_cumhaz <- na$cumhaz
  tb <- summary(survfit(f, data = d, weights = .w), rmean = tau)$table; r$rmst_table <- if (is.matrix(tb)) list(rows = rownames(tb), cols = colnames(tb), values = tb) else nm(tb)
  r }
g_logrank <- function(d, f, rho) { s <- survdiff(f, data = d, rho = rho); df <- length(s$n) - 1; list(formula = deparse1(f), rho = rho, n = as.numeric(s$n), obs = as.matrix(s$obs), exp = as.matrix(s$exp), chisq = s$chisq, df = df, p = pchisq(s$chisq, df, lower.tail = FALSE), var = s$var) }
g_aj <- function(d, f, times) { r <- list(formula = deparse1(f)); sf <- survfit(f, data = d, id = .id); r$states <- sf$states; r$strata <- if (is.null(sf$strata)) NULL else nm(sf$strata)
  r$time <- sf$time; r$n_risk <- sf$n.risk; r$n_event <- sf$n.event; r$pstate <- sf$pstate; ss <- summary(sf, times = times, extend = TRUE); r$at <- list(times = times, strata = as.character(ss$strata), pstate = ss$pstate, std_err = ss$std.err, lower_log = ss$lower, upper_log = ss$upper); r }
g_crr <- function(d, time, status, failcode, cencode, X, times, prof, group) {
  ok <- complete.cases(d[, c(time, status)], X); X <- X[ok, , drop = FALSE]; d <- d[ok, ]
  fit <- crr(d[[time]], d[[status]], X, failcode = failcode, cencode = cencode, gtol = 1e-11, maxiter = 100); p <- predict(fit, prof)
  at <- sapply(times, function(t) { i <- which(p[, 1] <= t); if (length(i)) p[max(i), -1] else rep(0, nrow(prof)) })
  ci <- cmprsk::cuminc(d[[time]], d[[status]], group = d[[group]], cencode = cencode); tp <- cmprsk::timepoints(ci, times)
  list(failcode = failcode, cencode = cencode, n = nrow(d), coef = nm(fit$coef), se = nm(sqrt(diag(fit$var))), var = fit$var, loglik = fit$loglik, loglik_null = fit$loglik.null, converged = fit$converged, uftime_head = head(fit$uftime, 10), bfitj_head = head(fit$bfitj, 10), bfitj_sum = sum(fit$bfitj),
    times = times, profiles = prof, cif_at_times_rows_profiles = at, cuminc = list(group = group, curves = rownames(tp$est), times = times, est = tp$est, var = tp$var), gray = list(rows = rownames(ci$Tests), stat = ci$Tests[, 1], p = ci$Tests[, 2], df = ci$Tests[, 3])) }
g_conc <- function(d, f, ties = "efron", lpf = NULL, weights = NULL, ymax = NULL) { d$.w <- if (is.null(weights)) 1 else d[[weights]]; fit <- coxph(f, d, ties = ties, control = cc, na.action = na.exclude)
  d$.lp <- predict(fit, type = "lp"); d$.lpr <- round(d$.lp, 1); S <- update(f, . ~ .lp); r <- list(formula = deparse1(f), weights = weights, marker = "Cox linear predictor, sample reference; rounded = to 1 decimal for ties", lp_first6 = head(d$.lp, 6), ymax = ymax)
  for (tw in c("n", "S", "S/G", "n/G2", "I")) for (v in c(".lp", ".lpr")) { ff <- as.formula(paste(deparse1(f[[2]]), "~", v))
    a <- list(ff, data = d, weights = quote(.w), reverse = TRUE, timewt = tw); if (!is.null(ymax)) a$ymax <- ymax; cfit <- do.call(concordance, a)
    r[[paste0(tw, if (v == ".lpr") "_rounded")]] <- list(C = unname(cfit$concordance), var = cfit$var, count = nm(cfit$count)) }
  r }
g_nomo <- function(d, kind, f, times, profiles, seedB = NULL, B = 150, u = NULL, cuts = NULL) {
  dd <<- datadist(d); options(datadist = "dd"); r <- list(kind = kind, formula = deparse1(f), adjust_to = lapply(dd$limits, function(z) if (is.factor(z)) as.character(z) else z), limits_rows = rownames(dd$limits))
  if (kind == "cph") { fit <- cph(f, d, x = TRUE, y = TRUE, surv = TRUE, eps = 1e-12, tol = 1e-13, iter.max = 100, time.inc = u); S <- Survival(fit)
    fns <- setNames(lapply(times, function(t) { force(t); function(lp) S(t, lp) }), paste0("S", times)) } else { fit <- lrm(f, d, x = TRUE, y = TRUE, tol = 1e-13, eps = 1e-12, maxit = 100); fns <- list(risk = plogis) }
  n <- nomogram(fit, fun = fns, lp = TRUE); inf <- attr(n, "info"); vars <- setdiff(names(n), c("lp", "total.points", names(fns)))
  r$coef <- nm(coef(fit)); r$var <- vcov(fit); r$stats <- nm(fit$stats); r$center <- fit$center
  r$points <- lapply(n[vars], function(v) { q <- v; keep <- setdiff(names(q), c("Xbeta")); q <- q[keep]; lapply(q, function(z) if (is.factor(z)) as.character(z) else as.vector(z)) })
  r$points_xbeta <- lapply(n[vars], function(v) as.numeric(v$Xbeta)); r$total_points <- as.numeric(n$total.points$x); r$lp_axis <- lapply(n$lp, as.vector); r$fun_axes <- lapply(n[names(fns)], function(v) lapply(v, as.vector))
  r$info <- list(points_per_unit_lp = inf$sc, Intercept = inf$Intercept, maxscale = inf$maxscale)
  lp <- predict(fit, profiles); r$profiles <- profiles; r$lp_profiles <- as.numeric(lp); r$pred_profiles <- if (kind == "cph") sapply(times, function(t) S(t, lp)) else plogis(as.numeric(lp)); r$times <- times
  r$spline_knots <- lapply(fit$Design$parms[sapply(fit$Design$parms, is.numeric)], as.numeric)
  if (!is.null(seedB)) { vs <- lapply(seedB, function(s) { set.seed(s); v <- rms::validate(fit, B = B); list(rows = rownames(v), cols = colnames(v), m = unclass(v)) }); rows <- vs[[1]]$rows
    arr <- sapply(vs, function(v) v$m[, "index.corrected"]); opt <- sapply(vs, function(v) v$m[, "optimism"]); r$validate <- list(B = B, seeds = seedB, rows = rows, apparent = vs[[1]]$m[, "index.orig"], corrected_min = apply(arr, 1, min), corrected_max = apply(arr, 1, max), corrected_mean = rowMeans(arr), corrected_sd_over_seeds = apply(arr, 1, sd), optimism_mean = rowMeans(opt))
    cs <- lapply(seedB[1:3], function(s) { set.seed(s); if (kind == "cph") rms::calibrate(fit, u = u, cmethod = "KM", m = floor(fit$stats["Obs"] / 5), B = B) else rms::calibrate(fit, B = B) })
    r$calibrate <- lapply(cs, function(cal) { m <- unclass(cal); list(cols = colnames(m), m = matrix(as.numeric(m), nrow(m))) }) }
  r }
g_lrm <- function(d, f, test_f = NULL) { m <- model.frame(f, d); fit <- lrm(f, d, tol = 1e-13, eps = 1e-12, maxit = 100, x = TRUE, y = TRUE); fd <- lrm(f, d, x = TRUE, y = TRUE); g <- glm(f, binomial, d, control = list(epsilon = 1e-14, maxit = 100)); y <- model.response(m); p <- fitted(g); pr <- round(p, 1)
  r <- list(formula = deparse1(f), n = nrow(m), glm_coef = nm(coef(g)), glm_se = nm(sqrt(diag(vcov(g)))), glm_vcov = vcov(g), deviance = deviance(g), null_deviance = g$null.deviance, aic = AIC(g), lrm_coef = nm(coef(fit)), lrm_default_eps_coef_maxdiff = max(abs(coef(fd) - coef(g))), lrm_stats = nm(fit$stats), ci_wald = confint.default(g), ci_profile = suppressMessages(confint(g)), p_first6 = head(as.numeric(p), 6))
  set.seed(1); idx <- seq_along(y) %% 2 == 1; gtr <- glm(f, binomial, d[rownames(m), ][idx, ], control = list(epsilon = 1e-14, maxit = 100)); pt <- predict(gtr, d[rownames(m), ][!idx, ], type = "response"); yt <- y[!idx]; r$valprob <- list(split = "complete cases in file order: rows 1,3,5.. train; 2,4,6.. test", train_coef = nm(coef(gtr)), stats = nm(unclass(val.prob(pt, yt, pl = FALSE))))
  ro <- roc(y, p, quiet = TRUE, direction = "<"); rr <- roc(y, pr, quiet = TRUE, direction = "<"); rt <- roc.test(ro, rr, method = "delong", paired = TRUE)
  r$proc <- list(auc = as.numeric(auc(ro)), ci_delong = as.numeric(ci.auc(ro, method = "delong")), var_delong = var(ro, method = "delong"), auc_rounded = as.numeric(auc(rr)), ci_delong_rounded = as.numeric(ci.auc(rr, method = "delong")), test_p = rt$p.value, test_z = as.numeric(rt$statistic), youden = unlist(coords(ro, "best", ret = c("threshold", "sensitivity", "specificity"), transpose = FALSE)[1, ]))
  pts <- c(.05, .1, .2, .3, .4, .5, .6); r$decision_curve <- list(threshold = pts, net_benefit = sapply(pts, function(t) mean(p >= t & y == 1) - mean(p >= t & y == 0) * t / (1 - t)), treat_all = sapply(pts, function(t) mean(y == 1) - mean(y == 0) * t / (1 - t)))
  r }
g_score <- function(d, f, f2, times, metrics = c("auc", "brier")) { vars <- unique(c(all.vars(f), all.vars(f2))); d <- d[complete.cases(d[, vars]), vars]; tr <- d[seq_len(nrow(d)) %% 2 == 1, ]; te <- d[seq_len(nrow(d)) %% 2 == 0, ]
  m1 <- coxph(f, tr, x = TRUE, y = TRUE, ties = "efron", control = cc); m2 <- coxph(f2, tr, x = TRUE, y = TRUE, ties = "efron", control = cc); sc <- Score(list(m1 = m1, m2 = m2), formula = as.formula(paste(deparse1(f[[2]]), "~ 1")), data = te, times = times, metrics = metrics, cens.model = "km", se.fit = TRUE, conf.int = TRUE, summary = "ibs", contrasts = TRUE)
  list(f1 = deparse1(f), f2 = deparse1(f2), split = "complete cases on all variables of f1 and f2, file order: odd rows train, even rows test", cens = "IPCW, marginal Kaplan-Meier of censoring in the test rows", times = times, auc = as.data.frame(sc$AUC$score), auc_contrasts = as.data.frame(sc$AUC$contrasts), brier = as.data.frame(sc$Brier$score), brier_contrasts = as.data.frame(sc$Brier$contrasts), m1_coef = nm(coef(m1)), m2_coef = nm(coef(m2)), risk_m1_first6 = unclass(predictRisk(m1, newdata = te[1:6, ], times = times))) }
g_csc <- function(d, f, times, cause = 1, prof) { vars <- all.vars(f); d <- d[complete.cases(d[, vars]), vars]; tr <- d[seq_len(nrow(d)) %% 2 == 1, ]; te <- d[seq_len(nrow(d)) %% 2 == 0, ]; m <- CSC(f, data = tr, cause = cause); sc <- Score(list(csc = m), formula = as.formula(paste(deparse1(f[[2]]), "~ 1")), data = te, times = times, cause = cause, metrics = c("auc", "brier"), cens.model = "km", se.fit = TRUE)
  list(formula = deparse1(f), cause = cause, split = "complete cases, file order: odd rows train, even rows test", times = times, coef = lapply(m$models, function(x) nm(coef(x))), abs_risk_profiles = unclass(predictRisk(m, newdata = prof, times = times, cause = cause)), profiles = prof, auc = as.data.frame(sc$AUC$score), brier = as.data.frame(sc$Brier$score)) }
g_mice <- function(d, f, kind, name, m = 5) { vars <- all.vars(f); d <- d[, vars]; set.seed(20240); im <- mice(d, m = m, maxit = 5, printFlag = FALSE, seed = 20240); l <- complete(im, "long"); write.csv(l, file.path(out, "data", paste0(name, "_imputed_long.csv")), row.names = FALSE)
  fits <- lapply(1:m, function(i) { di <- complete(im, i); if (kind == "cox") coxph(f, di, control = cc) else glm(f, binomial, di, control = list(epsilon = 1e-14)) }); po <- pool(as.mira(fits)); pr <- summary(po, conf.int = TRUE)
  list(formula = deparse1(f), kind = kind, m = m, imputed_csv = paste0(name, "_imputed_long.csv"), note = "imputation itself is random; test pooling on the exported completed data", per_imp_coef = t(sapply(fits, coef)), per_imp_se = t(sapply(fits, function(x) sqrt(diag(vcov(x))))), pooled = as.data.frame(po$pooled), summary = as.data.frame(pr)) }
g_aft <- function(d, f) { r <- list(formula = deparse1(f)); for (ds in c("weibull", "exponential", "lognormal", "loglogistic")) { x <- survreg(f, d, dist = ds, control = survreg.control(rel.tolerance = 1e-13, maxiter = 200)); r[[ds]] <- list(coef = nm(coef(x)), scale = x$scale, loglik = x$loglik, se_with_log_scale = sqrt(diag(vcov(x))), median_first6 = as.numeric(predict(x, type = "quantile", p = .5))[1:6]) }; r }
g_glmnet <- function(d, f, lambda) { m <- model.frame(f, d); X <- model.matrix(f, m)[, -1, drop = FALSE]; y <- model.response(m); r <- list(formula = deparse1(f), lambda = lambda, standardize = TRUE, cols = colnames(X)); for (a in c(1, .5, 0)) { g <- glmnet(X, y, family = "cox", alpha = a, lambda = lambda, thresh = 1e-14, maxit = 1e7); r[[paste0("alpha_", a)]] <- t(as.matrix(coef(g))) }; r }
g_rsf <- function(d, f, seeds = 1:8) { d <- model.frame(f, d); names(d)[1] <- ".y"; v <- sapply(seeds, function(s) { y <- d$.y; dd2 <- data.frame(time = y[, 1], status = y[, 2], d[, -1, drop = FALSE]); 1 - ranger(Surv(time, status) ~ ., dd2, num.trees = 500, min.node.size = 15, seed = s, num.threads = 2)$prediction.error }); list(formula = deparse1(f), ranger = "num.trees=500,min.node.size=15", oob_c_min = min(v), oob_c_max = max(v), oob_c_mean = mean(v), oob_c_sd = sd(v)) }
g_rcs <- function(d, v, nk) { x <- d[[v]]; k <- as.numeric(attr(rcspline.eval(x, nk = nk, inclx = TRUE), "knots")); at <- as.numeric(quantile(x, c(0, .1, .35, .5, .77, 1), na.rm = TRUE)); b <- rcspline.eval(at, knots = k, inclx = TRUE); list(variable = v, nk = nk, knots = k, at = at, basis = matrix(as.numeric(b), nrow = length(at))) }
g_finegray <- function(d, f, etype, rhs) { fg <- finegray(f, data = d, etype = etype); fit <- coxph(as.formula(paste("Surv(fgstart, fgstop, fgstatus) ~", rhs)), weights = fgwt, data = fg, control = cc); list(etype = etype, rhs = rhs, rows = nrow(fg), sum_wt = sum(fg$fgwt), coef = nm(coef(fit)), naive_se = nm(sqrt(diag(fit$var)))) }
source(file.path(out, "spec.R"), local = FALSE)
