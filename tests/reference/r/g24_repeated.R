# Repeated measurements with gaps: unstructured covariance by restricted likelihood (nlme::gls), and
# Kenward and Roger's errors by their formulas with dense matrices of all measurements.
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))
need("nlme")

set.seed(20240); n <- 60; visits <- 3
Sigma <- matrix(c(4, 2.4, 1.6, 2.4, 6, 3.2, 1.6, 3.2, 9), 3)
base <- rnorm(n, 12, 3); age <- round(rnorm(n, 34, 5)); arm <- rep(0:1, n / 2)
y <- matrix(rnorm(n * visits), n) %*% chol(Sigma) + 0.5 * base + outer(arm, c(0.5, 1.2, 2))
y[cbind(sample(n, 14), 3)] <- NA; y[cbind(sample(n, 8), 2)] <- NA; y[cbind(sample(n, 4), 1)] <- NA
y <- round(y, 3)
data <- data.frame(id = rep(1:n, each = visits), visit = factor(rep(1:visits, n)), y = c(t(y)),
                   arm = rep(arm, each = visits), base = rep(base, each = visits), age = rep(age, each = visits))
data <- data[!is.na(data$y), ]
formula <- y ~ 0 + visit + visit:arm + visit:base + age
control <- glsControl(tolerance = 1e-12, msTol = 1e-14, maxIter = 500, msMaxIter = 1000, opt = "nlminb")
fit <- gls(formula, data, correlation = corSymm(form = ~ as.integer(visit) | id),
           weights = varIdent(form = ~ 1 | visit), method = "REML", control = control)
X <- model.matrix(formula, data)
V0 <- { # covariance of the three visits as fitted
  sd <- fit$sigma * c(1, coef(fit$modelStruct$varStruct, unconstrained = FALSE)[c("2", "3")])
  R <- diag(3); R[lower.tri(R)] <- coef(fit$modelStruct$corStruct, unconstrained = FALSE)
  R <- R + t(R) - diag(3); diag(sd) %*% R %*% diag(sd)
}
pairs <- which(lower.tri(V0, diag = TRUE), arr.ind = TRUE)
pairs <- pairs[order(pairs[, 1], pairs[, 2]), ]
whole <- function(S) { # block-diagonal matrix of all measurements
  at <- as.integer(data$visit)
  outer(seq_along(at), seq_along(at), Vectorize(function(i, j) {
    if (data$id[i] == data$id[j]) S[at[i], at[j]] else 0
  }))
}
slopes <- lapply(seq_len(nrow(pairs)), function(i) {
  E <- matrix(0, 3, 3); E[pairs[i, 1], pairs[i, 2]] <- E[pairs[i, 2], pairs[i, 1]] <- 1; whole(E)
})
restricted <- function(theta) {
  S <- matrix(0, 3, 3); S[pairs] <- theta; S[pairs[, 2:1]] <- theta
  V <- whole(S); W <- solve(V); b <- solve(t(X) %*% W %*% X, t(X) %*% W %*% data$y)
  r <- data$y - X %*% b
  score <- sapply(slopes, function(E) {
    A <- W %*% E %*% W
    -0.5 * sum(W * E) + 0.5 * c(t(r) %*% A %*% r) +
      0.5 * sum(diag(solve(t(X) %*% W %*% X, t(X) %*% A %*% X)))
  })
  list(V = V, W = W, b = c(b), score = score, S = S)
}
theta <- V0[pairs]
for (step in 1:4) { # the last digits, by Newton with a numerical slope
  s <- restricted(theta)$score
  J <- sapply(seq_along(theta), function(j) {
    h <- 1e-4 * max(abs(theta[j]), 1)
    (restricted(replace(theta, j, theta[j] + h))$score - restricted(replace(theta, j, theta[j] - h))$score) / (2 * h)
  })
  theta <- theta - solve(J, s)
}
last <- restricted(theta)
stopifnot(max(abs(theta - V0[pairs])) < 1e-3)
Phi <- solve(t(X) %*% last$W %*% X)
P <- lapply(slopes, function(E) -t(X) %*% last$W %*% E %*% last$W %*% X)
m <- length(slopes); I <- matrix(0, m, m)
Q <- function(i, j) t(X) %*% last$W %*% slopes[[i]] %*% last$W %*% slopes[[j]] %*% last$W %*% X
for (i in 1:m) for (j in 1:m) {
  I[i, j] <- 0.5 * (sum(diag(last$W %*% slopes[[i]] %*% last$W %*% slopes[[j]])) -
                    sum(diag(2 * Phi %*% Q(i, j) - Phi %*% P[[i]] %*% Phi %*% P[[j]])))
}
W <- solve(I); L <- matrix(0, ncol(X), ncol(X))
for (i in 1:m) for (j in 1:m) L <- L + W[i, j] * (Q(i, j) - P[[i]] %*% Phi %*% P[[j]])
PhiA <- Phi + 2 * Phi %*% L %*% Phi
arms <- grep("arm", colnames(X))
contrast <- function(l) {
  a <- sapply(P, function(p) c(t(l) %*% Phi %*% p %*% Phi %*% l))
  list(est = sum(l * last$b), se = c(sqrt(t(l) %*% PhiA %*% l)), df = 2 * c(t(l) %*% Phi %*% l)^2 / c(a %*% W %*% a))
}
unit <- function(j) replace(numeric(ncol(X)), j, 1)
save_oracle("g24_repeated", list(
  y = lapply(1:n, function(i) y[i, ]), arm = arm, base = base, age = age, covariance = last$S,
  visits = lapply(arms, function(j) contrast(unit(j))),
  average = contrast(replace(numeric(ncol(X)), arms, 1 / 3)),
  gls = list(est = unname(coef(fit)[arms]), se = unname(sqrt(diag(fit$varBeta))[arms]))))
