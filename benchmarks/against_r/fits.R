# Fits of R on the tables that bench_against_r.py has written, their estimates and CPU times.
#
# Rscript fits.R FOLDER TIMES prints one line per number, "task,estimate,standard error", one line
# "task,seconds" of the median user time, or "task,not installed,package".
# Times are with R's default settings. Numbers are of fits iterated to convergence.
given <- commandArgs(TRUE)
folder <- given[1]
times <- as.integer(given[2])
table_of <- function(name) read.csv(file.path(folder, paste0(name, ".csv")), stringsAsFactors = TRUE)
quiet <- function(value) suppressWarnings(suppressMessages(value))
line <- function(...) cat(paste(..., sep = ","), "\n", sep = "")
full <- function(x) format(x, digits = 17)

# `fit(tight)` is timed with tight = FALSE; `numbers(fit)` gives estimates and errors.
task <- function(name, packages, fit, numbers) {
  for (package in packages) {
    if (!quiet(requireNamespace(package, quietly = TRUE))) {
      return(line(name, "not installed", package))
    }
    quiet(library(package, character.only = TRUE))
    line("version", package, as.character(packageVersion(package)))
  }
  spent <- replicate(times, {
    begin <- proc.time()[["user.self"]]
    quiet(fit(FALSE))
    proc.time()[["user.self"]] - begin
  })
  line(name, full(median(spent)))
  found <- quiet(numbers(fit(TRUE)))
  for (k in seq_along(found$est)) line(name, full(found$est[k]), full(found$se[k]))
}
steps <- function(tight) if (tight) list(epsilon = 1e-14, maxit = 50) else list()
row_of <- function(name) function(fit) {
  s <- summary(fit)$coefficients
  list(est = s[name, 1], se = s[name, 2])
}
line("version", "R", paste0(R.version$major, ".", R.version$minor))

cohort <- table_of("cohort")
cohort$dx <- factor(cohort$dx, levels = c("idiopathic", "cryptorchidism", "orchitis", "azfc"))
task("survey", "survey", function(tight) {
  design <- svydesign(~centre, strata = ~stratum, weights = ~w, nest = TRUE, data = cohort)
  do.call(svyglm, list(y ~ therapy + age + dur + vol + dx + fsh, design, family = quasibinomial(),
                       control = steps(tight)))
}, row_of("therapy"))

slope_of <- function(equations, theta) {
  sapply(seq_along(theta), function(j) {
    h <- 1e-3 * max(abs(theta[j]), 0.01)
    at <- function(k) colSums(equations(replace(theta, j, theta[j] + k * h)))
    (at(-2) - 8 * at(-1) + 8 * at(1) - at(2)) / (12 * h)
  })
}

# Errors account for the score by stacked estimating equations, outside the timed part: svyglm, which
# is timed, treats the weights as known, and no installed package does otherwise.
cohort$arm <- factor(cohort$arm, levels = c("none", "hcg", "both"))
X <- model.matrix(~ age + vol + fsh, cohort)
code <- as.integer(cohort$arm)
scores <- function(b) {
  e <- exp(cbind(0, X %*% t(matrix(b, 2, byrow = TRUE))))
  e / rowSums(e)
}
task("three arms", c("nnet", "survey"), function(tight) {
  fit <- if (tight) {
    multinom(arm ~ age + vol + fsh, cohort, trace = FALSE, reltol = 1e-15, maxit = 2000)
  } else multinom(arm ~ age + vol + fsh, cohort, trace = FALSE)
  cohort$gw <- 1 / fitted(fit)[cbind(seq_along(code), code)]
  list(score = fit, arms = svyglm(y ~ arm, svydesign(~1, weights = ~gw, data = cohort)))
}, function(fit) {
  b <- c(t(coef(fit$score)))
  equations <- function(theta) {
    e <- scores(theta[seq_along(b)])
    w <- 1 / e[cbind(seq_along(code), code)]
    cbind(X * ((code == 2) - e[, 2]), X * ((code == 3) - e[, 3]),
          sapply(1:3, function(k) w * (code == k) * (cohort$y - theta[length(b) + k])))
  }
  for (step in 1:5) b <- b - solve(slope_of(equations, c(b, 0, 0, 0))[seq_along(b), seq_along(b)],
                                   colSums(equations(c(b, 0, 0, 0)))[seq_along(b)])
  w <- 1 / scores(b)[cbind(seq_along(code), code)]
  means <- sapply(1:3, function(k) sum(w * (code == k) * cohort$y) / sum(w * (code == k)))
  theta <- c(b, means)
  bread <- solve(slope_of(equations, theta))
  V <- (bread %*% crossprod(equations(theta)) %*% t(bread))[length(b) + 1:3, length(b) + 1:3]
  list(est = means[2:3] - means[1], se = sqrt(diag(V)[2:3] + V[1, 1] - 2 * V[1, 2:3]))
})
visits <- table_of("visits")
visits$visit <- factor(visits$visit)
task("repeated", "nlme", function(tight) {
  control <- if (tight) {
    glsControl(tolerance = 1e-12, msTol = 1e-14, maxIter = 500, msMaxIter = 1000)
  } else glsControl()
  gls(y ~ 0 + visit + visit:arm + visit:base + age, visits, method = "REML", control = control,
      correlation = corSymm(form = ~ as.integer(visit) | id), weights = varIdent(form = ~ 1 | visit))
}, function(fit) {
  arms <- grep("arm", names(coef(fit)))
  list(est = coef(fit)[arms], se = sqrt(diag(fit$varBeta))[arms])
})

months <- table_of("months")
months$month <- factor(months$month)
task("structural model", "sandwich", function(tight) {
  given <- function(fit) { p <- fitted(fit); ifelse(months$a == 1, p, 1 - p) }
  top <- glm(a ~ month + age + before, binomial, months, control = steps(tight))
  below <- glm(a ~ month + h + age + before, binomial, months, control = steps(tight))
  months$w <- ave(given(top) / given(below), months$id, FUN = cumprod)
  fit <- glm(y ~ cum + month + age, quasibinomial, months, weights = w, control = steps(tight))
  list(fit = fit, cov = vcovCL(fit, cluster = months$id, type = "HC0", cadjust = FALSE))
}, function(found) list(est = coef(found$fit)["cum"], se = sqrt(found$cov["cum", "cum"])))
task("structural model by ipw", "ipw", function(tight) NULL, function(fit) NULL)

task("Cox with weights", "survival", function(tight) {
  control <- if (tight) coxph.control(eps = 1e-12, toler.chol = 1e-14, iter.max = 50) else coxph.control()
  coxph(Surv(months, born) ~ therapy, cohort, weights = ps_weight, robust = TRUE, control = control)
}, function(fit) list(est = coef(fit), se = sqrt(diag(vcov(fit)))))

oocytes <- table_of("oocytes")
task("GEE", "geepack", function(tight) {
  control <- if (tight) geese.control(epsilon = 1e-12, maxit = 100) else geese.control()
  geeglm(y ~ therapy + n_et, id = pid, data = oocytes, family = binomial, corstr = "exchangeable",
         control = control)
}, row_of("therapy"))

cohort$size <- factor(cohort$size, ordered = TRUE)
task("proportional odds", "MASS", function(tight) {
  control <- if (tight) list(reltol = 1e-15, maxit = 1000) else list()
  polr(size ~ therapy + age + fsh, cohort, Hess = TRUE, control = control)
}, function(fit) list(est = coef(fit)["therapy"], se = sqrt(vcov(fit)["therapy", "therapy"])))

couples <- table_of("couples")
task("counts", "sandwich", function(tight) {
  fit <- glm(d3 ~ therapy + offset(log(oocytes)), poisson, couples, control = steps(tight))
  list(fit = fit, cov = vcovHC(fit, type = "HC0"))
}, function(found) {
  list(est = coef(found$fit)["therapy"], se = sqrt(found$cov["therapy", "therapy"]))
})
