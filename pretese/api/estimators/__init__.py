"""The catalogue of stand-alone estimators and sample-size functions."""
