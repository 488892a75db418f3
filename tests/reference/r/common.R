# Shared by the scripts of this folder: packages, data, profile limits, and how values are written.
#
# Rscript tests/reference/r/NAME.R [FOLDER] writes FOLDER/NAME.json (default out/oracles).

here <- normalizePath(dirname(script))  # `script` is the path of the script that sources this file
folder <- c(commandArgs(TRUE), file.path("out", "oracles"))[1]
options(digits = 15, warn = 1)

# Attach packages; end with status 77, which compare.py reports as "skipped", if one is missing.
loaded <- character(0)
need <- function(...) {
  for (package in c(...)) {
    if (!requireNamespace(package, quietly = TRUE)) {
      message("needs the R package ", package)
      quit(status = 77)
    }
    suppressWarnings(suppressMessages(library(package, character.only = TRUE)))
  }
  loaded <<- c(loaded, ...)
}
need("jsonlite")

versions <- function() {
  list(R = R.version.string,
       packages = sapply(loaded, function(p) as.character(packageVersion(p)), simplify = FALSE))
}

save_json <- function(name, values) {
  dir.create(folder, recursive = TRUE, showWarnings = FALSE)
  write_json(values, file.path(folder, paste0(name, ".json")),
             auto_unbox = TRUE, digits = NA, na = "null", null = "null", pretty = TRUE)
}

save_oracle <- function(name, values) save_json(name, c(values, list(`_meta` = versions())))

# The stored file, for oracles whose inputs are stored with it.
stored <- function(name) fromJSON(file.path(here, paste0(name, ".json")), simplifyMatrix = FALSE,
                                  simplifyDataFrame = FALSE)

diagnoses <- c("idiopathic", "cryptorchidism", "orchitis", "azfc")
read_data <- function(name) {
  data <- read.csv(file.path(here, paste0(name, ".csv")))
  if (!is.null(data$dx)) data$dx <- factor(data$dx, levels = diagnoses)
  data
}

expit <- plogis
both <- c(-1, 1) * qnorm(0.975)

# Covariates of the propensity score, and of the third model, which excludes testis volume.
score_terms <- c("age", "dur", "bmi", "vol", "dx", "lh", "fsh", "t", "e2", "prl")
model_3 <- setdiff(score_terms, "vol")
formula_of <- function(outcome, terms) {
  reformulate(if (length(terms)) terms else "1", response = outcome)
}

# glm() takes the variance from the weights of its last step but one, so it iterates until no
# coefficient changes; its warning of a change that stays above 1e-14 is expected.
settled <- list(epsilon = 1e-14, maxit = 50)
quietly <- function(value) withCallingHandlers(value, warning = function(w) {
  known <- "did not converge|non-integer|fitted probabilities numerically"
  if (grepl(known, conditionMessage(w))) invokeRestart("muffleWarning")
})
logistic <- function(formula, data) {
  quietly(glm(formula, family = binomial, data = data, control = settled))
}
std_errors <- function(fit) unname(sqrt(diag(vcov(fit))))
profile_limits <- function(fit, ...) quietly(suppressMessages(unname(confint(fit, ...))))

# The likelihood ratio of one term against the same model without it.
ratio_test <- function(fit, without, df = 1) {
  lrt <- as.numeric(2 * (logLik(fit) - logLik(without)))
  list(lrt = lrt, p = pchisq(lrt, df, lower.tail = FALSE))
}

# Sandwich variance of stacked estimating equations: psi(theta) gives one row per patient.
# The slope is a central difference in the fourth order, accurate to about ten digits.
stacked_variance <- function(psi, theta) {
  n <- nrow(psi(theta))
  slope <- sapply(seq_along(theta), function(j) {
    h <- 1e-3 * max(abs(theta[j]), 0.01)
    at <- function(k) colSums(psi(replace(theta, j, theta[j] + k * h)))
    (at(-2) - 8 * at(-1) + 8 * at(1) - at(2)) / (12 * h)
  })
  bread <- solve(slope)
  bread %*% crossprod(psi(theta)) %*% t(bread)
}
