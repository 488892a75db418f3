# Additive interaction: stats::glm; epiR::epi.interaction (delta method) and the formulas that it
# and interactionR follow: delta (Hosmer and Lemeshow 1992), MOVER (Zou 2008), recoding to the
# stratum of least risk (Knol 2011); boot::boot for percentile limits.
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))
need("epiR", "boot")
patients <- read_data("cohort542_full")
exposed <- with(patients, list(age_lt35 = age < 35, dur_gt3 = dur > 3, bmi_gt24 = bmi > 24,
                               vol_gt6 = vol > 6, nonidio = dx != "idiopathic",
                               t_gt = t > median(t)))

# b: log odds ratios of treatment, of exposure, and of their product; V: their covariance.
measures <- function(b, V) {
  or <- exp(c(b[1], b[2], sum(b)))
  error <- function(slope) sqrt(c(slope %*% V %*% slope))
  reri <- or[3] - or[1] - or[2] + 1
  d_reri <- c(or[3] - or[1], or[3] - or[2], or[3])
  se <- error(d_reri)
  ap <- reri / or[3]
  ap_se <- error(d_reri / or[3] - ap)
  # The intervals of three odds ratios, combined with the correlations of their logarithms.
  sums <- rbind(c(1, 1, 1), c(1, 0, 0), c(0, 1, 0))
  C <- sums %*% V %*% t(sums); r <- cov2cor(C)
  est <- exp(c(sums %*% b))
  low <- exp(c(sums %*% b) - qnorm(0.975) * sqrt(diag(C)))
  high <- exp(c(sums %*% b) + qnorm(0.975) * sqrt(diag(C)))
  reach <- function(first, others) {
    d <- c(first, others)
    sqrt(sum(d^2) - 2 * r[1, 2] * d[1] * d[2] - 2 * r[1, 3] * d[1] * d[3] +
           2 * r[2, 3] * d[2] * d[3])
  }
  list(OR10 = or[1], OR01 = or[2], OR11 = or[3], RERI = reri, se = se,
       delta_ci = reri + both * se, p_delta = 2 * pnorm(-abs(reri / se)),
       mover_ci = c(reri - reach(est[1] - low[1], (high - est)[2:3]),
                    reri + reach(high[1] - est[1], (est - low)[2:3])),
       AP = ap, AP_se = ap_se, AP_ci = ap + both * ap_se, S = (or[3] - 1) / (or[1] + or[2] - 2))
}

# With another stratum as reference the two indicators count the other way round.
recoded <- function(b, V) {
  risks <- c(`00` = 0, `01` = b[2], `10` = b[1], `11` = sum(b))
  ref <- names(which.min(risks)); flip <- strsplit(ref, "")[[1]] == "1"
  # Rows: logit of strata 00, 10, 01, 11 in terms of (intercept, b); relabel, then difference.
  logit <- rbind(c(0, 0, 0, 0), c(0, 1, 0, 0), c(0, 0, 1, 0), c(0, 1, 1, 1))[, -1]
  at <- function(t, e) logit[1 + xor(t, flip[1]) + 2 * xor(e, flip[2]), ]
  A <- rbind(at(1, 0) - at(0, 0), at(0, 1) - at(0, 0), at(1, 1) - at(1, 0) - at(0, 1) + at(0, 0))
  c(list(ref = ref), measures(c(A %*% b), A %*% V %*% t(A)))
}

# Values that interactionR 0.1.7 tabulates if neither exposure is preventive.
tabulated <- function(b, V, m) {
  of <- function(slope) {
    se <- sqrt(c(slope %*% V %*% slope)); exp(sum(slope * b) + c(0, both) * se)
  }
  rows <- rbind(c(1, NA, NA), of(c(0, 1, 0)), of(c(1, 0, 0)), of(c(1, 1, 1)), of(c(0, 1, 0)),
                of(c(0, 1, 1)), of(c(0, 0, 1)), c(m$RERI, m$mover_ci))
  labels <- c("OR00", "OR01", "OR10", "OR11", "OR(S on outcome [therapy==0]", "OR(S on outcome [therapy==1]",
              "Multiplicative scale", "RERI")
  data.frame(Measures = labels, Estimates = rows[, 1], CI.ll = rows[, 2], CI.ul = rows[, 3])
}
finite <- function(x) ifelse(is.finite(x), x, NA)
adjusted <- function(name) {
  data <- transform(patients, exposure = as.numeric(exposed[[name]]))
  terms <- if (name == "nonidio") setdiff(model_3, "dx") else model_3
  fit <- logistic(formula_of("y", c("therapy", "exposure", "therapy:exposure", terms)), data)
  at <- c("therapy", "exposure", "therapy:exposure")
  b <- unname(coef(fit)[at]); V <- unname(vcov(fit)[at, at])
  epi <- suppressWarnings(epi.interaction(fit, match(at, names(coef(fit))), param = "product"))
  m <- measures(b, V)
  c(m, list(epiR = lapply(setNames(epi, c("reri", "ap", "s", "mult")),
                          function(x) finite(unname(unlist(x)))),
            interactionR_mover = if (min(b[1:2]) < 0) NA else tabulated(b, V, m),
            recoded = recoded(b, V), beta = b, V = V))
}
out <- list(adjusted = sapply(names(exposed), adjusted, simplify = FALSE))

# Four risks without covariates.
data <- transform(patients, exposure = as.numeric(dur > 3))
p <- unname(unclass(with(data, tapply(y, list(therapy, exposure), mean))))
n <- unname(unclass(with(data, table(therapy, exposure))))
reri_of <- function(data) {
  b <- coef(glm(y ~ therapy * exposure, binomial, data))
  unname(exp(sum(b[2:4])) - exp(b[2]) - exp(b[3]) + 1)
}
set.seed(20220101)
again <- boot(data, function(data, rows) reri_of(data[rows, ]), R = 4000)
out$unadjusted_dur <- list(
  p = p, n = n, RERI_RR = (p[2, 2] - p[2, 1] - p[1, 2]) / p[1, 1] + 1,
  IC = p[2, 2] - p[2, 1] - p[1, 2] + p[1, 1], IC_se = sqrt(sum(p * (1 - p) / n)),
  RERI_OR = reri_of(data), boot_percentile = unname(quantile(again$t, c(0.025, 0.975), type = 6)),
  boot_se = sd(again$t))
save_oracle("g09_reri", out)
