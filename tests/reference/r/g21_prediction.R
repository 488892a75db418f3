# Validation of predicted risks of the stored cohort: rms::val.prob (Brier), glm, pROC::roc.
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))
need("rms", "pROC")

cohort <- read_data("cohort542_full")
p <- with(cohort, expit(-1.5 + 0.09 * vol - 0.03 * fsh + 0.02 * t))
y <- cohort$y
found <- val.prob(p, y, pl = FALSE)
line <- logistic(y ~ lp, data.frame(y, lp = qlogis(p)))
large <- quietly(glm(y ~ 1, family = binomial, offset = qlogis(p), control = settled))
curve <- roc(y, p, quiet = TRUE, direction = "<")
benefit <- sapply(c(0.1, 0.2, 0.3, 0.5), function(t) {
  mean((p >= t) * y) - mean((p >= t) * (1 - y)) * t / (1 - t)
})
save_oracle("g21_prediction", list(
  predicted = p, c = as.numeric(auc(curve)), c_limits = as.numeric(ci.auc(curve))[c(1, 3)],
  brier = unname(found["Brier"]), slope = unname(coef(line)[2]), slope_se = std_errors(line)[2],
  intercept = unname(coef(large)), intercept_se = std_errors(large), net_benefit = benefit))
