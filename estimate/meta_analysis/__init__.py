"""Meta-analysis: effects of studies, pooling, heterogeneity, moderators, models of counts."""
