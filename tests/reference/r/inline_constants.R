# Constants that stand in tests themselves; inline_constants.json names the test of each. rpact
# 3.3.4 and base R; formulas (trials.R) where gsDesign 3.11 or beeca 0.2.0 printed the value.
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))
source(file.path(here, "trials.R"))
out <- list()

# Boundaries.
of <- lapply(c(0.2, 0.1), function(b) of_type("OF", kMax = 5, beta = b))
out$o1 <- c(of[[1]]$spent[1:4], of[[2]]$inflation)
pocock <- lapply(c(0.1, 0.2), function(b) of_type("P", kMax = 5, alpha = 0.05, sided = 2, beta = b))
out$o2_two_sided <- sapply(pocock, `[[`, "asn_h1")
one_sided <- of_type("P", kMax = 5)
out$o2_one_sided <- c(one_sided$crit[1], one_sided$inflation, one_sided$asn_h1)
haybittle <- of_type("HP", constantBoundsHP = 3, kMax = 4)
out$o5 <- c(haybittle$crit[4], haybittle$inflation)
user <- of_type("asUser", userAlphaSpending = c(0.001, 0.01, 0.025),
                informationRates = c(0.3, 0.6, 1))
out$o11 <- c(user$crit, user$inflation)
out$o11_design <- user$crit
both_asn <- function(d) c(d$asn_h0, d$asn_h1)
out$o12 <- both_asn(of_type("asHSD", gammaA = -4, typeBetaSpending = "bsHSD", gammaB = -2,
                            bindingFutility = FALSE, kMax = 3, beta = 0.1))
out$o13 <- both_asn(of_type("asOF", typeBetaSpending = "bsOF", bindingFutility = FALSE,
                            informationRates = thirds))

# One sequential trial.
data <- getDataset(n1 = rep(60, 3), n2 = rep(60, 3), events1 = c(30, 36, 33),
                   events2 = c(22, 26, 24))
lan <- of_type("asOF", informationRates = thirds)
stage <- function(a, b) pnorm(-pooled_z(60, 60)[a + 1, b + 1])
out$o37_stages <- c(stage(30, 22), stage(36, 26), stage(33, 24))
final <- getAnalysisResults(lan$design, data, stage = 3, directionUpper = TRUE,
                            normalApproximation = TRUE)
out$o37_repeated <- final$repeatedPValues
ahead <- getAnalysisResults(lan$design, data, stage = 1, directionUpper = TRUE, pi1 = 0.55,
                            pi2 = 0.40, normalApproximation = TRUE, nPlanned = c(120, 120))
n <- 60 * 1:3; events <- rbind(cumsum(c(30, 36, 33)), cumsum(c(22, 26, 24)))
out$o37_command <- c(
  sapply(1:3, function(k) pooled_z(n[k], n[k])[events[1, k] + 1, events[2, k] + 1]), lan$crit,
  final$repeatedPValues, final$repeatedConfidenceIntervalLowerBounds[3],
  final$repeatedConfidenceIntervalUpperBounds[3], final$conditionalRejectionProbabilities[1:2],
  ahead$conditionalPower[3], final$finalPValues[3], final$finalConfidenceIntervalLowerBounds[3],
  final$finalConfidenceIntervalUpperBounds[3], final$medianUnbiasedEstimates[3])

# Conditional power by the independence of increments, as gsDesign's gsCP and condPower.
hwang <- function(...) of_type("asHSD", gammaA = -4, alpha = 0.05, sided = 2, beta = 0.1, ...)
three <- hwang(kMax = 3); info <- 800 * three$inflation * thirds
gap <- diff(info); score <- 0.943317 * sqrt(info[1]); theta <- 0.05733214
bound <- three$crit * sqrt(info)
second <- function(s, log = FALSE) dnorm(s, score + theta * gap[1], sqrt(gap[1]))
later <- integrate(function(s) second(s) * pnorm(bound[3] - s, theta * gap[2], sqrt(gap[2]),
                                                 lower.tail = FALSE),
                   -Inf, bound[2], rel.tol = 1e-10)$value
power <- pnorm(bound[2] - score, theta * gap[1], sqrt(gap[1]), lower.tail = FALSE) + later
two <- hwang(informationRates = c(0.5, 1)); first <- 800 * two$inflation / 2
bar <- (two$crit[2] - sqrt(0.5) * 1.151765) / sqrt(0.5)
out$o38 <- c(power, pnorm(1.151765 / sqrt(first) * sqrt(403) - bar))

# Sizes and power.
per_arm <- function(...) sizes(...)$n1
out$o18 <- c(per_arm(0.5, 0.3), per_arm(0.65, 0.5), per_arm(0.6, 0.4, 0.9), per_arm(0.45, 0.35),
             per_arm(0.15, 0.05), per_arm(0.3, 0.2))
out$o18_continuity <- out$o18[1] / 4 * (1 + sqrt(1 + 4 / (out$o18[1] * 0.2)))^2
best <- sizes(0.55, 0.40, allocationRatioPlanned = 0); out$o19 <- c(best$n1, best$n2)
two_to_one <- sizes(0.85, 0.85, 0.9, thetaH0 = -0.1, allocationRatioPlanned = 2)
out$o20 <- c(two_to_one$n1, two_to_one$n2)
# On log odds: the variance of both arms at the mean risk under the null, at their own otherwise.
za <- qnorm(0.975); zb <- qnorm(0.85)
odds_size <- function(p1, p2, ratio) {  # ratio = n1 / n2
  mean_risk <- (ratio * p1 + p2) / (1 + ratio)
  v <- function(p1, p2) 1 / (p2 * (1 - p2)) + 1 / (ratio * p1 * (1 - p1))
  n2 <- ((za * sqrt(v(mean_risk, mean_risk)) + zb * sqrt(v(p1, p2))) /
           (qlogis(p1) - qlogis(p2)))^2
  n2 * (1 + ratio)
}
out$o23 <- c(sizes(0.2, 0.1, 0.85, allocationRatioPlanned = 2)$total, odds_size(0.2, 0.1, 2))
proportions <- function(...) power.prop.test(..., tol = 1e-12)
out$o24 <- c(proportions(150, 0.55, 0.40)$power, proportions(150, 0.55, 0.40, strict = TRUE)$power,
             proportions(50, 0.5, 0.75)$power, proportions(p1 = 0.5, p2 = 0.75, power = 0.9)$n)
least <- min(which(pbinom(0:33, 33, 0.15, lower.tail = FALSE) <= 0.025))
out$o25 <- pbinom(least - 1, 33, 0.35, lower.tail = FALSE)
out$o26 <- getSampleSizeRates(groups = 1, thetaH0 = 0.3, pi1 = 0.5, alpha = 0.025, beta = 0.2,
                              sided = 1, normalApproximation = TRUE)$nFixed
out$o28 <- exact_sequential(n, c(3.7103029, 2.5114275, 1.9930475), 0.2, 0.2)$total
stops <- exact_sequential(n, c(3.7103029, 2.5114275, 1.9930475), 0.55, 0.4)
null <- exact_sequential(n, c(3.7103029, 2.5114275, 1.9930475), 0.4, 0.4)
out$o28_design <- c(stops$total, stops$EN, null$total)
out$o30 <- z_power(176, 0.55, 0.40)
z_first <- function(p1, p2, power, from) first_size(function(n) z_power(n, p1, p2), power, from)
fisher_first <- function(p1, p2, power, from) {
  first_size(function(n) fisher_power(n, p1, p2, 0.025, 1), power, from)
}
out$o30_more <- c(fisher_first(0.55, 0.4, 0.8, 175), z_first(0.5, 0.3, 0.8, 80),
                  fisher_first(0.5, 0.3, 0.8, 95), z_first(0.6, 0.4, 0.9, 110),
                  fisher_first(0.6, 0.4, 0.9, 133))
out$o31 <- sapply(c(50, 100, 150, 180), function(n) {
  grid <- seq(0.001, 0.5, 0.001); size <- sapply(grid, function(p) z_power(n, p, p))
  top <- grid[which.max(size)]
  around <- top + c(-1, 1) * 0.001
  optimize(function(p) z_power(n, p, p), around, maximum = TRUE, tol = 1e-9)$objective
})
out$o32 <- z_power(50, 0.4, 0.7, 0.05, 2)
zs <- qnorm(0.975) + qnorm(0.8)
out$o43 <- c(4 * zs^2 / log(0.7)^2, zs^2 * (1.7 / 0.3)^2)
chances <- getEventProbabilities(time = 24, accrualTime = c(0, 12), lambda2 = log(2) / 12,
                                 hazardRatio = 0.7, maxNumberOfSubjects = 100,
                                 dropoutRate1 = 0.05, dropoutRate2 = 0.05, dropoutTime = 12)
out$o45 <- c(chances$eventProbabilities2, chances$eventProbabilities1,
             chances$overallEventProbabilities)
risk <- sapply(0:1, function(arm) {
  integrate(function(x) dnorm(x) * expit(-0.405 + 0.606 * arm + 0.5 * x), -Inf, Inf,
            rel.tol = 1e-12)$value
})
out$o47 <- risk[2] - risk[1]
set.seed(48)
null <- reestimated(0.4, 0.4, 4e5); effect <- reestimated(0.5, 0.4, 4e5)
out$o48_patients <- null[["patients"]]
out$o48_exactly <- c(null[["inverse_normal"]], null[["patients"]], effect[["inverse_normal"]])
out$o48_design <- c(null[["inverse_normal"]], null[["naive"]], effect[["inverse_normal"]],
                    effect[["naive"]])

# One table, one proportion, strata.
one <- rbind(c(55, 45), c(40, 60))
plain <- chisq.test(one, correct = FALSE); exact <- fisher.test(one)
out$o34_sharp <- score_limits(55, 100, 40, 100)
out$o34_tests <- c(unname(plain$statistic), plain$p.value,
                   0.15 + both * sqrt(0.55 * 0.45 / 100 + 0.4 * 0.6 / 100), exact$p.value,
                   unname(exact$estimate), exact$conf.int)
out$o36_one <- c(binom.test(12, 40)$conf.int, prop.test(12, 40, correct = FALSE)$conf.int)
strata <- array(rbind(c(20, 30, 12), c(15, 20, 8), c(10, 20, 18), c(25, 30, 22)), c(2, 2, 3))
cmh <- mantelhaen.test(strata, correct = FALSE)
out$o36_strata <- c(unname(cmh$statistic), unname(cmh$estimate), cmh$conf.int)
d <- made_trial(); r <- ye(d, logistic(Y ~ A + X, d))
slope <- c(-r$p1 / r$p0^2, 1 / r$p0)
out$o40_ratio <- sqrt(c(slope %*% r$V %*% slope))
by_arm <- table(d$A, d$Y)
out$o40_classical <- c(
  unname(mantelhaen.test(table(d$A, d$Y, d$site), correct = FALSE)$estimate),
  unname(chisq.test(by_arm, correct = FALSE)$statistic))
save_oracle("inline_constants", out)
