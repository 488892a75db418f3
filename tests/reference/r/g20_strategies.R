# Dynamic strategies over two months on the stored cohort, treatment of the second month and its
# hormone made by arithmetic: clone-censor-weight and the g-formula, month by month with glm.
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))

cohort <- read_data("cohort542_full")
d <- with(cohort, data.frame(age, y, h1 = fsh, a1 = therapy,
                             h2 = round(0.6 * fsh + 3 * therapy + age %% 5, 2),
                             a2 = as.integer((id * 7 + age) %% 3 == 0)))
quasi <- function(formula, data) {
  quietly(glm(formula, family = quasibinomial, data = data, control = settled))
}
asked <- list(never = matrix(0, nrow(d), 2), low = cbind(d$h1 < 15, d$h2 < 15) * 1)

# --- pooled model of treatment, weights of the clones that remain, weighted risk
long <- rbind(data.frame(month = 1, h = d$h1, age = d$age, before = 0, a = d$a1),
              data.frame(month = 2, h = d$h2, age = d$age, before = d$a1, a = d$a2))
long$month <- factor(long$month)
chance <- fitted(logistic(a ~ month + h + age + before, long))
given <- matrix(ifelse(long$a == 1, chance, 1 - chance), ncol = 2)
weighted <- lapply(asked, function(z) {
  stays <- d$a1 == z[, 1] & d$a2 == z[, 2]
  w <- stays / (given[, 1] * given[, 2])
  list(adherent = sum(stays), largest = max(w), risk = sum(w * d$y) / sum(w))
})

# --- iterated conditional expectations
predicted <- lapply(asked, function(z) {
  last <- quasi(y ~ h1 + age + h2 + a1 + a2, d)
  d$q <- predict(last, transform(d, a2 = z[, 2]), type = "response")
  first <- quasi(q ~ h1 + age + a1, d)
  mean(predict(first, transform(d, a1 = z[, 1]), type = "response"))
})
save_oracle("g20_strategies", list(h2 = d$h2, a2 = d$a2, weighted = weighted, g_formula = predicted))
