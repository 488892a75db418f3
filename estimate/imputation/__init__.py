"""Missing values: multiple imputation by chained equations for many data sets at once."""
