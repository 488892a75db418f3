# Cumulative live birth rate by order of embryo transfer: survival::survfit, survdiff, coxph;
# stats::glm
# for discrete time. Three conventions for couples who stop without a birth.
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))
need("survival")
couples <- transform(read_data("icsi138"), g = therapy, event = livebirth)
last <- max(couples$n_et)
curve <- function(time, type) {
  fit <- survfit(Surv(time, event) ~ g, couples, conf.type = type)
  s <- summary(fit, times = seq_len(last), extend = TRUE)
  list(strata = as.character(s$strata), time = s$time, n_risk = s$n.risk, n_event = s$n.event,
       surv = s$surv, se = s$std.err, lower = s$lower, upper = s$upper)
}
curves <- function(time) list(log = curve(time, "log"), loglog = curve(time, "log-log"),
                              plain = curve(time, "plain"))
log_rank <- function(time, rho = 0) survdiff(Surv(time, event) ~ g, couples, rho = rho)
p_of <- function(test) pchisq(test$chisq, 1, lower.tail = FALSE)
cox <- function(time, ties) {
  control <- coxph.control(eps = 1e-12, toler.chol = 1e-14, iter.max = 50)
  fit <- coxph(Surv(time, event) ~ therapy, couples, ties = ties, control = control)
  s <- coef(summary(fit))
  list(term = "therapy", coef = s[, "coef"], se = s[, "se(coef)"], z = s[, "z"], p = s[, "Pr(>|z|)"])
}
time <- couples$n_et
test <- log_rank(time); peto <- log_rank(time, 1)
out <- list(censored = c(curves(time), list(
  logrank = test$chisq, p = p_of(test), observed = test$obs, expected = test$exp,
  peto = peto$chisq, p_peto = p_of(peto), cox_efron = cox(time, "efron"),
  cox_breslow = cox(time, "breslow"), cox_exact = cox(time, "exact"))))

# No couple leaves: couples without a birth stay at risk up to the last order of transfer.
time <- ifelse(couples$event == 1, couples$n_et, last); test <- log_rank(time)
unadjusted <- tapply(couples$event, couples$g, mean)
out$conservative_no_censoring <- c(curves(time), list(
  K = last, logrank = test$chisq, p = p_of(test), unadjusted_by_arm = as.list(unadjusted)))
# Only couples who still have embryos are censored.
stays <- couples$event == 0 & couples$embryos_left == 0
time <- ifelse(stays, last, couples$n_et); test <- log_rank(time)
out$embryos_left_censored <- c(curves(time), list(logrank = test$chisq, p = p_of(test)))

# One row per transfer; orders of four and more together.
long <- couples[rep(seq_len(nrow(couples)), couples$n_et), ]
long$et <- sequence(couples$n_et); long$y <- as.numeric(long$et == long$n_et & long$event == 1)
discrete <- function(link) {
  fit <- glm(y ~ therapy + factor(pmin(et, 4)), binomial(link), long, control = settled)
  s <- unname(coef(summary(fit)))
  list(term = names(coef(fit)), coef = s[, 1], se = s[, 2], z = s[, 3], p = s[, 4])
}
out$discrete_logit <- quietly(discrete("logit"))
out$discrete_cloglog <- quietly(discrete("cloglog"))
out$rows <- nrow(long)
births <- table(couples$g, couples$event)
out$chisq_cdr <- list(yates_p = chisq.test(births)$p.value, fisher_p = fisher.test(births)$p.value)
save_oracle("g10_km", out)
