# Peers in R: glm.fit, rpact, mice and fisher.test. A line of input names a task; the output is the
# CPU seconds (user and system) of its second run, or the reason why it was not run.
args <- commandArgs(trailingOnly = TRUE)
true <- c(-1, 0.45, 0.3, -0.2, 0.1, 0, 0.25, -0.15)
n <- 600
trials <- 200

simulated <- function() {
  design <- cbind(1, runif(n) < 0.5, matrix(rnorm(n * 6), n))
  list(design = design, y = as.numeric(runif(n) < plogis(design %*% true)))
}
fit <- function(data) suppressWarnings(glm.fit(data$design, data$y, family = binomial()))

logistic <- function() {
  data <- lapply(seq_len(trials), function(i) simulated())
  function() for (each in data) fit(each)
}
fitted_trials <- function() function() for (i in seq_len(trials)) fit(simulated())

counts <- function() {
  suppressMessages(library(rpact))
  design <- getDesignGroupSequential(typeOfDesign = "asOF", informationRates = c(1/3, 2/3, 1),
                                     alpha = 0.025, sided = 1)
  function() getSimulationRates(design, groups = 2, pi1 = 0.55, pi2 = 0.40,
    plannedSubjects = c(120, 240, 360), maxNumberOfIterations = 20000, seed = 1)
}
imputation <- function() {
  suppressMessages(library(mice))
  d <- read.csv(args[1], stringsAsFactors = TRUE)
  d$id <- NULL
  function() mice(d, m = 20, maxit = 10, print = FALSE, seed = 1)
}
fisher <- function() {
  table <- rbind(c(160, 155, 170, 115), c(240, 262, 245, 253))
  function() fisher.test(table, workspace = 2e8)
}

works <- list(logistic = logistic, fitted = fitted_trials, counts = counts,
              imputation = imputation, fisher = fisher)
ready <- list()
input <- file("stdin", "r")
while (length(name <- readLines(input, 1)) > 0) {
  answer <- tryCatch({
    if (is.null(ready[[name]])) {
      ready[[name]] <- works[[name]]()
      invisible(ready[[name]]())
    }
    used <- system.time(invisible(ready[[name]]()))
    sprintf("%.6f", sum(used[c(1, 2, 4, 5)], na.rm = TRUE))
  }, error = function(e) {
    missing <- grepl("no package", conditionMessage(e))
    dQuote(if (missing) "not installed" else "error in R", FALSE)
  })
  cat(answer, "\n", sep = "")
  flush(stdout())
}
