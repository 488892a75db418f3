"""Recovery studies: known effects from `simulate`, estimates from `estimate`, and the verdict.

A study combines cases (scenarios, possibly with replaced numbers) with analysis plans over
replicates, by the ADEMP scheme of Morris TP, White IR, Crowther MJ. *Stat Med* 2019;38:2074-102:
aims, data-generating mechanisms, estimands, methods, performance.
"""
