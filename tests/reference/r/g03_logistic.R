# Logistic models: stats::glm, confint (profile likelihood, from MASS), sandwich::vcovHC; Firth's
# penalised likelihood by its definition (Firth 1993, Heinze and Schemper 2002), as logistf 1.26.1.
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))
need("MASS", "sandwich")

table_of <- function(fit) {
  s <- unname(coef(summary(fit)))
  list(term = names(coef(fit)), coef = s[, 1], se = s[, 2], z = s[, 3], p = s[, 4])
}
describe <- function(fit, data) {
  without <- logistic(update(formula(fit), . ~ . - therapy), data)
  test <- ratio_test(fit, without)
  robust <- function(type) unname(sqrt(diag(vcovHC(fit, type = type))))
  coefficients <- table_of(fit)
  c(coefficients, list(
    wald_ci = coefficients$coef + outer(coefficients$se, both), profile_ci = profile_limits(fit),
    loglik = as.numeric(logLik(fit)), aic = AIC(fit), bic = BIC(fit), deviance = deviance(fit),
    lrt_therapy = test$lrt, lrt_therapy_p = test$p, n = nobs(fit), se_HC0 = robust("HC0"),
    se_HC1 = robust("HC1"), se_HC3 = robust("HC3"), brier = mean((data$y - fitted(fit))^2)))
}
models <- list(unadjusted = character(0), model1 = "age", model2 = c("age", "dur", "bmi", "dx"),
               model3 = model_3)
fit_all <- function(data) lapply(models, function(terms) {
  describe(logistic(formula_of("y", c("therapy", terms)), data), data)
})
full <- read_data("cohort542_full")
complete <- na.omit(read_data("cohort542_mar"))
out <- list(full_data = fit_all(full), complete_case = fit_all(complete))

# The propensity score as a covariate, and how collinear it is with its own covariates.
score <- logistic(formula_of("therapy", score_terms), full)
full$ps <- fitted(score); full$lps <- qlogis(full$ps)
columns <- model.matrix(score)[, -1]
with_score <- c("therapy", "ps")
inflation <- function(x) 1 / (1 - summary(lm(full$therapy ~ x))$r.squared)
condition <- function(x) {  # of the correlation matrix
  values <- eigen(cor(x), symmetric = TRUE, only.values = TRUE)$values
  max(values) / min(values)
}
out$ps_covariate <- list(
  y_therapy_ps = describe(logistic(y ~ therapy + ps, full), full),
  y_therapy_logitps = describe(logistic(y ~ therapy + lps, full), full),
  full_plus_ps = describe(logistic(formula_of("y", c("therapy", model_3, "vol", "ps")), full), full),
  collinearity = list(
    R2_logit_ps_on_covariates = summary(lm(full$lps ~ columns))$r.squared,
    R2_ps_on_covariates = summary(lm(full$ps ~ columns))$r.squared,
    vif_therapy_without_ps = inflation(columns), vif_therapy_with_ps = inflation(cbind(columns, full$ps)),
    cond_without = condition(cbind(full$therapy, columns)),
    cond_with = condition(cbind(full$therapy, columns, full$ps))))

# Firth: the log likelihood plus half the log determinant of the information. `fixed` holds one
# coefficient at a value; the penalty is that of all columns throughout.
firth <- function(X, y, fixed = NULL, at = 0) {
  beta <- rep(0, ncol(X)); free <- setdiff(seq_along(beta), fixed)
  if (length(fixed)) beta[fixed] <- at
  penalised <- function(b) {
    p <- expit(c(X %*% b))
    information <- crossprod(X, p * (1 - p) * X)
    list(value = sum(dbinom(y, 1, p, log = TRUE)) + determinant(information)$modulus[1] / 2,
         p = p, information = information)
  }
  now <- penalised(beta)
  for (step in 1:500) {
    w <- now$p * (1 - now$p)
    h <- w * rowSums((X %*% solve(now$information)) * X)
    score <- crossprod(X, y - now$p + h * (0.5 - now$p))
    move <- c(solve(now$information[free, free], score[free]))
    move <- move / max(1, max(abs(move)) / 2)
    repeat {  # halve until the penalised likelihood rises
      trial <- replace(beta, free, beta[free] + move)
      new <- penalised(trial)
      if (new$value >= now$value - 1e-12 || max(abs(move)) < 1e-12) break
      move <- move / 2
    }
    beta <- trial; now <- new
    if (max(abs(move)) < 1e-11) break
  }
  # logistf 1.26.1 takes its errors from the data augmented by the penalty: weights w(1 + h).
  w <- now$p * (1 - now$p)
  h <- w * rowSums((X %*% solve(now$information)) * X)
  list(coef = beta, loglik = now$value, se = sqrt(diag(solve(crossprod(X, w * (1 + h) * X)))))
}
firth_limits <- function(X, y, fit) {
  t(sapply(seq_along(fit$coef), function(j) {
    gap <- function(b) 2 * (fit$loglik - firth(X, y, j, b)$loglik) - qchisq(0.95, 1)
    beyond <- function(sign) {
      reach <- fit$se[j]
      while (gap(fit$coef[j] + sign * reach) < 0) reach <- 1.5 * reach
      sort(c(fit$coef[j], fit$coef[j] + sign * reach))
    }
    sapply(c(-1, 1), function(sign) uniroot(gap, beyond(sign), tol = 1e-10)$root)
  }))
}
firth_p <- function(X, y, fit) sapply(seq_along(fit$coef), function(j) {
  pchisq(2 * (fit$loglik - firth(X, y, j)$loglik), 1, lower.tail = FALSE)
})
azfc <- subset(full, dx == "azfc")
X <- model.matrix(~ therapy + age, azfc)
fit <- firth(X, azfc$y)
out$firth_azfc <- list(n = nrow(azfc), coef = fit$coef, se = fit$se,
                       ci_pl = firth_limits(X, azfc$y, fit), p = firth_p(X, azfc$y, fit),
                       ml = table_of(logistic(y ~ therapy + age, azfc)))
rows <- stored("g03_logistic")$firth_separation$data
x <- sapply(rows, `[[`, "x"); y <- sapply(rows, `[[`, "y")
X <- cbind(1, x)
fit <- firth(X, y)
out$firth_separation <- list(data = data.frame(y = y, x = x), coef = fit$coef,
                             ci = firth_limits(X, y, fit), p = firth_p(X, y, fit))

fit <- glm(formula_of("y", c("therapy", models$model2)), poisson, full, control = settled)
out$modified_poisson_model2 <- list(coef = unname(coef(fit)),
                                    se_HC0 = unname(sqrt(diag(vcovHC(fit, type = "HC0")))))
save_oracle("g03_logistic", out)
