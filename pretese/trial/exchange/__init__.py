"""A planned trial in formats of others: a synopsis as in ICH M11, and CDISC USDM."""
