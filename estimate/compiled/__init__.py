"""Kernels compiled by numba, for large simulations; numpy computes the same numbers without them.

A kernel processes the regular members of a batch and leaves the others to numpy, so that failures
are handled in one place. Compiled kernels are cached on disk (in the package, or in numba's cache
folder). They agree with numpy up to the last bits of float64, which the rounding of written numbers
removes.
"""
