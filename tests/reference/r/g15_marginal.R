# Marginal effects: standardisation, AIPW, TMLE, trimming and E-values by formula, on stats::glm and
# sandwich::vcovHC; M-estimation by stacked estimating equations (common.R).
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))
need("sandwich")
patients <- read_data("cohort542_full")
a <- patients$therapy; y <- patients$y; n <- nrow(patients)
set_arm <- function(fit, arm) {
  model.matrix(delete.response(terms(fit)), transform(patients, therapy = arm))
}

# Contrasts of two risks with standard errors from their covariance.
scales <- list(RD = function(p) c(1, -1), logRR = function(p) c(1, -1) / p,
               logOR = function(p) c(1, -1) / p / (1 - p))
errors <- function(p, V) lapply(scales, function(slope) sqrt(c(slope(p) %*% V %*% slope(p))))
contrasts_of <- function(p) list(P1 = p[1], P0 = p[2], RD = p[1] - p[2], logRR = log(p[1] / p[2]),
                                 logOR = qlogis(p[1]) - qlogis(p[2]))

standardise <- function(terms, keep = rep(1, n)) {
  fit <- logistic(formula_of("y", c("therapy", terms)), patients)
  X <- model.matrix(fit); at <- list(set_arm(fit, 1), set_arm(fit, 0)); b <- unname(coef(fit))
  risk <- lapply(at, function(x) expit(c(x %*% b)))
  p <- sapply(risk, weighted.mean, keep)
  slopes <- mapply(function(x, r) colSums(keep * r * (1 - r) * x) / sum(keep), at, risk)
  fixed <- function(V) errors(p, t(slopes) %*% V %*% slopes)
  k <- length(b)
  psi <- function(theta) {
    r <- lapply(at, function(x) expit(c(x %*% theta[1:k])))
    cbind((y - expit(c(X %*% theta[1:k]))) * X, keep * (r[[1]] - theta[k + 1]),
          keep * (r[[2]] - theta[k + 2]))
  }
  V <- stacked_variance(psi, c(b, p))[k + 1:2, k + 1:2]
  c(contrasts_of(p), list(se_delta = fixed(vcov(fit)), se_delta_HC0 = fixed(vcovHC(fit, "HC0")),
                          se_M = errors(p, V), conditional_logOR = unname(coef(fit)["therapy"])))
}
main <- standardise(score_terms)
out <- list(gcomp_main = main, gcomp_main_ATT = standardise(score_terms, a),
            gcomp_main_ATC = standardise(score_terms, 1 - a),
            gcomp_interactions = standardise(c(score_terms, "therapy:dur", "therapy:dx")),
            noncollapsibility = list(conditional_OR = exp(main$conditional_logOR),
                                     standardised_marginal_OR = exp(main$logOR)))

# Augmented inverse weighting and targeted estimation: errors from the influence function.
ps <- unname(fitted(logistic(formula_of("therapy", score_terms), patients)))
fit <- logistic(formula_of("y", c("therapy", score_terms)), patients)
q <- lapply(c(1, 0), function(arm) expit(c(set_arm(fit, arm) %*% coef(fit))))
influence_of <- function(q) cbind(a / ps * (y - q[[1]]) + q[[1]],
                                  (1 - a) / (1 - ps) * (y - q[[2]]) + q[[2]])
with_errors <- function(p, D) {
  V <- cov(D) / n
  e <- errors(p, V); v <- contrasts_of(p)
  list(P1 = v$P1, P0 = v$P0, RD = v$RD, RD_se = e$RD, logRR = v$logRR, logRR_se = e$logRR,
       logOR = v$logOR, logOR_se = e$logOR)
}
D <- influence_of(q)
out$aipw <- with_errors(colMeans(D), D)
# One fluctuation per arm: logistic regression on the inverse weights, offset by the first model.
clever <- data.frame(y = y, h1 = a / ps, h0 = (1 - a) / (1 - ps),
                     start = qlogis(ifelse(a == 1, q[[1]], q[[2]])))
fluctuation <- quietly(glm(y ~ -1 + h1 + h0 + offset(start), binomial, clever, control = settled))
epsilon <- unname(coef(fluctuation))
targeted <- list(expit(qlogis(q[[1]]) + epsilon[1] / ps),
                 expit(qlogis(q[[2]]) + epsilon[2] / (1 - ps)))
out$tmle <- c(list(epsilon = epsilon), with_errors(sapply(targeted, mean), influence_of(targeted)))

# Scores from 0.1 to 0.9 (Crump 2009), the score fitted again; and the common support.
kept <- patients[ps >= 0.1 & ps <= 0.9, ]
again <- fitted(logistic(formula_of("therapy", score_terms), kept))
kept$w <- ifelse(kept$therapy == 1, 1 / again, 1 / (1 - again))
fit <- quietly(glm(y ~ therapy, binomial, kept, weights = w, control = settled))
out$crump <- list(kept = nrow(kept), refit_logOR = unname(coef(fit)["therapy"]),
                  HC0 = unname(sqrt(vcovHC(fit, "HC0")["therapy", "therapy"])),
                  support = c(max(tapply(ps, a, min)), min(tapply(ps, a, max))))

# E-values (VanderWeele and Ding 2017), as EValue::evalues.RR and evalues.OR(rare = FALSE) print.
bound <- function(rr) { rr <- pmax(rr, 1 / rr); rr + sqrt(rr * (rr - 1)) }
e_values <- function(est, common) {
  rr <- if (common) sqrt(est) else est
  limit <- if (rr[1] > 1) rr[2] else rr[3]
  crosses <- (rr[1] > 1) != (limit > 1)
  list(in_ = est, point = bound(rr[1]), ci = if (crosses) 1 else bound(limit))
}
paper <- sqrt(c(1.59, 1.02, 2.52))
out$`evalue_pkg_OR_1.59` <- list(point = c(paper[1], bound(paper[1])),
                                 lower = c(paper[2], bound(paper[2])), upper = c(paper[3], NA))
out$evalue <- list(
  OR_159 = e_values(c(1.59, 1.02, 2.52), TRUE), OR_187 = e_values(c(1.87, 1.22, 2.92), TRUE),
  OR_180 = e_values(c(1.80, 1.04, 3.16), TRUE),
  RR_160 = e_values(c(1.5993, 1.1412, 2.2412), FALSE),
  protective = e_values(c(0.6, 0.4, 0.9), FALSE), crosses = e_values(c(1.2, 0.8, 1.8), FALSE))
save_oracle("g15_marginal", out)
