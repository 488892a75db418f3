"""External validation of prediction models: discrimination, calibration, net benefit."""
