# Balance by definition, with the conventions of cobalt 4.5.5 (bal.tab): standardised differences
# divided by an unweighted standard deviation, variance ratios, Kolmogorov-Smirnov distances.
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))
patients <- read_data("cohort542_full")
a <- patients$therapy
ps <- fitted(logistic(formula_of("therapy", score_terms), patients))
ate <- a / ps + (1 - a) / (1 - ps); att <- a + (1 - a) * ps / (1 - ps)
ato <- a * (1 - ps) + (1 - a) * ps
one <- rep(1, nrow(patients))

# Covariates in the order of the data; a factor gives one column per level.
columns <- list()
for (name in score_terms) {
  x <- patients[[name]]
  if (is.factor(x)) for (level in levels(x)) {
    columns[[paste0(name, "_", level)]] <- as.numeric(x == level)
  } else columns[[name]] <- as.numeric(x)
}
binary <- function(x) all(x %in% 0:1)

# Weighted variance: p(1 - p) for 0/1 columns; else unbiased for weights that count information.
variance <- function(x, w) {
  w <- w / sum(w); m <- sum(w * x)
  if (binary(x)) m * (1 - m) else sum(w * (x - m)^2) / (1 - sum(w^2))
}
distance <- function(x, w) {
  f <- function(arm) {
    sapply(sort(unique(x)), function(v) sum(w[a == arm & x <= v])) / sum(w[a == arm])
  }
  max(abs(f(1) - f(0)))
}
ruler <- function(x, kind, w) switch(
  kind, treated = variance(x[a == 1], one[a == 1]),
  pooled = (variance(x[a == 1], one[a == 1]) + variance(x[a == 0], one[a == 0])) / 2,
  # Overlap weights have a population of their own: the whole sample with these weights.
  weighted = variance(x, w))
difference <- function(x, w, scale) {
  (weighted.mean(x[a == 1], w[a == 1]) - weighted.mean(x[a == 0], w[a == 0])) / sqrt(scale)
}
measures <- function(x, w, scale) {
  ratio <- if (binary(x)) NA else variance(x[a == 1], w[a == 1]) / variance(x[a == 0], w[a == 0])
  list(Diff = difference(x, w, scale), V.Ratio = ratio, KS = distance(x, w))
}
balance <- function(w, kind) lapply(columns, function(x) {
  scale <- ruler(x, kind, if (is.null(w)) one else w)
  before <- measures(x, one, scale)
  after <- if (is.null(w)) list(Diff = NA, V.Ratio = NA, KS = NA) else measures(x, w, scale)
  setNames(c(before, after), paste0(names(c(before, after)), rep(c(".Un", ".Adj"), each = 3)))
})
out <- list(unadjusted_pooled = balance(NULL, "pooled"),
            unadjusted_treated = balance(NULL, "treated"), ate_pooled = balance(ate, "pooled"),
            att_treated = balance(att, "treated"), ato_default = balance(ato, "weighted"))
# Levels as raw differences of proportions.
out$ate_binary_raw <- lapply(columns, function(x) {
  scale <- if (binary(x)) 1 else ruler(x, "pooled")
  list(Diff.Un = difference(x, one, scale), Diff.Adj = difference(x, ate, scale))
})

# One number for all diagnoses: Mahalanobis distance of the proportions (Yang and Dalton 2012).
mahalanobis_of <- function(w) {
  levels <- columns[paste0("dx_", diagnoses[-1])]
  share <- function(arm) sapply(levels, function(x) weighted.mean(x[a == arm], w[a == arm]))
  spread <- function(p) diag(p) - outer(p, p)
  p1 <- share(1); p0 <- share(0)
  sqrt(c((p1 - p0) %*% solve((spread(p1) + spread(p0)) / 2) %*% (p1 - p0)))
}
out$dx_mahalanobis <- list(unadjusted = mahalanobis_of(one), ate = mahalanobis_of(ate))

# The variant that divides by weighted variances, as tableone does.
numeric <- columns[!sapply(columns, binary)]
out$ate_weighted_denominator <- lapply(numeric, function(x) {
  difference(x, ate, (variance(x[a == 1], ate[a == 1]) + variance(x[a == 0], ate[a == 0])) / 2)
})
save_oracle("g05_balance", out)
