# Shared by trial_oracles.R and inline_constants.R: rpact designs, exact enumeration, score tests.
need("rpact")
setLogLevel("DISABLED")

# rpact -----------------------------------------------------------------------------------------
sequential <- function(...) getDesignGroupSequential(...)
of_type <- function(type, ..., alpha = 0.025, beta = 0.2, sided = 1) {
  d <- sequential(typeOfDesign = type, alpha = alpha, beta = beta, sided = sided, ...)
  ch <- getDesignCharacteristics(d)
  list(crit = d$criticalValues, spent = d$alphaSpent, lower = d$futilityBounds,
       beta_spent = d$betaSpent, inflation = ch$inflationFactor, asn_h1 = ch$averageSampleNumber1,
       asn_h0 = ch$averageSampleNumber0, stage_power = c(ch$rejectionProbabilities), design = d)
}
thirds <- (1:3) / 3
sizes <- function(pi1, pi2, power = 0.8, ..., alpha = 0.025) {
  s <- getSampleSizeRates(pi1 = pi1, pi2 = pi2, alpha = alpha, beta = 1 - power, sided = 1, ...)
  list(total = s$nFixed, n1 = s$nFixed1, n2 = s$nFixed2)
}

# Two exact binomial arms -----------------------------------------------------------------------
pooled_z <- function(n1, n2) outer(0:n1, 0:n2, function(a, b) {
  p <- (a + b) / (n1 + n2); se <- sqrt(p * (1 - p) * (1 / n1 + 1 / n2))
  ifelse(se > 0, (a / n1 - b / n2) / se, 0)
})
joint <- function(n1, n2, p1, p2) outer(dbinom(0:n1, n1, p1), dbinom(0:n2, n2, p2))
z_power <- function(n, p1, p2, alpha = 0.025, sides = 1) {
  z <- pooled_z(n, n)
  rejected <- (if (sides == 2) abs(z) else z) >= qnorm(1 - alpha / sides) - 1e-10
  sum(joint(n, n, p1, p2)[rejected])
}
fisher_table <- function(n, alpha, sides) {  # which outcomes of n per arm reject
  rejects <- matrix(FALSE, n + 1, n + 1)
  for (total in 0:(2 * n)) {
    a <- max(0, total - n):min(n, total); d <- dhyper(a, n, n, total)
    p <- if (sides == 2) sapply(d, function(x) sum(d[d <= x * (1 + 1e-7)])) else rev(cumsum(rev(d)))
    rejects[cbind(a, total - a) + 1] <- p <= alpha * (1 + 1e-10)
  }
  rejects
}
fisher_power <- function(n, p1, p2, alpha, sides) {
  sum(joint(n, n, p1, p2)[fisher_table(n, alpha, sides)])
}
first_size <- function(power_of, power, from) {
  while (power_of(from) < power) from <- from + 1
  from
}

# Stagewise: successes carried on where neither boundary is crossed; upper and lower in order.
exact_sequential <- function(n_cum, upper, p1, p2, lower = NULL) {
  lower <- c(lower, rep(-Inf, length(n_cum) - length(lower)))
  state <- matrix(1, 1, 1); seen <- 0
  efficacy <- futility <- numeric(0)
  for (k in seq_along(n_cum)) {
    m <- n_cum[k] - seen; n <- n_cum[k]
    add <- function(size, p) {  # (n + 1) x (seen + 1): from earlier to present successes
      outer(0:n, 0:seen, function(now, before) dbinom(now - before, m, p))
    }
    state <- add(m, p1) %*% state %*% t(add(m, p2))
    z <- pooled_z(n, n)
    up <- z >= upper[k] - 1e-10; down <- !up & z < lower[k] - 1e-10
    efficacy[k] <- sum(state[up]); futility[k] <- sum(state[down])
    state[up | down] <- 0; seen <- n
  }
  ends <- efficacy + futility
  ends[length(ends)] <- ends[length(ends)] + sum(state)
  list(stage = efficacy, total = sum(efficacy), fut = futility, EN = sum(ends * 2 * n_cum))
}

# Score tests of two arms: the likelihood of both is greatest with the measure held at its null.
held <- list(rd = function(p2, d) p2 + d, rr = function(p2, r) p2 * r,
             or = function(p2, o) o * p2 / (1 - p2 + o * p2))
restricted <- function(x1, n1, x2, n2, null, measure) {
  one <- held[[measure]]
  range <- switch(measure, rd = c(max(0, -null), min(1, 1 - null)), rr = c(0, min(1, 1 / null)),
                  or = c(0, 1))
  term <- function(x, p) ifelse(x == 0, 0, x * log(p))
  loglik <- function(p2) {
    p1 <- one(p2, null)
    term(x1, p1) + term(n1 - x1, 1 - p1) + term(x2, p2) + term(n2 - x2, 1 - p2)
  }
  p2 <- optimize(loglik, range + c(1, -1) * 1e-12, maximum = TRUE, tol = 1e-13)$maximum
  c(one(p2, null), p2)
}
score_z <- function(x1, n1, x2, n2, null, measure = "rd", corrected = FALSE) {
  p <- restricted(x1, n1, x2, n2, null, measure); v <- p * (1 - p)
  z <- switch(measure,
    rd = (x1 / n1 - x2 / n2 - null) / sqrt(v[1] / n1 + v[2] / n2),
    rr = (x1 / n1 - null * x2 / n2) / sqrt(v[1] / n1 + null^2 * v[2] / n2),
    or = (x1 - n1 * p[1]) * sqrt(1 / (n1 * v[1]) + 1 / (n2 * v[2])))
  if (corrected) z * sqrt(1 - 1 / (n1 + n2)) else z  # Miettinen and Nurminen's N / (N - 1)
}
score_limits <- function(x1, n1, x2, n2, measure = "rd", corrected = FALSE, range = NULL) {
  z <- function(null) score_z(x1, n1, x2, n2, null, measure, corrected)
  if (is.null(range)) range <- switch(measure, rd = c(-1, 1) * (1 - 1e-9), c(1e-4, 1e4))
  scale <- if (measure == "rd") identity else exp
  ends <- if (measure == "rd") range else log(range)
  sapply(c(1, -1), function(sign) {
    scale(uniroot(function(x) z(scale(x)) - sign * qnorm(0.975), ends, tol = 1e-11)$root)
  })
}

# The deterministic trial of 240 patients -------------------------------------------------------
made_trial <- function() {
  i <- 0:239
  d <- data.frame(A = i %% 2, site = (i %/% 2) %% 4, X = ((37 * i) %% 101) / 50 - 1)
  d$Y <- as.numeric(((61 * i + 13) %% 97) / 97 <
                      plogis(-0.6 + 0.7 * d$A + 0.9 * d$X + 0.25 * (d$site - 1.5)))
  d
}
# Covariance of two marginal risks after Ye and colleagues (2023, equation 3), as in beeca 0.2.0.
ye <- function(data, fit, strata = NULL) {
  m <- sapply(0:1, function(arm) predict(fit, transform(data, A = arm), type = "response"))
  n <- nrow(data); share <- c(mean(data$A == 0), mean(data$A == 1))
  V <- matrix(0, 2, 2)
  for (k in 1:2) {
    in_k <- data$A == k - 1
    together <- cov(data$Y[in_k], m[in_k, k])
    # Moments of the prediction alone are over all patients, those of the outcome over its arm.
    V[k, k] <- (var(data$Y[in_k]) - 2 * together + var(m[, k])) / share[k] + 2 * together -
      var(m[, k])
  }
  V[1, 2] <- V[2, 1] <- cov(data$Y[data$A == 0], m[data$A == 0, 2]) +
    cov(data$Y[data$A == 1], m[data$A == 1, 1]) - cov(m[, 1], m[, 2])
  if (!is.null(strata)) for (z in unique(strata)) {
    left <- sapply(1:2, function(k) {
      rows <- strata == z & data$A == k - 1
      mean((data$Y - m[, k])[rows]) / share[k]
    })
    V <- V - mean(strata == z) * diag(left) %*% (diag(share) - share %o% share) %*% diag(left)
  }
  list(p0 = mean(m[, 1]), p1 = mean(m[, 2]), V = V / n, m = m)
}

# Graphical multiplicity: adjusted p-values (Bretz and colleagues 2009, algorithm 2).
graph_adjusted <- function(p, w, G) {
  open <- rep(TRUE, length(p)); adjusted <- numeric(length(p)); worst <- 0
  for (step in seq_along(p)) {
    ratio <- ifelse(open & w > 0, p / w, Inf); j <- which.min(ratio)
    worst <- max(worst, min(1, ratio[j])); adjusted[j] <- worst; open[j] <- FALSE
    new_w <- w; new_G <- G
    for (l in which(open)) {
      new_w[l] <- w[l] + w[j] * G[j, l]
      for (k in setdiff(which(open), l)) {
        left <- 1 - G[l, j] * G[j, l]
        new_G[l, k] <- if (left > 0) (G[l, k] + G[l, j] * G[j, k]) / left else 0
      }
    }
    w <- replace(new_w, j, 0); G <- new_G
  }
  adjusted
}
bretz_graph <- list(w = c(0.5, 0.5, 0, 0),
                    G = rbind(c(0, .5, .5, 0), c(.5, 0, 0, .5), c(0, 1, 0, 0), c(1, 0, 0, 0)))

# Re-estimation at half of 180 patients: stage 2 has 90 to 720 for a conditional power of 90 %.
reestimated <- function(p1, p2, trials) {
  d <- of_type("asOF", informationRates = c(0.5, 1))$crit
  z <- function(a, b, n) {
    p <- (a + b) / (2 * n); se <- sqrt(2 * p * (1 - p) / n)
    ifelse(se > 0, (a - b) / n / se, 0)
  }
  x1 <- rbinom(trials, 90, p1); x2 <- rbinom(trials, 90, p2); first <- z(x1, x2, 90)
  effect <- 0.10 / sqrt(0.5 * 0.5 + 0.4 * 0.6); half <- sqrt(0.5)
  wanted <- (pmax(qnorm(0.9) + (d[2] - half * first) / half, 0) / effect)^2
  n <- ceiling(pmin(pmax(wanted, 45), 360))
  y1 <- rbinom(trials, n, p1); y2 <- rbinom(trials, n, p2); early <- first >= d[1]
  c(inverse_normal = mean(early | half * first + half * z(y1, y2, n) >= d[2]),
    naive = mean(early | z(x1 + y1, x2 + y2, 90 + n) >= d[2]),
    patients = mean(180 + 2 * n * !early))
}
