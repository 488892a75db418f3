# A logistic model with an intercept per site: lme4::glmer, 25 points of adaptive quadrature. The
# data of 240 patients follow from a formula.
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))
need("lme4")
i <- 0:239
A <- i %% 2; site <- (i %/% 2) %% 8; X <- ((37 * i) %% 101) / 50 - 1
threshold <- ((61 * i + 13) %% 97) / 97
fit <- function(spread, formula) {
  risk <- expit(-0.6 + 0.7 * A + 0.9 * X + spread * sin(2 * site))
  data <- data.frame(Y = as.numeric(threshold < risk), A = A, X = X, site = site)
  control <- glmerControl(optimizer = "bobyqa", tolPwrss = 1e-12, optCtrl = list(rhoend = 1e-10),
                          check.conv.singular = "ignore")
  fit <- glmer(as.formula(formula), data, binomial, nAGQ = 25, control = control)
  list(coef = unname(fixef(fit)), se = std_errors(fit),
       sd = unname(attr(VarCorr(fit)$site, "stddev")))
}
std_errors <- function(fit) unname(sqrt(diag(as.matrix(vcov(fit)))))
formulas <- c("Y ~ A + (1|site)", "Y ~ A + X + (1|site)")
both_models <- function(spread) sapply(formulas, function(f) fit(spread, f), simplify = FALSE)
save_oracle("g16_random_intercept", list(spread_1 = both_models(1), spread_0 = both_models(0)))
