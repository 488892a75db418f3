# Survey designs with strata and clusters (survey::svydesign, nested): arms, regressions, weighted
# comparisons of two and three treatments; and ten imputations analysed as surveys and pooled.
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))
need("survey", "mitools", "mice", "nnet")

main <- c("therapy", "age", "dur", "vol", "dx", "fsh")
tight <- list(epsilon = 1e-14, maxit = 50)

# --- a design that depends on the table by arithmetic alone; clusters are numbered within strata
designed <- function(data) {
  data$sw <- 1 + (round(data$age) * 7 + data$id * 3) %% 11 / 5
  data$stratum <- data$id %% 4
  data$centre <- (data$id %/% 4) %% 9
  data
}
as_survey <- function(data) svydesign(~centre, strata = ~stratum, weights = ~sw, nest = TRUE, data = data)
survey_fit <- function(formula, design, family) {
  quietly(svyglm(formula, design, family = family, control = tight))
}
of_therapy <- function(fit) {
  s <- summary(fit)$coefficients["therapy", ]
  list(est = s[[1]], se = s[[2]], p = s[[4]])
}
cohort <- designed(read_data("cohort542_full"))
design <- as_survey(cohort)
patients <- svydesign(~1, strata = ~stratum, weights = ~sw, data = cohort)
arms <- function(design) {
  found <- svyby(~y, ~therapy, design, svymean, covmat = TRUE)
  list(est = unname(coef(found)), cov = unname(vcov(found)))
}

# --- inverse-probability weights times sampling weights: stacked equations of score and arms
stacked <- function(psi, theta, units) {
  n <- nrow(psi(theta))
  slope <- sapply(seq_along(theta), function(j) {
    h <- 1e-3 * max(abs(theta[j]), 0.01)
    at <- function(k) colSums(psi(replace(theta, j, theta[j] + k * h)))
    (at(-2) - 8 * at(-1) + 8 * at(1) - at(2)) / (12 * h)
  })
  influence <- psi(theta) %*% t(solve(slope))
  total <- svytotal(influence / cohort$sw, units)
  unname(vcov(total))
}
Z <- model.matrix(formula_of("therapy", setdiff(main, "therapy")), cohort)
score <- survey_fit(formula_of("therapy", setdiff(main, "therapy")), design, quasibinomial())
ate <- function(outcome) {
  y <- cohort[[outcome]]; a <- cohort$therapy; q <- ncol(Z)
  weight <- function(b) { e <- expit(c(Z %*% b)); cohort$sw * ifelse(a == 1, 1 / e, 1 / (1 - e)) }
  w <- weight(coef(score))
  mu <- c(sum(w * a * y) / sum(w * a), sum(w * (1 - a) * y) / sum(w * (1 - a)))
  psi <- function(theta) {
    w <- weight(theta[1:q])
    cbind(cohort$sw * Z * (a - expit(c(Z %*% theta[1:q]))),
          w * a * (y - theta[q + 1]), w * (1 - a) * (y - theta[q + 2]))
  }
  V <- stacked(psi, c(coef(score), mu), design)
  list(means = mu, cov = V[q + 1:2, q + 1:2])
}

# --- three treatments
cohort$arm <- ifelse(cohort$therapy == 0, "none", ifelse(cohort$id %% 2 == 0, "hcg", "both"))
cohort$arm <- factor(cohort$arm, levels = c("none", "hcg", "both"))
K <- 3; code <- as.integer(cohort$arm)
Z3 <- model.matrix(~ age + vol + fsh, cohort)
choice <- multinom(arm ~ age + vol + fsh, cohort, weights = sw, trace = FALSE, reltol = 1e-15, maxit = 2000)
b <- c(t(coef(choice)))
gps_of <- function(b) { eta <- cbind(0, Z3 %*% t(matrix(b, K - 1, byrow = TRUE))); exp(eta) / rowSums(exp(eta)) }
score_of <- function(b) {
  e <- gps_of(b)
  do.call(cbind, lapply(2:K, function(k) cohort$sw * Z3 * ((code == k) - e[, k])))
}
for (step in 1:5) {  # Newton's last digits
  e <- gps_of(b); q <- ncol(Z3); H <- matrix(0, length(b), length(b))
  for (j in 2:K) for (k in 2:K) {
    H[(j - 2) * q + 1:q, (k - 2) * q + 1:q] <- crossprod(Z3, Z3 * (cohort$sw * e[, j] * ((j == k) - e[, k])))
  }
  b <- b + solve(H, colSums(score_of(b)))
}
several <- function(overlap) {
  weight <- function(b) {
    e <- gps_of(b)
    cohort$sw * (if (overlap) 1 / rowSums(1 / e) else 1) / e[cbind(seq_along(code), code)]
  }
  w <- weight(b)
  mu <- sapply(1:K, function(k) sum(w * cohort$y * (code == k)) / sum(w * (code == k)))
  psi <- function(theta) {
    w <- weight(theta[seq_along(b)])
    cbind(score_of(theta[seq_along(b)]),
          sapply(1:K, function(k) w * (code == k) * (cohort$y - theta[length(b) + k])))
  }
  V <- stacked(psi, c(b, mu), design)
  last <- length(b) + 1:K
  list(means = mu, cov = V[last, last])
}

# --- ten imputations, each analysed as a survey, pooled with the degrees of freedom of the design
imputed <- designed(read_data("completed10"))
fits <- lapply(split(imputed, imputed$imp), function(data) {
  survey_fit(formula_of("y", main), as_survey(data), quasibinomial())
})
estimates <- sapply(fits, function(fit) coef(fit)[["therapy"]])
variances <- sapply(fits, function(fit) vcov(fit)["therapy", "therapy"])
left <- degf(as_survey(imputed[imputed$imp == 1, ]))
pooled <- MIcombine(as.list(estimates), as.list(variances), df.complete = left)
one <- pool.scalar(estimates, variances, n = left + 1, k = 1)
stopifnot(all.equal(c(vcov(pooled)), one$t))
several_imputed <- lapply(split(imputed, imputed$imp), function(data) {
  data$arm <- factor(ifelse(data$therapy == 0, "none", ifelse(data$id %% 2 == 0, "hcg", "both")),
                     levels = c("none", "hcg", "both"))
  fit <- logistic(y ~ arm + age + vol + fsh, data)
  list(est = unname(coef(fit)[2:3]), var = unname(diag(vcov(fit))[2:3]))
})
pool_arm <- function(k) {
  found <- pool.scalar(sapply(several_imputed, function(x) x$est[k]),
                       sapply(several_imputed, function(x) x$var[k]), n = 542, k = 6)
  list(est = found$qbar, se = sqrt(found$t), df = found$df)
}

save_oracle("g23_survey_design", list(
  weight = cohort$sw, stratum = cohort$stratum, centre = cohort$centre, degf = degf(design),
  arms = arms(design), arms_of_patients = arms(patients),
  logistic = of_therapy(survey_fit(formula_of("y", main), design, quasibinomial())),
  logistic_of_patients = of_therapy(survey_fit(formula_of("y", main), patients, quasibinomial())),
  poisson = of_therapy(survey_fit(formula_of("y", main), design, quasipoisson())),
  linear = of_therapy(survey_fit(formula_of("t", main), design, gaussian())),
  ate = ate("y"), ate_t = ate("t"),
  three_ate = several(FALSE), three_ato = several(TRUE),
  imputed = list(est = one$qbar, se = sqrt(one$t), df = one$df, df_complete = left),
  imputed_arms = lapply(1:2, pool_arm)))
