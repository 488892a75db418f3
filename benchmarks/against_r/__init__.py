"""Single fits of estimators, against R on the same data."""
