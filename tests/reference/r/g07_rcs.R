# Restricted cubic splines: Hmisc::rcspline.eval (knots and basis), rms::lrm and anova (Wald),
# stats::glm (likelihood ratios).
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))
need("Hmisc", "rms")
patients <- read_data("cohort542_full")
numeric <- c("age", "dur", "bmi", "vol", "lh", "fsh", "t")
knots_of <- function(x, k) as.numeric(rcspline.eval(x, nk = k, knots.only = TRUE))
knots <- sapply(numeric, function(name) {
  x <- patients[[name]]
  list(k3 = knots_of(x, 3), k4 = knots_of(x, 4), k5 = knots_of(x, 5),
       q_type7 = unname(quantile(x, c(0.1, 0.5, 0.9))))
}, simplify = FALSE)
x <- patients$fsh[1:12]
basis <- function(knots, norm) {
  unname(matrix(rcspline.eval(x, knots, inclx = TRUE, norm = norm), 12))
}
out <- list(
  knots = knots,
  basis_fsh_k3 = list(x = x, knots = knots$fsh$k3, norm2 = basis(knots$fsh$k3, 2),
                      norm0 = basis(knots$fsh$k3, 0)),
  basis_fsh_k5 = list(knots = knots$fsh$k5, norm2 = basis(knots$fsh$k5, 2)))

ratio <- function(more, fewer, df) {
  statistic <- deviance(fewer) - deviance(more)
  c(statistic, pchisq(statistic, df, lower.tail = FALSE))
}
fit_one <- function(name) {
  v <- patients[[name]]; k <- knots[[name]]$k3
  data <- transform(patients, x = v, bent = c(rcspline.eval(v, k)))
  fit <- lrm(y ~ rcs(v, k), data = data.frame(y = data$y, v = v), eps = 1e-14, maxit = 100)
  wald <- anova(fit)
  others <- c("therapy", setdiff(score_terms, name))
  straight <- logistic(formula_of("y", "x"), data); curved <- logistic(y ~ x + bent, data)
  line <- logistic(formula_of("y", c("x", others)), data)
  bent <- logistic(formula_of("y", c("x", "bent", others)), data)
  z <- coef(summary(bent))["bent", "z value"]
  nonlinear <- ratio(curved, straight, 1); adjusted <- ratio(bent, line, 1)
  # Five places around the median, as log odds ratios against it.
  at <- unname(quantile(v, c(0.05, 0.25, 0.5, 0.75, 0.95))); middle <- median(v)
  place <- function(x) cbind(x, c(rcspline.eval(x, k)))
  away <- place(at) - place(rep(middle, 5))
  V <- vcov(fit)[-1, -1]
  list(coef = unname(coef(fit)), se = unname(sqrt(diag(vcov(fit)))),
       wald_overall = unname(wald[1, 1]), wald_overall_p = unname(wald[1, 3]),
       wald_nonlin = unname(wald[2, 1]), wald_nonlin_p = unname(wald[2, 3]),
       lr_nonlin = nonlinear[1], lr_nonlin_p = nonlinear[2],
       lr_overall = ratio(curved, logistic(y ~ 1, data), 2)[1], adj_wald_nonlin = z^2,
       adj_lr_nonlin = adjusted[1], adj_lr_nonlin_p = adjusted[2],
       curve = list(x = at, ref = middle, log_or = c(away %*% coef(fit)[-1]),
                    se = sqrt(rowSums((away %*% V) * away))))
}
out$fit <- sapply(numeric, fit_one, simplify = FALSE)

# Fewer than 100 values: the outer knots are the fifth smallest and the fifth largest.
x <- stored("g07_rcs")$small_n$x
out$small_n <- list(x = x, knots3 = knots_of(x, 3), q = unname(quantile(x, c(0.1, 0.5, 0.9))),
                    fifth = c(sort(x)[5], sort(x, decreasing = TRUE)[5]))
save_oracle("g07_rcs", out)
