# Nearest-neighbour matching, one to one without replacement, by the definition that MatchIt 4.7.2
# follows (matchit(), m.order "largest", "smallest", "data" and "closest"; the last exists since
# 4.6.0). Where MatchIt 4.6.0 or newer is installed, its pairs must be the same. Estimates:
# stats::glm, sandwich::vcovCL, survival::clogit, mcnemar.test, binom.test; balance as in g05.
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))
need("sandwich", "survival")
patients <- read_data("cohort542_full")
a <- patients$therapy
score <- logistic(formula_of("therapy", score_terms), patients)
ps <- unname(fitted(score)); logit <- unname(predict(score))

# Pairs (focal, partner) of row numbers, ordered by the focal patient.
match_pairs <- function(distance, focal, order, caliper = Inf, exact = NULL) {
  seekers <- which(a == focal); partners <- which(a != focal)
  gap <- abs(outer(distance[seekers], distance[partners], "-"))
  if (!is.null(exact)) gap[outer(exact[seekers], exact[partners], "!=")] <- Inf
  gap[gap > caliper] <- Inf
  pairs <- NULL
  if (order == "closest") {
    while (any(is.finite(gap))) {
      best <- which(gap == min(gap), arr.ind = TRUE)
      best <- best[order(best[, 1], best[, 2])[1], ]
      pairs <- rbind(pairs, c(seekers[best[1]], partners[best[2]]))
      gap[best[1], ] <- Inf; gap[, best[2]] <- Inf
    }
  } else {
    sequence <- switch(order, data = seq_along(seekers),
                       largest = order(-distance[seekers]), smallest = order(distance[seekers]))
    for (i in sequence) {
      j <- which.min(gap[i, ])
      if (is.infinite(gap[i, j])) next
      pairs <- rbind(pairs, c(seekers[i], partners[j]))
      gap[, j] <- Inf
    }
  }
  pairs[order(pairs[, 1]), ]
}

columns <- list()
for (name in score_terms) {
  x <- patients[[name]]
  if (is.factor(x)) for (level in levels(x)) {
    columns[[paste0(name, "_", level)]] <- as.numeric(x == level)
  } else columns[[name]] <- as.numeric(x)
}
# Differences focal minus partner over the pooled standard deviation of all patients.
differences <- function(columns, focal, used) sapply(columns, function(x) {
  spread <- function(v) if (all(x %in% 0:1)) mean(v) * (1 - mean(v)) else var(v)
  mean_of <- function(arm) mean(x[used & a == arm])
  (mean_of(focal) - mean_of(1 - focal)) / sqrt((spread(x[a == 1]) + spread(x[a == 0])) / 2)
})

design <- function(distance, focal, order, caliper = Inf, exact = NULL) {
  pairs <- match_pairs(distance, focal, order, caliper, exact)
  rows <- c(t(pairs)); used <- seq_along(a) %in% rows
  matched <- patients[rows, ]; matched$pair <- rep(seq_len(nrow(pairs)), each = 2)
  fit <- logistic(y ~ therapy, matched)
  adjusted <- logistic(formula_of("y", c("therapy", score_terms)), matched)
  clustered <- function(fit, type, cadjust) {
    unname(sqrt(vcovCL(fit, cluster = matched$pair, type = type, cadjust = cadjust)["therapy", "therapy"]))
  }
  conditional <- clogit(y ~ therapy + strata(pair), matched, method = "exact",
                        control = coxph.control(eps = 1e-12, toler.chol = 1e-14, iter.max = 50))
  treated <- matched[matched$therapy == 1, ]; control <- matched[matched$therapy == 0, ]
  both_outcomes <- table(factor(treated$y, 0:1),
                         factor(control$y[match(treated$pair, control$pair)], 0:1))
  discordant <- c(both_outcomes[1, 2], both_outcomes[2, 1])
  smd <- differences(c(list(distance = distance), columns), focal, used)
  plain <- differences(columns, focal, rep(TRUE, length(a)))
  estimate <- function(fit) unname(coef(fit)["therapy"])
  naive <- function(fit) unname(sqrt(vcov(fit)["therapy", "therapy"]))
  list(n_pairs = nrow(pairs), pairs = pairs,
       mean_ps_gap = mean(abs(distance[pairs[, 1]] - distance[pairs[, 2]])),
       caliper = if (is.finite(caliper)) caliper else NA,
       logOR = estimate(fit), se_naive = naive(fit),
       se_cluster_HC0 = clustered(fit, "HC0", FALSE), se_cluster_HC1 = clustered(fit, "HC1", TRUE),
       adj_logOR = estimate(adjusted), adj_se_naive = naive(adjusted),
       adj_se_cluster_HC1 = clustered(adjusted, "HC1", TRUE),
       clogit_logOR = estimate(conditional), clogit_se = naive(conditional),
       pair_table_therapy_rows_ctl_cols = unname(unclass(both_outcomes)),
       mcnemar_cc = mcnemar.test(both_outcomes)$p.value,
       mcnemar_exact = binom.test(discordant[1], sum(discordant))$p.value,
       max_abs_smd_un = max(abs(plain)), max_abs_smd_adj = max(abs(smd[-1])), smd = as.list(smd))
}

# Calipers count standard deviations of the distance over all patients.
near <- 0.2 * sd(logit)
out <- list(
  A_default_ATT_largest = design(ps, 1, "largest"), B_ATT_smallest = design(ps, 1, "smallest"),
  C_ATT_data = design(ps, 1, "data"), D_ATT_closest = design(ps, 1, "closest"),
  E_ATT_caliper02_ps = design(ps, 1, "largest", 0.2 * sd(ps)),
  F_ATT_caliper02_logit = design(logit, 1, "largest", near),
  # With the arms exchanged the largest score is the smallest probability of treatment.
  G_controls_focal_largest = design(1 - ps, 0, "largest"),
  H_controls_focal_caliper02_logit = design(-logit, 0, "largest", near),
  I_controls_focal_closest_caliper02_logit = design(-logit, 0, "closest", near),
  J_controls_focal_exact_dx = design(-logit, 0, "largest", exact = patients$dx))

# MatchIt itself: from 4.6.0 on, as older ones now and then pass over the nearest partner.
if (requireNamespace("MatchIt", quietly = TRUE) && packageVersion("MatchIt") >= "4.6.0") {
  loaded <- c(loaded, "MatchIt")
  same <- function(name, treat, ...) {
    data <- transform(patients, treat = treat)
    m <- suppressWarnings(MatchIt::matchit(formula_of("treat", score_terms), data, ...))
    pairs <- cbind(as.integer(rownames(m$match.matrix)), as.integer(m$match.matrix[, 1]))
    pairs <- pairs[!is.na(pairs[, 2]), ]
    if (any(pairs[order(pairs[, 1]), ] != out[[name]]$pairs)) stop(name, ": MatchIt pairs others")
  }
  linear <- "linear.logit"
  same("A_default_ATT_largest", a, m.order = "largest")
  same("B_ATT_smallest", a, m.order = "smallest")
  same("C_ATT_data", a, m.order = "data")
  same("D_ATT_closest", a, m.order = "closest")
  same("E_ATT_caliper02_ps", a, m.order = "largest", caliper = 0.2)
  same("F_ATT_caliper02_logit", a, m.order = "largest", link = linear, caliper = 0.2)
  same("G_controls_focal_largest", 1 - a, m.order = "largest")
  same("H_controls_focal_caliper02_logit", 1 - a, link = linear, caliper = 0.2)
  same("I_controls_focal_closest_caliper02_logit", 1 - a, m.order = "closest", link = linear,
       caliper = 0.2)
  same("J_controls_focal_exact_dx", 1 - a, link = linear, exact = ~dx)
}
save_oracle("g06_matching", out)
