"""Recovery studies: known effects from `simulate`, estimates from `estimate`, and the verdict.

A study crosses cases (scenarios, perhaps with numbers replaced) with plans (what is analysed, how)
over replicates, after the ADEMP scheme of Morris TP, White IR, Crowther MJ. *Stat Med*
2019;38:2074-102: aims, data-generating mechanisms, estimands, methods, performance.
"""
