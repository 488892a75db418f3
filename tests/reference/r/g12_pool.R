# Pooling of ten imputations: mice::pool and pool.scalar, mitools::MIcombine, mitml::testModels
# (D1, D2, D4; D3 by the formula of Meng and Rubin 1992), pROC::roc, sandwich::vcovHC.
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))
need("mice", "mitools", "mitml", "pROC", "sandwich")
imputed <- split(transform(read_data("completed10"), longer = as.numeric(dur > 3)), ~imp)
fit_all <- function(terms) lapply(imputed, function(d) logistic(formula_of("y", c("therapy", terms)), d))
columns <- c("term", "estimate", "se", "statistic", "df", "p", "lo", "hi", "ubar", "b", "t",
             "dfcom", "riv", "lambda", "fmi")
pooled <- function(fits, dfcom = NULL) {
  p <- pool(fits, dfcom = dfcom)$pooled
  se <- sqrt(p$t); statistic <- p$estimate / se; reach <- qt(0.975, p$df) * se
  p <- transform(p, se = se, statistic = statistic, p = 2 * pt(-abs(statistic), p$df),
                 lo = estimate - reach, hi = estimate + reach,
                 dfcom = ifelse(is.finite(p$dfcom), p$dfcom, NA), term = as.character(term))
  as.list(p[columns])
}
terms <- list(model1 = "age", model3 = model_3, model3_plus_vol = c(model_3, "vol"),
              unadjusted = character(0))
models <- lapply(terms, fit_all)
out <- list(glm = lapply(models, pooled), model3_dfcom_inf = pooled(models$model3, Inf))
combined <- function(...) MIcombine(lapply(models$model3, coef), lapply(models$model3, vcov), ...)
inf <- combined()
out$mitools_model3 <- list(coef = unname(coef(inf)), se = unname(sqrt(diag(vcov(inf)))),
                           df = unname(inf$df), missinfo = unname(inf$missinfo))
out$mitools_model3_dfcom <- list(df = unname(combined(df.complete = 529)$df))

# Tests of several coefficients at once.
several <- function(full, null, k) {
  values <- function(t, ...) {
    t <- unname(t$test[1, c("F.value", "df1", "df2", "P(>F)", "RIV")])
    c(list(F = t[1], df1 = t[2], df2 = t[3], p = t[4], riv = t[5]), list(...))
  }
  m <- length(full); df <- df.residual(full[[1]])
  test <- function(...) values(suppressWarnings(testModels(full, null, ...)))
  stacked <- do.call(rbind, imputed)
  # D3: likelihood ratios at each maximum, and at the pooled coefficients of both models.
  loglik <- function(fit, beta) {
    sum(dbinom(fit$y, 1, expit(c(model.matrix(fit) %*% beta)), log = TRUE))
  }
  mean_of <- function(fits) rowMeans(sapply(fits, coef))
  each <- mapply(function(a, b) 2 * (logLik(a) - logLik(b)), full, null)
  fixed <- mapply(function(a, b) 2 * (loglik(a, mean_of(full)) - loglik(b, mean_of(null))),
                  full, null)
  dbar <- mean(each); dtilde <- mean(fixed)
  riv <- (m + 1) / (k * (m - 1)) * (dbar - dtilde); F <- dtilde / (k * (1 + riv)); t <- k * (m - 1)
  df2 <- if (t > 4) 4 + (t - 4) * (1 + (1 - 2 / t) / riv)^2 else {
    t * (1 + 1 / k) * (1 + 1 / riv)^2 / 2
  }
  D3 <- list(F = F, df1 = k, df2 = df2, p = pf(F, k, df2, lower.tail = FALSE), riv = riv,
             dbar = dbar, dtilde = dtilde)
  D4 <- function(ariv) test(method = "D4", data = imputed, ariv = ariv)
  list(D1 = test(method = "D1"), D1_dfcom = test(method = "D1", df.com = df),
       D2_wald = test(method = "D2", use = "wald"),
       D2_lr = test(method = "D2", use = "likelihood"), D3 = D3, D4 = D4("default"),
       D4_positive = D4("positive"), D4_robust = D4("robust"))
}
# mitml evaluates a model again on stacked data, so the formula stands in the call itself.
plain <- function(formula) lapply(imputed, function(d) quietly(eval(substitute(
  glm(f, family = binomial, data = d, control = settled), list(f = formula)))))
hormones <- c("lh", "fsh", "t", "e2", "prl")
full <- plain(formula_of("y", c("therapy", model_3)))
without <- plain(formula_of("y", c("therapy", setdiff(model_3, hormones))))
out$hormones_block_5df <- several(full, without, 5)
longer <- c("therapy", model_3, "longer")
out$interaction_therapy_dur <- several(plain(formula_of("y", c(longer, "therapy:longer"))),
                                  plain(formula_of("y", longer)), 1)

# Weighting within each imputation.
scalar <- function(Q, U, n, k) pool.scalar(Q, U, n, k)[c("qbar", "ubar", "b", "t", "df", "fmi")]
weighted <- function(d, w, terms) {
  d$w <- w
  fit <- quietly(glm(formula_of("y", c("therapy", terms)), binomial, d, weights = w, control = settled))
  c(coef(fit)["therapy"], vcovHC(fit, type = "HC0")["therapy", "therapy"])
}
scores <- sapply(imputed, function(d) fitted(logistic(formula_of("therapy", score_terms), d)))
ate <- function(d, p) ifelse(d$therapy == 1, 1 / p, 1 / (1 - p))
stabilised <- function(d, p) ate(d, p) * ifelse(d$therapy == 1, mean(d$therapy), 1 - mean(d$therapy))
over <- function(weights, terms) unname(sapply(seq_along(imputed), function(i) {
  weighted(imputed[[i]], weights(imputed[[i]], scores[, i]), terms)
}))
each <- over(ate, character(0))
out$iptw_within <- c(scalar(each[1, ], each[2, ], 542, 2),
                     list(per_imputation = list(b = each[1, ], v = each[2, ])))
each <- over(stabilised, score_terms)
out$iptw_within_adj <- scalar(each[1, ], each[2, ], 542, 14)
across <- weighted(imputed[[1]], ate(imputed[[1]], rowMeans(scores)), character(0))
out$iptw_across <- list(b = unname(across[1]), se_HC0 = sqrt(across[2]))
curves <- apply(scores, 2, function(p) roc(imputed[[1]]$therapy, p, quiet = TRUE, direction = "<"))
area <- unname(sapply(curves, function(r) as.numeric(auc(r))))
variance <- unname(sapply(curves, function(r) var(r, method = "delong")))
out$c_stat <- list(auc = area, mean = mean(area), median = median(area), var_delong = variance,
                   pooled_logit = scalar(qlogis(area), variance / (area * (1 - area))^2, 542, 1))
Q <- c(0.5, 0.62, 0.41, 0.55, 0.58); U <- c(0.04, 0.043, 0.038, 0.041, 0.042)
out$toy <- c(list(Q = Q, U = U, n = 100, k = 3), scalar(Q, U, 100, 3))
out$toy_inf <- scalar(Q, U, Inf, 1)
save_oracle("g12_pool", out)
