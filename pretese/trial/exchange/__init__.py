"""A planned trial for others: a synopsis as in ICH M11, and USDM for study definition systems."""
