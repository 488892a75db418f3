# Table 1 and two-sample tests, all from stats: quantile (type 7), wilcox.test, t.test,
# shapiro.test, chisq.test, fisher.test, kruskal.test.
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
source(file.path(dirname(script), "common.R"))
patients <- read_data("cohort542_mar")
treated <- patients$therapy == 1

describe <- function(name) {
  x <- patients[[name]]
  quartiles <- function(v) unname(quantile(v, c(0.25, 0.5, 0.75), na.rm = TRUE, type = 7))
  by_arm <- function(f) c(f(x[!treated], na.rm = TRUE), f(x[treated], na.rm = TRUE))
  corrected <- wilcox.test(x[treated], x[!treated], exact = FALSE)
  plain <- wilcox.test(x[treated], x[!treated], exact = FALSE, correct = FALSE)
  normal <- shapiro.test(x)
  list(n_missing = sum(is.na(x)), q_overall = quartiles(x), q_therapy0 = quartiles(x[!treated]),
       q_therapy1 = quartiles(x[treated]), mean = by_arm(mean), sd = by_arm(sd),
       wilcox_W = unname(corrected$statistic), wilcox_p_cc = corrected$p.value,
       wilcox_p_nocc = plain$p.value, welch_p = t.test(x[treated], x[!treated])$p.value,
       shapiro_W = unname(normal$statistic), shapiro_p = normal$p.value)
}
numeric <- c("age", "dur", "bmi", "vol", "lh", "fsh", "t", "e2", "prl")
out <- list(continuous = sapply(numeric, describe, simplify = FALSE))

arms <- table(patients$therapy, patients$dx)
test <- chisq.test(arms)
out$dx <- list(rows = diagnoses, therapy0 = as.vector(arms[1, ]), therapy1 = as.vector(arms[2, ]),
               chisq = unname(test$statistic), df = unname(test$parameter), p = test$p.value,
               fisher_p = fisher.test(arms)$p.value)

retrieved <- table(patients$therapy, patients$y)
yates <- chisq.test(retrieved); plain <- chisq.test(retrieved, correct = FALSE)
exact <- fisher.test(retrieved)
out$srr <- list(table = unname(unclass(retrieved)), yates = unname(yates$statistic),
                p_yates = yates$p.value, chisq = unname(plain$statistic), p = plain$p.value,
                fisher_p = exact$p.value, fisher_or = unname(exact$estimate),
                fisher_ci = as.numeric(exact$conf.int))

a <- c(1.1, 2.2, 3.3, 4.7, 5.2, 8.8); b <- c(2.5, 3.9, 6.1, 7.4, 9.9, 10.3, 12.2)
test <- wilcox.test(a, b, conf.int = TRUE)
out$wilcox_exact_noties <- list(a = a, b = b, W = unname(test$statistic), p = test$p.value,
                                hl = unname(test$estimate), hl_ci = as.numeric(test$conf.int))
a <- c(1, 2, 2, 3, 5, 8); b <- c(2, 3, 6, 7, 9, 9, 12)
test <- suppressWarnings(wilcox.test(a, b))
out$wilcox_ties_default <- list(a = a, b = b, W = unname(test$statistic), p = test$p.value)

small <- list(c(3, 1, 1, 3), c(10, 2, 3, 15), c(0, 5, 4, 6), c(1, 9, 11, 3), c(12, 0, 5, 7))
finite <- function(x) ifelse(is.finite(x), x, NA)
out$fisher2x2 <- lapply(small, function(cells) {
  test <- fisher.test(matrix(cells, 2))
  list(table = cells, p = test$p.value, or = finite(unname(test$estimate)),
       ci = finite(as.numeric(test$conf.int)))
})
table <- rbind(c(3, 1, 0, 2), c(4, 6, 1, 0), c(5, 2, 2, 7))
plain <- suppressWarnings(chisq.test(table))
out$fisher_rxc <- list(table = table, p = fisher.test(table)$p.value,
                       chisq = unname(plain$statistic), chisq_p = plain$p.value)
table <- rbind(c(10, 10), c(11, 10))
yates <- chisq.test(table)
out$yates_corner <- list(table = table, stat = unname(yates$statistic), p = yates$p.value)
test <- kruskal.test(age ~ dx, data = patients)
out$kruskal_age_dx <- list(stat = unname(test$statistic), p = test$p.value)
save_oracle("g02_table1", out)
