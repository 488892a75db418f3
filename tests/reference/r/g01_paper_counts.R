# Values computed from the counts and intervals that the article prints (no patient-level data).
# stats::glm, confint (profile likelihood, from MASS), chisq.test, fisher.test; the rest by formula.
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))
need("MASS")

wilson <- function(x, n) unname(prop.test(x, n, correct = FALSE)$conf.int[1:2])

two_by_two <- function(counts) {
  a <- counts[1]; b <- counts[2]; c <- counts[3]; d <- counts[4]
  n1 <- a + b; n0 <- c + d; p1 <- a / n1; p0 <- c / n0
  cells <- data.frame(yes = c(a, c), no = c(b, d), therapy = c(1, 0))
  fit <- logistic(cbind(yes, no) ~ therapy, cells)
  null <- logistic(cbind(yes, no) ~ 1, cells)
  table <- matrix(c(a, c, b, d), 2)
  plain <- chisq.test(table, correct = FALSE); yates <- chisq.test(table)
  exact <- fisher.test(table)
  beta <- unname(coef(fit)[2]); se <- sqrt(1 / a + 1 / b + 1 / c + 1 / d)
  w1 <- wilson(a, n1); w0 <- wilson(c, n0)
  rr_se <- sqrt(1 / a - 1 / n1 + 1 / c - 1 / n0)
  rd_se <- sqrt(p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0)
  rd <- p1 - p0
  test <- ratio_test(fit, null)
  list(n = counts, p1 = p1, p0 = p0, OR = exp(beta), logOR_se = se,
       OR_wald = exp(beta + both * se), OR_profile = exp(profile_limits(fit)[2, ]),
       p_wald = 2 * pnorm(-abs(beta / se)), p_lrt = test$p, lrt = test$lrt,
       chisq = unname(plain$statistic), p_chisq = plain$p.value,
       chisq_yates = unname(yates$statistic), p_yates = yates$p.value,
       fisher_p = exact$p.value, fisher_or = unname(exact$estimate),
       fisher_ci = as.numeric(exact$conf.int),
       RR = p1 / p0, RR_ci = p1 / p0 * exp(both * rr_se), RD = rd, RD_wald = rd + both * rd_se,
       # Newcombe's method 10: distances from each risk to its Wilson limits, added in squares.
       RD_newcombe = c(rd - sqrt((p1 - w1[1])^2 + (w0[2] - p0)^2),
                       rd + sqrt((w1[2] - p1)^2 + (p0 - w0[1])^2)),
       NNT = 1 / rd)
}

tables <- list(
  unadjusted_542 = c(115, 253, 34, 140), composite_569 = c(142, 253, 34, 140),
  microTESE_over_all_starters = c(115, 280, 34, 140), CDR = c(54, 53, 14, 17),
  CDR_per_retrieved = c(54, 61, 14, 20), CDR_per_starter = c(54, 341, 14, 160))
out <- c(list(source = "counts printed in the article"), lapply(tables, two_by_two))

dx <- c("idiopathic", "cryptorchidism", "orchitis", "AZFc")
control <- c(146, 8, 10, 10); operated <- c(250, 49, 41, 28)
responders <- c(8, 2, 2, 15); started <- c(258, 51, 43, 43); retrieved <- c(79, 23, 29, 18)
by_arm <- chisq.test(rbind(control, operated))
out$dx <- list(
  dx = dx, control = control, therapy_microTESE = operated, ejac_responders = responders,
  therapy_started = started, sperm_microTESE = retrieved, srr_by_dx = retrieved / (control + operated),
  ejac_rate_by_dx = responders / started, therapy_uptake_by_dx_542 = operated / (operated + control),
  therapy_uptake_by_dx_569 = started / (started + control), chisq_dx_by_arm = unname(by_arm$statistic),
  chisq_df = unname(by_arm$parameter), p = by_arm$p.value,
  ejac_fisher_p = fisher.test(rbind(responders, operated))$p.value)

# Outcome by arm and outcome by group are the sufficient statistics of the additive model, so any
# table with these margins has its fit; the product of the margins is one such table.
from_margins <- function(treated, control, by_group, by_arm) {
  k <- length(treated)
  cells <- data.frame(
    therapy = rep(c(1, 0), each = k), group = factor(rep(seq_len(k), 2)), n = c(treated, control),
    yes = c(outer(by_group, by_arm)) / sum(by_arm))
  list(cells = cells, fit = logistic(cbind(yes, n - yes) ~ therapy + group, cells),
       null = logistic(cbind(yes, n - yes) ~ group, cells))
}

adjusted <- function(treated, by_group, by_arm) {
  made <- from_margins(treated, control, by_group, by_arm)
  fit <- made$fit; beta <- unname(coef(fit)); se <- std_errors(fit)
  test <- ratio_test(fit, made$null)
  share <- (treated + control) / sum(treated, control)
  design <- model.matrix(fit)[1:4, ]
  at <- lapply(c(1, 0), function(arm) { x <- design; x[, "therapy"] <- arm; x })
  risk <- lapply(at, function(x) expit(c(x %*% beta)))
  slope <- mapply(function(x, p) colSums(share * p * (1 - p) * x), at, risk)
  p1 <- sum(share * risk[[1]]); p0 <- sum(share * risk[[2]])
  contrast <- slope[, 1] - slope[, 2]
  list(beta = beta, se = se, OR = exp(beta[2]), OR_wald = exp(beta[2] + both * se[2]),
       p_wald = 2 * pnorm(-abs(beta[2] / se[2])),
       OR_profile = exp(profile_limits(fit, "therapy")),
       lrt = test$lrt, p_lrt = test$p, fitted_therapy = risk[[1]], fitted_ct = risk[[2]],
       expected_counts_therapy = risk[[1]] * treated,
       marginal = list(P1 = p1, P0 = p0, RD = p1 - p0,
                       RD_se = sqrt(c(contrast %*% vcov(fit) %*% contrast)), RR = p1 / p0,
                       OR = p1 / (1 - p1) / (p0 / (1 - p0))))
}
out$dx_adjusted_542 <- adjusted(operated, retrieved, c(115, 34))
out$dx_adjusted_569_composite <- adjusted(started, retrieved + responders, c(142, 34))

# Probability that a treated patient has the larger score, ties counted half.
uptake <- operated / (operated + control)
larger <- outer(uptake, uptake, ">") + outer(uptake, uptake, "==") / 2
out$c_stat_dx_only <- sum(outer(operated, control) * larger) / sum(operated) / sum(control)

# Mediation without covariates: definite cause -> therapy -> retrieval, from two groups.
two <- function(x) c(x[1], sum(x[-1]))
groups <- from_margins(two(operated), two(control), two(retrieved), c(115, 34))
b <- unname(coef(groups$fit))
m <- two(operated) / (two(operated) + two(control))  # uptake, idiopathic and not
y <- function(exposed, mediator_of) {
  m[mediator_of + 1] * expit(b[1] + b[2] + b[3] * exposed) +
    (1 - m[mediator_of + 1]) * expit(b[1] + b[3] * exposed)
}
acme <- c(y(1, 1) - y(1, 0), y(0, 1) - y(0, 0)); ade <- c(y(1, 1) - y(0, 1), y(1, 0) - y(0, 0))
total <- y(1, 1) - y(0, 0)
out$mediation_unadjusted <- list(
  exposure = "non-idiopathic", mediator = "GN therapy", outcome = "sperm retrieved",
  uptake_nonidio = m[2], uptake_idio = m[1], uptake_diff = m[2] - m[1], beta_therapy = b[2],
  OR_therapy_adj_nonidio = exp(b[2]), ACME_treated = acme[1], ACME_control = acme[2],
  ACME_avg = mean(acme), ADE_treated = ade[1], ADE_control = ade[2], ADE_avg = mean(ade),
  total = total, prop_mediated_avg = mean(acme) / total, prop_treated = acme[1] / total,
  prop_control = acme[2] / total)

# Values implied by a printed odds ratio with its interval.
implied <- function(or, low, high) {
  se <- log(high / low) / (2 * qnorm(0.975))
  list(se = se, geo_mid = sqrt(low * high), lower_arm = log(or / low), upper_arm = log(high / or),
       p_from_se = 2 * pnorm(-log(or) / se))
}
out$implied <- list(unadjusted = implied(1.87, 1.22, 2.92), iptw = implied(1.59, 1.02, 2.52),
                    matched = implied(1.80, 1.04, 3.16))

# Two subgroups compared by the difference of their log odds ratios (Altman and Bland 2003).
or <- c(2.85, 1.08)  # infertile for more than three years; for up to three
se <- c(implied(2.85, 1.39, 5.84)$se, implied(1.08, 0.59, 1.99)$se)
z <- diff(rev(log(or))) / sqrt(sum(se^2))
out$interaction_duration <- list(log_or = log(or), se = se, ratio_of_OR = or[1] / or[2], z = z,
                                 p = 2 * pnorm(-abs(z)))

e_value <- function(rr) rr + sqrt(rr * (rr - 1))
unadjusted <- out$unadjusted_542
out$evalues <- list(iptw_sqrtOR = e_value(sqrt(1.59)), iptw_sqrtOR_lcl = e_value(sqrt(1.02)),
                    iptw_as_rare = e_value(1.59), unadjusted_RR = e_value(unadjusted$RR),
                    unadjusted_RR_lcl = e_value(unadjusted$RR_ci[1]))
p0 <- 34 / 174
out$or_vs_rr <- list(zhang_yu_RR_iptw = 1.59 / (1 - p0 + p0 * 1.59))  # Zhang and Yu 1998

# Bounds for patients who would not respond in semen, if 27 of 395 starters would.
f <- 27 / 395
best <- (p0 - f) / (1 - f); worst <- p0 / (1 - f)
out$principal <- list(
  responder_frac = f, controls_expected_responders = f * 174,
  never_resp_control_srr_if_all_responders_successful = best,
  never_resp_control_srr_if_none = worst,
  RD_never_resp = c(unadjusted$p1 - worst, unadjusted$p1 - best), naive_RD = unadjusted$RD)

# Sperm counted in a share q of the 140 untreated failures.
out$ascertainment <- lapply(c(0, 0.01, 0.02, 0.034, 0.068), function(q) {
  found <- round(q * 140)
  r <- two_by_two(c(142, 253, 34 + found, 140 - found))
  list(q = q, OR = r$OR, ci = r$OR_wald, p = r$p_wald)
})
out$multiplicity <- list(fwer8 = 1 - 0.95^8, fwer16 = 1 - 0.95^16,
                         bonf8 = p.adjust(c(0.041, rep(1, 7)), "bonferroni")[1],
                         bonf16 = p.adjust(c(0.041, rep(1, 15)), "bonferroni")[1])
save_oracle("g01_paper_counts", out)
