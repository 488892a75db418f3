# Values of metafor with its own stopping rules, for the sets of `g17_meta_analysis.R` that leave
# tau squared in doubt: the values that differ from the solution of the estimating equation.
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))
need("metafor")

printed <- function(f) list(tau2 = f$tau2, effect = as.numeric(f$beta), se = f$se)

fitted_by_default <- function(d) {
  fit <- function(m) rma(yi, vi, data = d, method = m)
  reml <- fit("REML")
  knha <- rma(yi, vi, data = d, method = "REML", test = "knha")
  egger <- regtest(reml)
  list(PM = printed(fit("PM")), ML = printed(fit("ML")), REML = printed(reml),
       profile = as.numeric(confint(reml)$random[1, 2:3]),
       prediction = with(predict(reml), c(pi.lb, pi.ub)),
       knapp_hartung_se = knha$se,
       leave_one_out = as.numeric(leave1out(reml)$estimate),
       egger_z = egger$zval)
}

bcg <- metadat::dat.bcg
of_bcg <- function(measure) {
  escalc(measure, ai = tpos, bi = tneg, ci = cpos, di = cneg, data = bcg)
}
empty <- data.frame(x1 = c(0, 3, 12, 1, 0, 7, 20), n1 = c(11, 30, 40, 9, 25, 22, 60),
                    x2 = c(2, 1, 9, 0, 0, 6, 11), n2 = c(12, 29, 41, 10, 24, 20, 58))
zero <- escalc("OR", ai = x1, n1i = n1, ci = x2, n2i = n2, data = empty)
moderated <- rma(yi, vi, mods = ~ ablat, data = of_bcg("OR"), method = "REML")
sets <- lapply(c(OR = "OR", RR = "RR", RD = "RD"), function(m) fitted_by_default(of_bcg(m)))

save_oracle("g25_meta_stopping", c(sets, list(
  empty_OR = fitted_by_default(zero),
  regression = list(tau2 = moderated$tau2, effect = as.numeric(moderated$beta), se = moderated$se,
                    r2 = moderated$R2, qm = moderated$QM, qm_p = moderated$QMp))))
