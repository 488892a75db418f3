# Rates per oocyte and embryo, clustered in couples: chisq.test, stats::glm (binomial and
# quasibinomial), geepack::geeglm, lme4::glmer (25 points of adaptive quadrature).
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))
need("geepack", "lme4")
couples <- read_data("icsi138")
step <- function(events, trials) {
  data <- data.frame(therapy = couples$therapy, id = couples$pid, k = couples[[events]],
                     n = couples[[trials]])
  data <- data[data$n > 0, ]
  k <- tapply(data$k, data$therapy, sum); n <- tapply(data$n, data$therapy, sum)
  naive <- quietly(glm(cbind(k, n - k) ~ therapy, binomial, data, control = settled))
  over <- quietly(glm(cbind(k, n - k) ~ therapy, quasibinomial, data, control = settled))
  long <- data[rep(seq_len(nrow(data)), data$n), c("id", "therapy")]
  long$y <- unlist(Map(function(k, n) rep(c(1, 0), c(k, n - k)), data$k, data$n))
  gee <- function(structure) geeglm(y ~ therapy, binomial, long, id = long$id, corstr = structure)
  alone <- coef(summary(gee("independence")))["therapy", ]; together <- gee("exchangeable")
  mixed <- glmer(cbind(k, n - k) ~ therapy + (1 | id), data, binomial, nAGQ = 25)
  z <- coef(summary(naive))["therapy", ]
  list(events = as.vector(k), denominators = as.vector(n), rates = as.vector(k / n),
       yates_p = chisq.test(rbind(k, n - k))$p.value, log_or = unname(z[1]),
       se_naive = unname(z[2]),
       phi = summary(over)$dispersion, quasi_se = unname(sqrt(vcov(over)[2, 2])),
       gee_ind_se = alone$Std.err,
       gee_exch = unname(unlist(coef(summary(together))["therapy", c("Estimate", "Std.err")])),
       gee_exch_alpha = unname(together$geese$alpha),
       glmer = c(unname(fixef(mixed)[2]), sqrt(vcov(mixed)[2, 2]),
                 attr(VarCorr(mixed)$id, "stddev")),
       p_naive_wald = unname(z[4]), p_gee = 2 * pnorm(-abs(alone$Estimate / alone$Std.err)))
}
save_oracle("g11_rates_clustered", list(
  fertilisation = step("pn2", "oocytes"), d3 = step("d3", "pn2"), blast = step("blast", "d3")))
