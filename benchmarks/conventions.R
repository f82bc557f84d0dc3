# What R gives for every line of conventions_table.py. Usage: Rscript conventions.R <folder of csv files> <result.json>
a <- commandArgs(TRUE)
suppressPackageStartupMessages({ library(survival); library(rms); library(cmprsk); library(jsonlite) })
read <- function(name) read.csv(file.path(a[1], paste0(name, ".csv")))
exact <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 200)
lung <- read("lung"); gbsg <- read("gbsg"); heart <- read("heart")
mgus <- read("mgus2"); mgus <- mgus[complete.cases(mgus[, c("age", "male", "hgb", "creat", "mspike")]), ]
mgus <- mgus[order(mgus$id), ]
v <- list()

cox <- coxph(Surv(futime, death) ~ age + male + hgb + creat + mspike, mgus, control = exact)
v$ties <- unname(coef(cox))
v$survival <- as.vector(summary(survfit(cox, newdata = mgus[1, ]), times = c(12, 60, 120))$surv)
v$centre <- unname(predict(cox, newdata = mgus[1, ], type = "lp"))
v$zph <- unname(cox.zph(cox, terms = FALSE)$table["age", "chisq"])

late <- coxph(Surv(start, stop, event) ~ age + year + surgery, heart, control = exact)
v$entry_coefficients <- unname(coef(late))
v$entry_survival <- as.vector(summary(survfit(late, newdata = data.frame(age = 0, year = 3, surgery = 0)), times = c(30, 365))$surv)
v$entry_km <- as.vector(summary(survfit(Surv(start, stop, event) ~ 1, heart), times = c(30, 365))$surv)

wcox <- coxph(Surv(rfstime, status) ~ age + nodes + hormon, gbsg, weights = wt, control = exact)
v$weights <- unname(sqrt(diag(vcov(wcox))))

km <- survfit(Surv(time, dead) ~ 1, lung)
at <- summary(km, times = 365)
v$km_limits <- c(at$surv, at$lower, at$upper)
q <- quantile(km, .5); v$km_median <- unname(c(q$quantile, q$lower, q$upper))
four <- head(lung[lung$dead == 1, ], 4); half <- survfit(Surv(time, dead) ~ 1, four)
v$median_flat <- unname(quantile(half, .5)$quantile)
v$rmst <- unname(survival:::survmean(km, rmean = 365)$matrix[c("rmean", "se(rmean)")])
v$logrank <- survdiff(Surv(time, dead) ~ sex, lung)$chisq

mgus$cause <- factor(ifelse(mgus$pstat == 1, 1, ifelse(mgus$death == 1, 2, 0)), 0:2, c("censored", "pcm", "death"))
mgus$when <- ifelse(mgus$pstat == 1, mgus$ptime, mgus$futime)
aj <- survfit(Surv(when, cause) ~ 1, mgus)
j <- summary(aj, times = c(60, 120, 240)); v$incidence <- as.vector(j$pstate[, 2]); v$incidence_error <- as.vector(j$std.err[, 2])
X <- as.matrix(mgus[, c("age", "male", "hgb", "creat", "mspike")])
fg <- crr(mgus$when, as.integer(mgus$cause) - 1, X, failcode = 1, gtol = 1e-11, maxiter = 100)
v$fine_gray <- unname(fg$coef); v$fine_gray_error <- unname(sqrt(diag(fg$var)))
rows <- finegray(Surv(when, cause) ~ ., data = mgus[, c("when", "cause", colnames(X), "id")], etype = "pcm", id = id)
second <- coxph(Surv(fgstart, fgstop, fgstatus) ~ age + male + hgb + creat + mspike, rows, weights = fgwt, cluster = id, control = exact)
v$fine_gray_rows <- unname(coef(second))

lp <- predict(cox, type = "lp"); mgus$lp <- lp
v$harrell <- unname(concordance(Surv(futime, death) ~ lp, mgus, reverse = TRUE)$concordance)
v$uno <- unname(concordance(Surv(futime, death) ~ lp, mgus, reverse = TRUE, timewt = "n/G2", ymax = 120)$concordance)
v$knots <- attr(Hmisc::rcspline.eval(mgus$hgb, nk = 4), "knots")
v$knots_basis <- unname(Hmisc::rcspline.eval(10, knots = v$knots)[1, ])
w <- survreg(Surv(time, dead) ~ age + sex, lung, dist = "weibull", control = survreg.control(rel.tolerance = 1e-13, maxiter = 200))
v$aft <- unname(c(coef(w), log(w$scale)))
v$logistic <- unname(coef(glm(dead ~ age + sex, binomial, lung, control = glm.control(epsilon = 1e-13))))
names_of <- c("survival", "rms", "Hmisc", "cmprsk"); versions <- lapply(setNames(names_of, names_of), function(p) as.character(packageVersion(p)))
writeLines(toJSON(list(versions = c(list(R = as.character(getRversion())), versions), values = v), digits = I(15), auto_unbox = FALSE, pretty = TRUE), a[2])
