# Multiple imputation: one step of predictive mean matching by formula, with stored random numbers
# (van Buuren 2018, algorithms 3.1 and 3.3, as in mice.impute.pmm); whole runs with mice::mice and
# mice::pool, which agree with the stored runs statistically, as their seeds are others.
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))
need("mice")
incomplete <- read_data("cohort542_mar")
first <- subset(read_data("completed10"), imp == 1)

# Testosterone from all other columns of the first completed data set.
given <- stored("g13_mice")$pmm_step
X <- model.matrix(~ therapy + age + dur + bmi + vol + dx + lh + fsh + e2 + prl + y, first)
missing <- is.na(incomplete$t); y <- incomplete$t[!missing]; known <- X[!missing, ]
v <- solve(crossprod(known))  # without mice's ridge of 1e-5, which exists for singular data
hat <- c(v %*% crossprod(known, y))
rss <- sum((y - known %*% hat)^2); df <- length(y) - ncol(X)
sigma <- sqrt(rss / given$chi2)
star <- hat + c(t(chol(v)) %*% given$z) * sigma
predicted <- c(known %*% hat); wanted <- c(X[missing, ] %*% star)
nearest <- lapply(wanted, function(w) order(abs(predicted - w)))
gaps <- sapply(wanted, function(w) sort(abs(predicted - w))[6]) -
  sapply(wanted, function(w) sort(abs(predicted - w))[5])
out <- list(pmm_step = list(
  design_cols = c("1", sub("^dx", "", colnames(X)[-1])), coef = hat, df = df, rss = rss,
  z = given$z, chi2 = given$chi2, sigma_star = sigma, beta_star = star,
  missing_ids = incomplete$id[missing],
  yhat_mis_star = wanted, yhat_mis_hat = c(X[missing, ] %*% hat),
  donor_ids_type1_k5 = lapply(nearest, function(o) incomplete$id[!missing][o[1:5]]), gap5 = gaps))

hormones <- c("lh", "fsh", "t", "e2", "prl")
run <- function(method, seed) {
  data <- incomplete[setdiff(names(incomplete), "id")]
  done <- mice(data, m = 50, maxit = 20, printFlag = FALSE, seed = seed,
               method = ifelse(names(data) %in% hormones, method, ""))
  completed <- complete(done, "all")
  fits <- lapply(completed, function(d) logistic(formula_of("y", c("therapy", model_3)), d))
  pooled <- pool(fits)$pooled
  list(est = pooled$estimate, se = sqrt(pooled$t), fmi = pooled$fmi,
       term = as.character(pooled$term),
       means = sapply(hormones, function(h) mean(sapply(completed, function(d) mean(d[[h]])))))
}
runs <- lapply(1:4, function(seed) run("pmm", seed))
across <- function(key, f) apply(sapply(runs, `[[`, key), 1, f)
norm <- run("norm", 5)
table_of <- function(data) {
  fit <- logistic(formula_of("y", c("therapy", model_3)), data); s <- unname(coef(summary(fit)))
  list(term = names(coef(fit)), coef = s[, 1], se = s[, 2], z = s[, 3], p = s[, 4])
}
out$pooled_m50x4 <- list(
  term = runs[[1]]$term, est_mean = across("est", mean), est_sd_between_runs = across("est", sd),
  se_mean = across("se", mean), se_sd_between_runs = across("se", sd),
  fmi_mean = across("fmi", mean),
  imputed_data_means = as.list(across("means", mean)),
  norm_method = list(term = norm$term, est = norm$est, se = norm$se, fmi = norm$fmi,
                     means = as.list(norm$means)),
  complete_case = table_of(na.omit(incomplete)), full_truth = table_of(read_data("cohort542_full")))
out$defaults <- list(
  m = formals(mice)$m, maxit = formals(mice)$maxit, method = eval(formals(mice)$defaultMethod),
  donors = formals(mice.impute.pmm)$donors, matchtype = formals(mice.impute.pmm)$matchtype,
  ridge = formals(mice.impute.pmm)$ridge)
save_oracle("g13_mice", out)
