# Subgroups: stats::glm, anova(test = "LRT"), confint (profile likelihood, from MASS), p.adjust.
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))
need("MASS")
patients <- read_data("cohort542_full")
second <- with(patients, list(
  age = age >= 35, dur = dur > 3, bmi = bmi > 24, vol = vol > 6, nonidio = dx != "idiopathic",
  lh = lh > median(lh), fsh = fsh > median(fsh), t = t > median(t)))

two_groups <- function(name) {
  data <- transform(patients, group = as.numeric(second[[name]]))
  terms <- if (name == "nonidio") setdiff(model_3, "dx") else model_3
  joint <- logistic(formula_of("y", c("therapy * group", terms)), data)
  main <- logistic(formula_of("y", c("therapy", "group", terms)), data)
  test <- anova(main, joint, test = "LRT")
  s <- coef(summary(joint))["therapy:group", ]
  V <- vcov(joint); effect <- coef(joint)["therapy"] + c(0, s[1])
  variance <- c(V["therapy", "therapy"], sum(V[c("therapy", "therapy:group"), c("therapy", "therapy:group")]))
  strata <- lapply(0:1, function(g) {
    part <- data[data$group == g, ]
    fit <- logistic(formula_of("y", c("therapy", terms)), part)
    list(n = nrow(part), events = sum(part$y), log_or = unname(coef(fit)["therapy"]),
         se = unname(sqrt(vcov(fit)["therapy", "therapy"])), profile_ci = profile_limits(fit, "therapy"),
         counts = unname(unclass(table(part$therapy, part$y))))
  })
  apart <- (strata[[2]]$log_or - strata[[1]]$log_or) / sqrt(strata[[1]]$se^2 + strata[[2]]$se^2)
  list(lrt = test$Deviance[2], p_lrt = test$`Pr(>Chi)`[2], wald_z = unname(s[3]),
       wald_p = unname(s[4]), b_int = unname(s[1]), se_int = unname(s[2]), stratified = strata,
       joint_model = list(`0` = list(log_or = unname(effect[1]), se = sqrt(variance[1])),
                          `1` = list(log_or = unname(effect[2]), se = sqrt(variance[2]))),
       altman_bland_p_from_strata = 2 * pnorm(-abs(apart)))
}
out <- list(adjusted = sapply(names(second), two_groups, simplify = FALSE))
p <- unname(sapply(out$adjusted, `[[`, "p_lrt"))
out$multiplicity <- list(p = p, holm = p.adjust(p, "holm"), bh = p.adjust(p, "BH"),
                         bonferroni = p.adjust(p, "bonferroni"))
whole <- function(modifier) {
  terms <- c("therapy", model_3, "vol")
  main <- logistic(formula_of("y", terms), patients)
  joint <- logistic(formula_of("y", c(terms, paste0("therapy:", modifier))), patients)
  test <- anova(main, joint, test = "LRT")
  list(lrt = test$Deviance[2], df = test$Df[2], p = test$`Pr(>Chi)`[2])
}
out$dx4 <- whole("dx"); out$dur_cont <- whole("dur")
save_oracle("g08_subgroup_interaction", out)
