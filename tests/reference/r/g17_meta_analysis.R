# Meta-analysis with metafor: pooling, heterogeneity, prediction, moderators, small-study effects,
# stratified tables and models for counts. Three sets of studies: the 13 trials of BCG vaccination
# that metadat ships (public counts), seven tables with empty cells, and six printed odds ratios.
# The stopping rules of metafor are tightened: its defaults leave tau squared in the fourth digit.
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))
need("metafor")

tight <- list(tol = 1e-13, threshold = 1e-13, maxiter = 100000)
methods <- c("EE", "DL", "HE", "SJ", "PM", "ML", "REML")

limits <- function(p) c(p$pred, p$pi.lb, p$pi.ub)

numbers <- function(f) {
  list(effect = as.numeric(f$beta), se = f$se, low = f$ci.lb, high = f$ci.ub, p = f$pval,
       tau2 = if (is.null(f$tau2)) 0 else f$tau2, i2 = f$I2, q = f$QE, q_p = f$QEp)
}

pooled <- function(yi, vi) {
  fit <- function(method, ...) rma(yi, vi, method = method, control = tight, ...)
  reml <- fit("REML")
  knha <- fit("REML", test = "knha")
  profile <- as.numeric(confint(reml, control = list(tol = 1e-12))$random[1, 2:3])
  egger <- rma(yi, vi, mods = ~ sqrt(vi), method = "REML", control = tight)
  without <- function(i) as.numeric(rma(yi[-i], vi[-i], method = "REML", control = tight)$beta)
  c(sapply(methods, function(m) numbers(fit(m)), simplify = FALSE),
    list(knapp_hartung = numbers(knha),
         prediction_knapp_hartung = limits(predict(knha)),
         prediction = limits(predict(reml)),
         tau2_profile = profile,
         leave_one_out = sapply(seq_along(yi), without),
         egger = list(z = egger$zval[2], p = egger$pval[2])))
}

effects <- function(t, measure) {
  escalc(measure, ai = t$x1, n1i = t$n1, ci = t$x2, n2i = t$n2)
}
of_counts <- function(t) {
  each <- lapply(c(OR = "OR", RR = "RR", RD = "RD"), function(m) effects(t, m))
  stratified <- function(f) list(effect = as.numeric(f$beta), se = f$se, p = f$pval)
  mh <- function(m) stratified(rma.mh(ai = t$x1, n1i = t$n1, ci = t$x2, n2i = t$n2, measure = m))
  c(list(counts = t, yi = as.numeric(each$OR$yi), vi = as.numeric(each$OR$vi)),
    lapply(each, function(d) pooled(as.numeric(d$yi), as.numeric(d$vi))),
    list(mantel_haenszel_OR = mh("OR"), mantel_haenszel_RR = mh("RR"),
         peto = stratified(rma.peto(ai = t$x1, n1i = t$n1, ci = t$x2, n2i = t$n2))))
}

bcg <- metadat::dat.bcg
bcg <- data.frame(x1 = bcg$tpos, n1 = bcg$tpos + bcg$tneg, x2 = bcg$cpos, n2 = bcg$cpos + bcg$cneg,
                  latitude = bcg$ablat)
empty <- data.frame(x1 = c(0, 3, 12, 1, 0, 7, 20), n1 = c(11, 30, 40, 9, 25, 22, 60),
                    x2 = c(2, 1, 9, 0, 0, 6, 11), n2 = c(12, 29, 41, 10, 24, 20, 58))
printed <- data.frame(estimate = c(1.59, 2.54, 0.95, 1.20, 0.80, 3.10),
                      low = c(1.02, 1.64, 0.55, 0.70, 0.25, 1.00),
                      high = c(2.48, 3.93, 1.64, 2.06, 2.56, 9.60))

moderated <- function() {
  d <- effects(bcg, "OR")
  f <- rma(yi, vi, mods = ~ bcg$latitude, data = d, method = "REML", control = tight)
  h <- rma(yi, vi, mods = ~ bcg$latitude, data = d, method = "REML", test = "knha", control = tight)
  c(numbers(f)[c("effect", "se", "tau2")], list(r2 = f$R2, qm = f$QM, qm_p = f$QMp,
    f = h$QM, f_p = h$QMp, at_33 = limits(predict(f, 33))))
}

# Binomial-normal model with fixed effects of studies, and a beta-binomial model by its formula.
binomial_normal <- function(t) {
  f <- rma.glmm(ai = t$x1, n1i = t$n1, ci = t$x2, n2i = t$n2, measure = "OR", model = "UM.FS",
                nAGQ = 15)
  list(effect = as.numeric(f$beta), se = f$se, tau2 = f$tau2)
}
beta_binomial <- function(t) {
  x <- c(t$x1, t$x2); n <- c(t$n1, t$n2); arm <- rep(1:0, each = nrow(t))
  minus <- function(q) {
    m <- expit(q[1] + q[2] * arm); s <- exp(-q[3])
    -sum(lchoose(n, x) + lbeta(x + m * s, n - x + (1 - m) * s) - lbeta(m * s, (1 - m) * s))
  }
  f <- optim(c(-1, 0, -2), minus, method = "BFGS", hessian = TRUE,
             control = list(reltol = 1e-15, maxit = 1000, ndeps = rep(1e-5, 3)))
  list(log_odds_ratio = f$par[2], se = sqrt(solve(f$hessian)[2, 2]),
       correlation = 1 / (1 + exp(-f$par[3])), log_likelihood = -f$value)
}

errors <- with(log(printed), (high - low) / (2 * qnorm(0.975)))
of_printed <- pooled(log(printed$estimate), errors^2)
save_oracle("g17_meta_analysis", list(
  bcg = c(of_counts(bcg), list(moderator = moderated())),
  empty_cells = c(of_counts(empty), list(binomial_normal = binomial_normal(empty))),
  printed = c(list(intervals = printed), of_printed),
  bcg_binomial_normal = binomial_normal(bcg),
  bcg_beta_binomial = beta_binomial(bcg)))
