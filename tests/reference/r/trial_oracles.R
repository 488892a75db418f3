# The entries of ../trial_oracles.json. rpact 3.3.4 where it printed them; base R where gsDesign,
# beeca, rsimsum, graphicalMCP or an enumeration did (definitions in trials.R). One entry each.
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))
source(file.path(here, "trials.R"))
entries <- fromJSON(file.path(here, "..", "trial_oracles.json"), simplifyDataFrame = FALSE)
given <- setNames(lapply(entries, `[[`, "inputs"), sapply(entries, `[[`, "id"))
pick <- function(x, ...) x[c(...)]
out <- list()

# Boundaries: getDesignGroupSequential, getDesignCharacteristics.
out$O1 <- pick(of_type("OF", kMax = 5), "crit", "inflation", "asn_h1")
pocock <- lapply(c(0.2, 0.1), function(b) of_type("P", kMax = 5, alpha = 0.05, sided = 2, beta = b))
out$O2 <- list(const = pocock[[1]]$crit[1], inflation_80 = pocock[[1]]$inflation,
               inflation_90 = pocock[[2]]$inflation)
family <- function(type, beta, key) sapply(given$O3$k, function(k) {
  x <- of_type(type, kMax = k, alpha = 0.05, sided = 2, beta = beta)[[key]]
  x[length(x)]
})
out$O3 <- list(C_P = family("P", 0.2, "crit"), C_B = family("OF", 0.2, "crit"),
               R_P80 = family("P", 0.2, "inflation"), R_B80 = family("OF", 0.2, "inflation"),
               R_P90 = family("P", 0.1, "inflation"), R_B90 = family("OF", 0.1, "inflation"))
out$O4 <- pick(of_type("WT", deltaWT = 0.25, kMax = 5, alpha = 0.05, sided = 2, beta = 0.1),
               "crit", "inflation")
out$O6 <- pick(of_type("asOF", informationRates = thirds), "crit", "spent", "inflation", "asn_h1",
               "asn_h0", "stage_power")
spending <- function(...) pick(of_type(...), "crit", "inflation")
out$O7 <- spending("asOF", informationRates = c(0.5, 1))
out$O8 <- spending("asP", informationRates = thirds)
out$O9 <- spending("asHSD", gammaA = -4, informationRates = c(0.5, 0.75, 1))
out$O10 <- spending("asKD", gammaA = 2, kMax = 4)
with_futility <- function(d) list(upper = d$crit, lower = d$lower, inflation = d$inflation)
out$O12 <- with_futility(of_type("asHSD", gammaA = -4, typeBetaSpending = "bsHSD", gammaB = -2,
                                 bindingFutility = FALSE, kMax = 3, beta = 0.1))
free <- of_type("asOF", typeBetaSpending = "bsOF", bindingFutility = FALSE,
                informationRates = thirds)
out$O13 <- pick(free, "lower", "beta_spent", "inflation")
out$O14 <- with_futility(of_type("asOF", typeBetaSpending = "bsOF", bindingFutility = TRUE,
                                 informationRates = thirds))
out$O15 <- list(crit = of_type("asOF", informationRates = c(0.3, 0.7, 1))$crit)
plan <- of_type("asOF", informationRates = c(0.6, 1))
means <- (qnorm(0.975) + qnorm(0.8))^2 * sum(given$O16$sd^2) / given$O16$delta^2
out$O16 <- list(crit = plan$crit, inflation = plan$inflation, n_arm = means)

# Sample sizes: getSampleSizeRates; Fleiss's continuity correction by formula.
fleiss <- sizes(0.55, 0.40)$n1
out$O17 <- list(n_arm = fleiss, n_arm_90 = sizes(0.55, 0.40, 0.9)$n1,
                n_arm_cc = fleiss / 4 * (1 + sqrt(1 + 4 / (fleiss * 0.15)))^2)
out$O19 <- pick(sizes(0.55, 0.40, allocationRatioPlanned = 2), "n1", "n2")
case <- function(p1, p2, d0, power, keys = "n", ratio = NULL, rr = FALSE, alpha = 0.025, ...) {
  s <- sizes(p1, p2, power, thetaH0 = d0, alpha = alpha, riskRatio = rr,
             allocationRatioPlanned = if (is.null(ratio)) 1 else ratio)
  s$n <- s$n1
  c(list(p1 = p1, p2 = p2), setNames(list(d0), if (rr) "rr0" else "d0"),
    if (!is.null(ratio)) list(ratio_n1_n2 = ratio), list(power = power), s[keys])
}
out$O20 <- list(cases = list(case(0.4, 0.4, -0.1, 0.8), case(0.85, 0.85, -0.1, 0.9),
                             case(0.65, 0.6, -0.1, 0.8)))
both_arms <- c("n1", "n2")
out$O21 <- list(cases = list(
  case(0.4, 0.05, 0.2, 0.8, "total", alpha = 0.05),
  case(0.1, 0.1, -0.2, 0.9, both_arms, 1.5, alpha = 0.05),
  case(0.25, 0.05, 0.1, 0.9, both_arms, 2 / 3, alpha = 0.05),
  case(0.25, 0.05, 2, 0.9, both_arms, 2 / 3, TRUE, alpha = 0.05)))
east <- sizes(0.40, 0.28, 0.9)$total
three <- of_type("asOF", informationRates = thirds, beta = 0.1)
grown <- sizes(0.15, 0.10, 0.9)$total * three$inflation * thirds
out$O22 <- list(fixed_28_40 = east, gs_ldof_15_10 = grown, east_fixed = ceiling(east),
                east_gs = ceiling(grown))

# Exact enumeration.
one_arm <- function(n, p0 = 0.05, p1 = 0.2) {
  least <- min(which(pbinom(0:n, n, p0, lower.tail = FALSE) <= 0.025))  # most failures under p0
  pbinom(least - 1, n, p1, lower.tail = FALSE)
}
n <- c(25, 28, 30, 33, 35)
out$O25 <- list(n = n, power = sapply(n, one_arm))
out$O27 <- list(p55_40 = z_power(150, 0.55, 0.4), p50_40 = z_power(150, 0.5, 0.4),
                size40 = z_power(150, 0.4, 0.4))
trial <- function(p1, lower = NULL) {
  exact_sequential(given$O28$n_cum, given$O28$crit, p1, 0.4, lower)
}
out$O28 <- list(p55_40 = pick(trial(0.55), "stage", "total", "EN"),
                p50_40 = pick(trial(0.5), "total"), p40_40 = pick(trial(0.4), "total"),
                p60_40 = pick(trial(0.6), "total", "EN"))
stops <- trial(0.55, given$O29$fut)
out$O29 <- list(stage = stops$stage, total = stops$total, fut = stops$fut[1:2], EN = stops$EN)
power <- function(n) z_power(n, 0.55, 0.4)
short <- which(sapply(150:260, power) < 0.8)
first <- first_size(power, 0.8, 150)
by_fisher <- first_size(function(n) fisher_power(n, 0.55, 0.4, 0.025, 1), 0.8, 170)
out$O30 <- list(first = first, power_first = power(first), stays_from = 150 + max(short),
                power_173 = power(173),
                fisher_first = by_fisher)
out$O32 <- list(n50_40_70 = fisher_power(50, 0.4, 0.7, 0.05, 2),
                size_n50_40 = fisher_power(50, 0.4, 0.4, 0.05, 2),
                n40_30_60 = fisher_power(40, 0.3, 0.6, 0.05, 2))

# One table.
z <- function(null) score_z(55, 100, 40, 100, null)
out$O33 <- list(d0_0 = z(0), d0_m10 = z(-0.1), d0_05 = z(0.05))
one_table <- function(...) score_limits(55, 100, 40, 100, ...)
out$O34 <- list(fm_rd = one_table(), mn_rd = one_table(corrected = TRUE), fm_rr = one_table("rr"),
                fm_or = one_table("or"),
                fisher_p = fisher.test(rbind(c(55, 45), c(40, 60)))$p.value)
out$O35 <- list(ex4 = score_limits(0, 10, 0, 20, corrected = TRUE),
                ex6_rr = score_limits(10, 10, 20, 20, "rr", TRUE),
                big = score_limits(72, 756, 20, 573, corrected = TRUE))

# One sequential trial: getAnalysisResults.
data <- getDataset(n1 = rep(60, 3), n2 = rep(60, 3), events1 = given$O37$e1, events2 = given$O37$e2)
three <- of_type("asOF", informationRates = thirds)$design
analysed <- function(stage, ...) getAnalysisResults(
  three, data, stage = stage, directionUpper = TRUE, normalApproximation = TRUE, ...)
final <- analysed(3)
ahead <- analysed(1, nPlanned = c(120, 120), pi1 = 0.55, pi2 = 0.40)$conditionalPower
inverse <- getDesignInverseNormal(informationRates = thirds, typeOfDesign = "asOF")
combined <- getStageResults(inverse, data, stage = 3, directionUpper = TRUE)
events <- rbind(cumsum(given$O37$e1), cumsum(given$O37$e2)); n <- 60 * 1:3
out$O37 <- list(
  z = sapply(1:3, function(k) pooled_z(n[k], n[k])[events[1, k] + 1, events[2, k] + 1]),
  inv_normal = combined$combInverseNormal,
  rci3 = c(final$repeatedConfidenceIntervalLowerBounds[3],
           final$repeatedConfidenceIntervalUpperBounds[3]),
  final_p = final$finalPValues[3],
  final_ci = c(final$finalConfidenceIntervalLowerBounds[3],
               final$finalConfidenceIntervalUpperBounds[3]),
  mue = final$medianUnbiasedEstimates[3], cp_after1 = ahead[2:3],
  crp = final$conditionalRejectionProbabilities[1:2])
fisher <- function(k, ...) getDesignFisher(kMax = k, alpha = 0.025, method = "equalAlpha", ...)
out$O39 <- list(bk = exp(-qchisq(0.975, 4) / 2), eq2 = fisher(2)$criticalValues,
                eq3 = fisher(3)$criticalValues,
                a0_5 = fisher(2, alpha0Vec = 0.5)$criticalValues[1])

# A trial made by arithmetic: glm, sandwich::vcovHC, mantelhaen.test.
need("sandwich")
d <- made_trial(); fit <- logistic(Y ~ A + X, d); r <- ye(d, fit)
at <- lapply(1:0, function(arm) model.matrix(fit) |> (\(x) { x[, "A"] <- arm; x })())
slope <- Reduce(`-`, lapply(at, function(x) {
  p <- expit(c(x %*% coef(fit))); colMeans(p * (1 - p) * x)
}))
rd_se <- function(V) sqrt(c(slope %*% V %*% slope))
contrast <- function(r) sqrt(sum(diag(r$V)) - 2 * r$V[1, 2])
by_site <- ye(d, logistic(Y ~ A + X + factor(site), d), d$site)
out$O40 <- list(
  events = as.vector(tapply(d$Y, d$A, sum)), coef = unname(coef(fit)), rd = r$p1 - r$p0,
  se_ye = contrast(r), se_ge_hc0 = rd_se(vcovHC(fit, "HC0")), se_ge_model = rd_se(vcov(fit)),
  rr = r$p1 / r$p0, or_ = r$p1 / (1 - r$p1) / (r$p0 / (1 - r$p0)),
  rd_site = by_site$p1 - by_site$p0,
  se_ye_site_strata = contrast(by_site),
  cmh_chi = unname(mantelhaen.test(table(d$A, d$Y, d$site), correct = FALSE)$statistic),
  fisher_p = fisher.test(table(d$A, d$Y))$p.value)

fallback <- c(0.015, 0.02); bretz <- c(0.018, 0.01, 0.105, 0.006)
out$O42 <- list(
  fallback = list(p = fallback,
                  adj = graph_adjusted(fallback, c(0.8, 0.2), rbind(c(0, 1), c(0, 0)))),
  bretz = list(p = bretz, adj = graph_adjusted(bretz, bretz_graph$w, bretz_graph$G)))

# Recruitment: getAccrualTime, getNumberOfSubjects.
accrual <- getAccrualTime(accrualTime = given$O44$cuts, accrualIntensity = given$O44$rates,
                          maxNumberOfSubjects = given$O44$N)
months <- c(3, 6, 9, 12, 15)
enrolled <- getNumberOfSubjects(time = months, accrualTime = accrual)$numberOfSubjects
out$O44 <- list(end = tail(accrual$accrualTime, 1),
                n_at = as.list(setNames(as.numeric(enrolled), months)))

# Permuted blocks: predict the arm assigned less often so far; at ties half are predicted correctly.
guessed <- function(size) {
  blocks <- combn(size, size / 2)
  mean(apply(blocks, 2, function(treated) {
    x <- ifelse(seq_len(size) %in% treated, 1, -1); before <- c(0, cumsum(x)[-size])
    mean(ifelse(before == 0, 0.5, sign(before) != x))
  }))
}
blocks <- c(2, 4, 6, 8)
out$O46 <- list(block = blocks, prop = sapply(blocks, guessed))

marginal <- function(a, b, c) sapply(0:1, function(arm) {
  integrate(function(x) dnorm(x) * expit(a + b * arm + c * x), -Inf, Inf, rel.tol = 1e-12)$value
})
p <- marginal(-0.5, 0.8, 1.2)
out$O47 <- list(p0 = p[1], p1 = p[2], rd = p[2] - p[1], rr = p[2] / p[1],
                or_marg = p[2] / (1 - p[2]) / (p[1] / (1 - p[1])))
set.seed(48)
x <- reestimated(0.4, 0.4, 4e5)
out$O48 <- list(inverse_normal = x[["inverse_normal"]], naive = x[["naive"]],
                mcse = sqrt(0.0291 * 0.9709 / 4e5))

# Performance measures with their Monte Carlo errors (Morris, White and Crowther 2019, table 6).
b <- given$O49$b; se <- given$O49$se; truth <- given$O49$true; n <- length(b)
squares <- (b - truth)^2; model <- sqrt(mean(se^2)); power <- mean(abs(b / se) > qnorm(0.975))
model_mcse <- sqrt(var(se^2) / (4 * n * model^2)); ratio <- model / sd(b)
out$O49 <- list(
  bias = c(mean(b) - truth, sd(b) / sqrt(n)), empse = c(sd(b), sd(b) / sqrt(2 * (n - 1))),
  mse = c(mean(squares), sd(squares) / sqrt(n)), modelse = c(model, model_mcse),
  relerr = 100 * c(ratio - 1, ratio * sqrt(var(se^2) / (4 * n * model^4) + 1 / (2 * (n - 1)))),
  power = c(power, sqrt(power * (1 - power) / n)))

# Thresholds: retrieval above c2, no operation above c1, treatment shifts by d.
above <- function(c, d = 0) pnorm(c - d, lower.tail = FALSE)
thresholds <- function(d, c2, c1) {
  found <- function(d) above(c2, d) - above(c1, d)
  share <- function(d) found(d) / pnorm(c1 - d)
  list(d = d, c2 = c2, c1 = c1, composite = above(c2, d) - above(c2),
       operated = share(d) - share(0), itt_mtese = found(d) - found(0))
}
out$O52 <- list(cases = list(thresholds(0.3, 0.2, 1.5), thresholds(0.5, 0.2, 1),
                             thresholds(1, 0.2, 0.8)))
save_oracle("trial_oracles", out)
