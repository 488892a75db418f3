# Sampling weights (survey::svyglm, svymean), kinds of standard errors (sandwich::vcovHC), entropy
# balancing (its convex problem by optim, errors by stacked estimating equations), matching of two
# partners to one (by definition, in rounds), and three treatments by generalised propensity score.
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))
need("survey", "sandwich", "nnet")

table_of <- function(fit) {
  s <- summary(fit)$coefficients
  list(name = rownames(s), est = unname(s[, 1]), se = unname(s[, 2]), p = unname(s[, 4]))
}
cohort <- read_data("cohort542_full")
main <- c("therapy", "age", "dur", "vol", "dx", "fsh")

# --- sampling weights between 1 and 3 that depend on the table by arithmetic alone
cohort$sw <- 1 + (cohort$age * 7 + cohort$id * 3) %% 11 / 5
cohort$centre <- cohort$id %% 40
plain <- svydesign(~1, weights = ~sw, data = cohort)
by_centre <- svydesign(~centre, weights = ~sw, data = cohort)
tight <- list(epsilon = 1e-14, maxit = 50)
survey_fit <- function(formula, design, family) {
  quietly(svyglm(formula, design, family = family, control = tight))
}
arms <- svyby(~y, ~therapy, plain, svymean, covmat = TRUE)
sampled <- list(
  weight = cohort$sw, centre = cohort$centre,
  risks = list(est = unname(coef(arms)), cov = unname(vcov(arms))),
  logistic = table_of(survey_fit(formula_of("y", main), plain, quasibinomial())),
  logistic_centre = table_of(survey_fit(formula_of("y", main), by_centre, quasibinomial())),
  poisson = table_of(survey_fit(formula_of("y", main), plain, quasipoisson())),
  linear = table_of(survey_fit(formula_of("t", main), plain, gaussian())))

# --- kinds of errors of the coefficient of therapy
kinds <- c("HC0", "HC1", "HC2", "HC3")
errors_of <- function(fit) {
  found <- lapply(kinds, function(kind) sqrt(vcovHC(fit, type = kind)["therapy", "therapy"]))
  c(setNames(found, kinds), list(model = sqrt(vcov(fit)["therapy", "therapy"])))
}
errors <- list(logistic = errors_of(logistic(formula_of("y", main), cohort)),
               linear = errors_of(lm(formula_of("t", main), cohort)))

# --- entropy balancing
X <- scale(model.matrix(formula_of("y", setdiff(main, "therapy")), cohort)[, -1])
balanced <- function(arm, target) {
  rows <- X[arm, ] - rep(colMeans(X[target, , drop = FALSE]), each = sum(arm))
  dual <- function(b) log(mean(exp(rows %*% b)))
  slope <- function(b) { w <- exp(rows %*% b); colSums(rows * c(w)) / sum(w) }
  b <- rep(0, ncol(X))
  for (again in 1:3) {
    b <- optim(b, dual, slope, method = "BFGS", control = list(reltol = 1e-16, maxit = 1000))$par
  }
  for (step in 1:5) {  # Newton's last digits
    w <- exp(rows %*% b) / sum(exp(rows %*% b))
    g <- colSums(rows * c(w))
    b <- b - solve(crossprod(rows, rows * c(w)) - g %o% g, g)
  }
  b
}
everyone <- rep(TRUE, nrow(cohort))
treated <- cohort$therapy == 1
entropy <- function(outcome, b1, b0, target) {
  y <- cohort[[outcome]]
  p <- ncol(X)
  # parameters: means of the target, both multipliers (if that arm is weighted), both outcome means
  free <- c(!is.null(b1), !is.null(b0))
  centre <- colMeans(X[target, , drop = FALSE])
  weight <- function(b, m) if (is.null(b)) rep(1, nrow(X)) else c(exp((X - rep(m, each = nrow(X))) %*% b))
  means <- function(b, arm) { w <- weight(b, centre) * arm; sum(w * y) / sum(w) }
  theta <- c(centre, b1, b0, means(b1, treated), means(b0, !treated))
  psi <- function(theta) {
    m <- theta[1:p]; at <- p
    found <- (X - rep(m, each = nrow(X))) * target
    bs <- list(NULL, NULL)
    for (k in which(free)) { bs[[k]] <- theta[at + 1:p]; at <- at + p }
    arms <- list(treated, !treated)
    w <- Map(function(b, arm) weight(b, m) * arm, if (length(bs) == 2) bs else c(bs, list(NULL)), arms)
    for (k in which(free)) found <- cbind(found, w[[k]] * (X - rep(m, each = nrow(X))))
    cbind(found, w[[1]] * (y - theta[at + 1]), w[[2]] * (y - theta[at + 2]))
  }
  V <- stacked_variance(psi, theta)
  last <- length(theta) - 1:0
  list(means = theta[last], cov = unname(V[last, last]))
}
b1 <- balanced(treated, everyone); b0 <- balanced(!treated, everyone); att <- balanced(!treated, treated)
entropy_balanced <- list(
  ate = entropy("y", b1, b0, everyone), att = entropy("y", NULL, att, treated),
  ate_t = entropy("t", b1, b0, everyone),
  weights_att = c(exp(X[!treated, ] %*% att) / sum(exp(X[!treated, ] %*% att)) * sum(treated)))

# --- two partners for each of the first 90 untreated patients
few <- rbind(cohort[cohort$therapy == 0, ][1:90, ], cohort[cohort$therapy == 1, ])
few$e <- fitted(logistic(therapy ~ age + dur + vol + dx + fsh, few))
few$w <- 0; few$set <- NA
focal <- which(few$therapy == 0); free <- which(few$therapy == 1)
focal <- focal[order(few$e[focal])]
few$w[focal] <- 1; few$set[focal] <- seq_along(focal)
for (round in 1:2) for (i in focal) {
  chosen <- free[which.min(abs(few$e[free] - few$e[i]))]
  few$w[chosen] <- 1 / 2; few$set[chosen] <- few$set[i]
  free <- setdiff(free, chosen)
}
used <- few[few$w > 0, ]
by_set <- function(family) {
  fit <- quietly(glm(y ~ therapy, family = family, data = used, weights = w, control = settled))
  se <- sqrt(vcovCL(fit, cluster = used$set, type = "HC1")["therapy", "therapy"])
  list(est = unname(coef(fit)["therapy"]), se = se)
}
two_to_one <- list(id = used$id, weight = unname(used$w), set = as.integer(used$set),
                   rd = by_set(gaussian()), rr = by_set(quasipoisson()), or = by_set(quasibinomial()))

# --- three treatments: none, and therapy of patients with an even or an odd number
cohort$arm <- ifelse(cohort$therapy == 0, "none", ifelse(cohort$id %% 2 == 0, "hcg", "both"))
cohort$arm <- factor(cohort$arm, levels = c("none", "hcg", "both"))
Z <- model.matrix(~ age + vol + fsh, cohort)
choice <- multinom(arm ~ age + vol + fsh, cohort, trace = FALSE, reltol = 1e-15, maxit = 2000)
K <- 3
code <- as.integer(cohort$arm)
gps_of <- function(b) { eta <- cbind(0, Z %*% t(matrix(b, K - 1, byrow = TRUE))); exp(eta) / rowSums(exp(eta)) }
b <- c(t(coef(choice)))
score_of <- function(b) {
  e <- gps_of(b)
  do.call(cbind, lapply(2:K, function(k) Z * ((code == k) - e[, k])))
}
for (step in 1:5) {  # Newton's last digits
  e <- gps_of(b)
  H <- matrix(0, length(b), length(b)); q <- ncol(Z)
  for (j in 2:K) for (k in 2:K) {
    H[(j - 2) * q + 1:q, (k - 2) * q + 1:q] <- crossprod(Z, Z * (e[, j] * ((j == k) - e[, k])))
  }
  b <- b + solve(H, colSums(score_of(b)))
}
several <- function(outcome, overlap) {
  y <- cohort[[outcome]]
  weight <- function(b) {
    e <- gps_of(b)
    (if (overlap) 1 / rowSums(1 / e) else 1) / e[cbind(seq_along(code), code)]
  }
  w <- weight(b)
  mu <- sapply(1:K, function(k) sum(w * y * (code == k)) / sum(w * (code == k)))
  psi <- function(theta) {
    w <- weight(theta[seq_along(b)])
    cbind(score_of(theta[seq_along(b)]),
          sapply(1:K, function(k) w * (code == k) * (y - theta[length(b) + k])))
  }
  V <- stacked_variance(psi, c(b, mu))
  last <- length(b) + 1:K
  list(means = mu, cov = unname(V[last, last]))
}
covariates <- y ~ arm + age + vol + fsh
adjusted_fit <- logistic(covariates, cohort)
without <- logistic(y ~ age + vol + fsh, cohort)
multi <- list(
  arm = as.character(cohort$arm), coef = b, ate = several("y", FALSE), ato = several("y", TRUE),
  ate_t = several("t", FALSE), adjusted = table_of(adjusted_fit), joint = ratio_test(adjusted_fit, without, 2))

save_oracle("g19_weights_and_errors", list(
  sampled = sampled, errors = errors, entropy = entropy_balanced, two_to_one = two_to_one,
  three_arms = multi))
