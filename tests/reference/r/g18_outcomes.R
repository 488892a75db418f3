# Outcomes other than one independent 0/1 outcome per patient: changes (wilcox.test), rows of couples
# (geepack::geeglm), measurements (lm, sandwich::vcovHC, survey::svyglm), counts (glm), times
# (survival::coxph, survfit, survdiff), ordered classes (MASS::polr), three treatments and more
# (nnet::multinom, survey::svyglm).
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))
need("survival", "MASS", "nnet", "geepack", "survey", "sandwich")

table_of <- function(fit) {
  s <- summary(fit)$coefficients
  list(name = rownames(s), est = unname(s[, 1]), se = unname(s[, 2]))
}

# --- changes within patients: exact below 50 without ties and zeros, else approximate
changes <- list(
  five_rising = c(7.1, 8.6, 5.2, 8.3, 4.4),
  seven_mixed = c(0.3, -1.2, 2.5, 3.1, -0.4, 1.7, 0.9),
  tied = c(1, 1, 2, -1, 3, 2, -2, 4),
  with_zeros = c(0, 0.5, 1.5, -0.7, 2.2, 0, 1.1, 3.3),
  sixty = round(sin(seq_len(60)) * 3 + 0.4, 4))
signed_rank <- lapply(changes, function(x) {
  test <- suppressWarnings(wilcox.test(x))
  list(change = x, V = unname(test$statistic), p = test$p.value)
})

# --- embryos of couples
couples <- read_data("icsi138")
oocytes <- couples[rep(seq_len(nrow(couples)), couples$oocytes), ]
oocytes$y <- unlist(Map(function(n, k) as.integer(seq_len(n) <= k), couples$oocytes, couples$pn2))
by_gee <- function(structure) {
  fit <- geeglm(y ~ therapy + n_et, id = pid, data = oocytes, family = binomial, corstr = structure)
  c(table_of(fit), list(alpha = unname(fit$geese$alpha)))
}

# --- a measurement
cohort <- read_data("cohort542_full")
main <- t ~ therapy + age + dur + bmi + vol + dx + lh + fsh
measured <- lm(main, cohort)
robust <- function(type) unname(sqrt(diag(vcovHC(measured, type = type))))
score <- fitted(logistic(therapy ~ age + dur + bmi + vol + dx + lh + fsh, cohort))
cohort$w <- ifelse(cohort$therapy == 1, 1 / score, 1 / (1 - score))
weighted <- svyglm(t ~ therapy, svydesign(~1, weights = ~w, data = cohort))
two_means <- t.test(t ~ therapy, cohort)

# --- counts
count_model <- function(family) glm(d3 ~ therapy + offset(log(oocytes)), family, couples, control = settled)
counts <- count_model(poisson)
count_hc0 <- unname(sqrt(diag(vcovHC(counts, type = "HC0"))))

# --- times: months to an event, made from the cohort by arithmetic, censored at 24
cohort$months <- with(cohort, round(2 + ((age * 7 + fsh * 3 + vol * 11 + 5 * therapy) %% 29), 1))
cohort$born <- as.integer(cohort$months < 24 & (cohort$y == 1 | cohort$age %% 2 < 1))
cohort$months <- pmin(cohort$months, 24)
tight <- coxph.control(eps = 1e-12, toler.chol = 1e-14, iter.max = 50)
cox <- function(formula, ties) of_cox(coxph(formula, cohort, ties = ties, control = tight))
of_cox <- function(fit) {
  list(est = unname(coef(fit)), se = unname(sqrt(diag(vcov(fit)))))
}
event <- Surv(cohort$months, cohort$born)
restricted <- summary(survfit(event ~ therapy, cohort), rmean = 18)$table
rank_test <- survdiff(event ~ therapy, cohort)
at_18 <- summary(survfit(event ~ therapy, cohort), times = 18, extend = TRUE)

# --- ordered classes, and classes as if they were treatments
cohort$size <- cut(cohort$vol, c(-Inf, 5, 6.5, 8, Inf), ordered_result = TRUE)
ordered_fit <- polr(size ~ therapy + age + fsh, cohort, Hess = TRUE)
classes <- multinom(dx ~ age + fsh + vol, cohort, trace = FALSE, reltol = 1e-14, maxit = 1000)
chance <- fitted(classes)
cohort$gw <- 1 / chance[cbind(seq_len(nrow(cohort)), as.integer(cohort$dx))]
several <- svyglm(y ~ dx, svydesign(~1, weights = ~gw, data = cohort), family = quasibinomial)

save_oracle("g18_outcomes", list(
  signed_rank = signed_rank,
  gee_exchangeable = by_gee("exchangeable"), gee_independence = by_gee("independence"),
  means = list(estimate = unname(two_means$estimate[2] - two_means$estimate[1]),
               se = two_means$stderr, df = unname(two_means$parameter), p = two_means$p.value),
  ancova = c(table_of(measured), list(hc0 = robust("HC0"), hc3 = robust("HC3"))),
  iptw_mean = table_of(weighted),
  poisson = c(table_of(counts), list(hc0 = count_hc0)),
  cox = list(arm_efron = cox(event ~ therapy, "efron"), arm_breslow = cox(event ~ therapy, "breslow"),
             adjusted = cox(event ~ therapy + age + fsh + dx, "efron"),
             weighted = of_cox(coxph(event ~ therapy, cohort, weights = w, robust = TRUE, control = tight))),
  months = cohort$months, born = cohort$born,
  rmst = list(mean = unname(restricted[, "rmean"]), se = unname(restricted[, "se(rmean)"])),
  log_rank = list(chisq = rank_test$chisq, p = pchisq(rank_test$chisq, 1, lower.tail = FALSE)),
  survival_18 = list(surv = at_18$surv, se = at_18$std.err),
  ordinal = list(est = unname(coef(ordered_fit)), cut = unname(ordered_fit$zeta),
                 se = std_errors(ordered_fit), loglik = as.numeric(logLik(ordered_fit))),
  multinomial = list(est = unname(coef(classes)), loglik = as.numeric(logLik(classes))),
  gps = table_of(several)))
