"""Kernels compiled by numba, for large simulations; numpy computes the same numbers without them.

A kernel takes the regular members of a batch and leaves the others to numpy, so that what is
refused, and how, is written once. Kernels stay on disk once compiled (beside the package, or in
numba's cache folder). They agree with numpy to the last bits of float64, which the rounding rule of
written numbers takes away.
"""
