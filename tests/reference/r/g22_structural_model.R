# Marginal structural models over two months on the stored cohort: stabilised weights as ipw's ipwtm
# makes them (a ratio of two pooled logistic regressions, multiplied over months), then weighted
# regressions pooled over visits with errors clustered by patient.
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))
suppressPackageStartupMessages({library(sandwich); library(geepack)})

cohort <- read_data("cohort542_full")
d <- with(cohort, data.frame(id, age, y, h1 = fsh, a1 = therapy,
                             h2 = round(0.6 * fsh + 3 * therapy + age %% 5, 2),
                             a2 = as.integer((id * 7 + age) %% 3 == 0)))
d$y1 <- as.integer((d$id * 5 + d$a1 * 3) %% 4 == 0)
d$t1 <- round(10 + 0.2 * d$h1 + 2 * d$a1 + d$id %% 7, 1)
d$t2 <- round(11 + 0.1 * d$h2 + 1.5 * d$a2 + d$a1 + d$id %% 5, 1)
long <- with(d, rbind(
  data.frame(id, month = 1, h = h1, age, before = 0, a = a1, cum = a1, y = y1, t = t1),
  data.frame(id, month = 2, h = h2, age, before = a1, a = a2, cum = a1 + a2, y = y, t = t2)))
long$month <- factor(long$month)
long <- long[order(long$id, long$month), ]

cumulated <- function(ratio, rows) ave(ratio, rows$id, FUN = cumprod)
given <- function(fit, rows) { p <- fitted(fit); ifelse(rows$a == 1, p, 1 - p) }
weights_of <- function(rows) {
  top <- logistic(a ~ month + age + before, rows)
  below <- logistic(a ~ month + h + age + before, rows)
  cumulated(given(top, rows) / given(below, rows), rows)
}
model <- function(formula, rows, family) {
  rows$w <- weights_of(rows)
  fit <- quietly(glm(formula, family = family, data = rows, weights = w, control = settled))
  cov <- vcovCL(fit, cluster = rows$id, type = "HC0", cadjust = FALSE)
  list(coef = unname(coef(fit)["cum"]), se = sqrt(cov["cum", "cum"]), sum_w = sum(rows$w),
       largest = max(rows$w))
}
out <- list(
  h2 = d$h2, a2 = d$a2, y1 = d$y1, t1 = d$t1, t2 = d$t2,
  repeated = model(y ~ cum + month + age, long, quasibinomial),
  measured = model(t ~ cum + month + age, long, gaussian))

# geepack gives the same, with independence
long$w <- weights_of(long)
gee <- quietly(geeglm(y ~ cum + month + age, id = id, data = long, weights = w, family = binomial,
              corstr = "independence", control = geese.control(epsilon = 1e-12, maxit = 100)))
out$gee <- list(coef = unname(coef(gee)["cum"]), se = summary(gee)$coefficients["cum", "Std.err"])

# an event that happens once: follow-up ends there
risk <- long[!(long$month == 2 & long$id %in% d$id[d$y1 == 1]), ]
out$event <- model(y ~ cum + month + age, risk, quasibinomial)
save_oracle("g22_structural_model", out)
