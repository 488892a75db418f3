# Causal mediation: exposure -> treatment -> retrieval, by formula (Imai, Keele and Tingley 2010,
# algorithm 1), with stats::glm and MASS::mvrnorm. `plugin` takes the coefficients as they are,
# `quasi_bayes_exact_M` sums over both values of the mediator, and `mediate` draws the mediator as
# mediation 4.5.1 does in mediate(model.m, model.y, treat, mediator, sims = 4000).
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))
need("MASS")
patients <- read_data("cohort542_full")
numeric <- c("age", "dur", "bmi", "vol", "lh", "fsh", "t", "e2", "prl")
sets <- with(patients, list(
  nonidio = list(dx != "idiopathic", numeric, FALSE),
  nonidio_interaction = list(dx != "idiopathic", numeric, TRUE),
  age35 = list(age >= 35, setdiff(numeric, "age"), FALSE),
  bmi24 = list(bmi > 24, setdiff(numeric, "bmi"), FALSE),
  vol6 = list(vol > 6, setdiff(numeric, "vol"), FALSE),
  nonidio_nocov = list(dx != "idiopathic", character(0), FALSE)))

# y11 is the risk of the exposed with the mediator that exposure gives, y10 with that of the rest.
effects_of <- function(y11, y10, y01, y00) {
  acme_c <- y01 - y00; acme_t <- y11 - y10; ade_c <- y10 - y00; ade_t <- y11 - y01
  total <- y11 - y00
  cbind(acme_c, acme_t, ade_c, ade_t, total, prop_c = acme_c / total, prop_t = acme_t / total,
        acme = (acme_c + acme_t) / 2, ade = (ade_c + ade_t) / 2,
        prop = (acme_c + acme_t) / 2 / total)
}
two_sided <- function(x) 2 * min(mean(x > 0), mean(x < 0))
limits <- function(x) unname(quantile(x, c(0.025, 0.975)))

analyse <- function(name) {
  exposure <- sub("_.*", "", name); terms <- sets[[name]][[2]]
  data <- patients; data[[exposure]] <- as.numeric(sets[[name]][[1]])
  model_m <- logistic(formula_of("therapy", c(exposure, terms)), data)
  product <- if (sets[[name]][[3]]) paste0(exposure, ":therapy")
  model_y <- logistic(formula_of("y", c(exposure, "therapy", terms, product)), data)
  design <- function(fit, exposed, therapy) {
    d <- data; d[[exposure]] <- exposed; d$therapy <- therapy
    model.matrix(delete.response(terms(fit)), d)
  }
  at <- expand.grid(exposed = 0:1, therapy = 0:1)
  M <- lapply(0:1, function(e) design(model_m, e, 0))
  Y <- Map(function(e, g) design(model_y, e, g), at$exposed, at$therapy)  # 00, 10, 01, 11
  # One row per draw of the coefficients; `mediator` gives the share or the draw of treatment.
  effects <- function(b_m, b_y, mediator) {
    of <- function(X, b) expit(X %*% t(b))
    m <- lapply(M, function(X) mediator(of(X, b_m))); y <- lapply(Y, of, b_y)
    mean_of <- function(e, source) {
      colMeans(m[[source + 1]] * y[[e + 3]] + (1 - m[[source + 1]]) * y[[e + 1]])
    }
    effects_of(mean_of(1, 1), mean_of(1, 0), mean_of(0, 1), mean_of(0, 0))
  }
  drawn <- function(sims, mediator) {
    parts <- lapply(rep(1000, sims / 1000), function(n) {  # a thousand at a time, for memory
      effects(mvrnorm(n, coef(model_m), vcov(model_m)), mvrnorm(n, coef(model_y), vcov(model_y)),
              mediator)
    })
    do.call(rbind, parts)
  }
  column <- function(x, f) as.list(apply(x, 2, f))
  bayes <- drawn(10000, identity)
  with_noise <- drawn(4000, function(p) matrix(rbinom(length(p), 1, p), nrow(p)))
  summary_of <- function(x, key) {
    middle <- if (startsWith(key, "prop")) median(x) else mean(x)
    c(middle, limits(x), two_sided(x))
  }
  list(terms_m = names(coef(model_m)), terms_y = names(coef(model_y)),
       plugin = as.list(effects(t(coef(model_m)), t(coef(model_y)), identity)[1, ]),
       quasi_bayes_exact_M = list(
         mean = column(bayes, mean), median = column(bayes, median),
         lo = column(bayes, function(x) limits(x)[1]), hi = column(bayes, function(x) limits(x)[2]),
         p = column(bayes, two_sided), sd = column(bayes, sd)),
       mediate_sims = 4000,
       mediate = c(sapply(colnames(with_noise), function(key) summary_of(with_noise[, key], key),
                          simplify = FALSE), list(acme_sd = sd(with_noise[, "acme"]))))
}
set.seed(20220101)
out <- sapply(names(sets), analyse, simplify = FALSE)

# Treatment -> testosterone -> retrieval, given age: a linear model of the mediator.
model_m <- lm(t ~ therapy + age, patients); model_y <- logistic(y ~ therapy + t + age, patients)
s <- sigma(model_m); n <- nrow(patients); sims <- 4000
draws <- replicate(sims, {
  b_m <- mvrnorm(1, coef(model_m), vcov(model_m)); b_y <- mvrnorm(1, coef(model_y), vcov(model_y))
  m <- lapply(0:1, function(therapy) b_m[1] + b_m[2] * therapy + b_m[3] * patients$age + rnorm(n, 0, s))
  risk <- function(therapy, from) {
    mean(expit(b_y[1] + b_y[2] * therapy + b_y[3] * m[[from + 1]] + b_y[4] * patients$age))
  }
  effects_of(risk(1, 1), risk(1, 0), risk(0, 1), risk(0, 0))[, c("acme", "ade", "total")]
})
out$continuous_mediator <- apply(draws, 1, function(x) c(mean(x), limits(x)), simplify = FALSE)
save_oracle("g14_mediation", out)
