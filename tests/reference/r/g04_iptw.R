# Propensity score and weighting: stats::glm, pROC::roc and ci.auc (DeLong), survey::svyglm,
# geepack::geeglm, sandwich::vcovHC, rms::lrm (whose C-statistic is of rounded predictions);
# M-estimation by stacked estimating equations (common.R), as
# WeightIt 1.4.0 does with glm_weightit(). Also writes the weights of every patient.
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))
need("MASS", "pROC", "survey", "geepack", "sandwich", "rms")
patients <- read_data("cohort542_full")
a <- patients$therapy; y <- patients$y; n <- nrow(patients)
score <- logistic(formula_of("therapy", score_terms), patients)
ps <- unname(fitted(score))
s <- unname(coef(summary(score)))
curve <- roc(a, ps, quiet = TRUE, direction = "<")
out <- list(ps_model = list(
  term = names(coef(score)), coef = s[, 1], se = s[, 2], z = s[, 3], p = s[, 4],
  c_stat = as.numeric(auc(curve)), delong_ci = as.numeric(ci.auc(curve, method = "delong")),
  somers_rank_c = unname(lrm(formula_of("therapy", score_terms), patients)$stats["C"]),
  ps_first10 = ps[1:10], ps_range = range(ps)))

weights_of <- list(
  ate = function(ps, a) a / ps + (1 - a) / (1 - ps),
  att = function(ps, a) a + (1 - a) * ps / (1 - ps),
  atc = function(ps, a) a * (1 - ps) / ps + (1 - a),
  ato = function(ps, a) a * (1 - ps) + (1 - a) * ps,
  atm = function(ps, a) pmin(ps, 1 - ps) * (a / ps + (1 - a) / (1 - ps)))
w <- lapply(weights_of, function(f) f(ps, a))
w$ate_stab <- w$ate * ifelse(a == 1, mean(a), mean(1 - a))
limits <- quantile(w$ate_stab, c(0.01, 0.99), type = 7)
w$ate_stab_trunc1_99 <- pmin(pmax(w$ate_stab, limits[1]), limits[2])
w <- w[c("ate", "ate_stab", "att", "atc", "ato", "atm", "ate_stab_trunc1_99")]
effective <- function(w) sum(w)^2 / sum(w^2)
out$weights <- lapply(w, function(w) list(
  sum = sum(w), mean1 = mean(w[a == 1]), mean0 = mean(w[a == 0]), max = max(w),
  ess1 = effective(w[a == 1]), ess0 = effective(w[a == 0]), first5 = w[1:5]))

# One weighted logistic model, with each standard error of its treatment coefficient.
weighted <- function(terms, w) {
  data <- transform(patients, w = w, id = seq_len(n))
  formula <- formula_of("y", c("therapy", terms))
  fit <- quietly(glm(formula, binomial, data, weights = w, control = settled))
  quasi <- quietly(glm(formula, quasibinomial, data, weights = w, control = settled))
  robust <- function(type) unname(sqrt(vcovHC(fit, type = type)["therapy", "therapy"]))
  survey_fit <- quietly(svyglm(formula, svydesign(~1, weights = ~w, data = data),
                               family = quasibinomial, control = settled))
  gee <- quietly(geeglm(formula, id = id, data = data, weights = w, family = binomial))
  est <- unname(coef(fit)["therapy"]); df <- survey_fit$df.residual
  se <- unname(sqrt(vcov(survey_fit)["therapy", "therapy"]))
  list(coef_therapy = est, se_naive_glm = unname(sqrt(vcov(fit)["therapy", "therapy"])),
       se_quasi = unname(sqrt(vcov(quasi)["therapy", "therapy"])), se_HC0 = robust("HC0"),
       se_HC1 = robust("HC1"), se_HC3 = robust("HC3"), se_svyglm = se, svy_df = df,
       svy_p = 2 * pt(-abs(est / se), df), svy_ci = est + c(-1, 1) * qt(0.975, df) * se,
       se_gee = coef(summary(gee))["therapy", "Std.err"], svy_eq_HC0_times = se / robust("HC0"),
       sqrt_n_over_nm1 = sqrt(n / (n - 1)))
}
out$msm_unadjusted <- lapply(w, function(w) weighted(character(0), w))
out$msm_plus_covariates_paper_style <- lapply(w[c("ate", "ate_stab", "att", "ato")],
                                              function(w) weighted(score_terms, w))

# As in the article: weights and covariates, model-based errors, profile limits.
paper_style <- function(w) {
  data <- transform(patients, w = w)
  full <- formula_of("y", c("therapy", score_terms)); null <- formula_of("y", score_terms)
  fit <- quietly(glm(full, binomial, data, weights = w, control = settled))
  without <- quietly(glm(null, binomial, data, weights = w, control = settled))
  lrt <- deviance(without) - deviance(fit)
  list(OR = exp(unname(coef(fit)["therapy"])),
       profile_ci = exp(profile_limits(fit, "therapy")), lrt = lrt,
       p_lrt = pchisq(lrt, 1, lower.tail = FALSE))
}
out$paper_style_stabilised_naive <- paper_style(w$ate_stab)
out$paper_style_unstabilised_naive <- paper_style(w$ate)

# The score's equations above those of the two weighted risks.
X <- model.matrix(score); k <- ncol(X)
estimated <- function(name) {
  weight <- weights_of[[name]]
  psi <- function(theta) {
    p <- expit(c(X %*% theta[1:k])); v <- weight(p, a)
    cbind((a - p) * X, v * a * (y - theta[k + 1]), v * (1 - a) * (y - theta[k + 2]))
  }
  p1 <- weighted.mean(y[a == 1], w[[name]][a == 1])
  p0 <- weighted.mean(y[a == 0], w[[name]][a == 0])
  V <- stacked_variance(psi, c(unname(coef(score)), p1, p0))[k + 1:2, k + 1:2]
  error <- function(slope) sqrt(c(slope %*% V %*% slope))
  list(logOR = qlogis(p1) - qlogis(p0),
       se_asympt = error(c(1 / p1 / (1 - p1), -1 / p0 / (1 - p0))),
       se_HC0 = out$msm_unadjusted[[name]]$se_HC0, RD = p1 - p0, RD_se_asympt = error(c(1, -1)),
       logRR = log(p1 / p0), logRR_se_asympt = error(c(1 / p1, -1 / p0)),
       w_first5 = w[[name]][1:5])
}
out$m_estimation <- list(ATE = estimated("ate"), ATT = estimated("att"), ATO = estimated("ato"))
out$weighted_risks <- lapply(w, function(w) list(p1 = weighted.mean(y[a == 1], w[a == 1]),
                                                 p0 = weighted.mean(y[a == 0], w[a == 0])))
save_oracle("g04_iptw", out)
write.csv(data.frame(id = patients$id, ps = ps, w), file.path(folder, "g04_ps_weights.csv"),
          row.names = FALSE)
