"""Interim analyses of ongoing trials, as `Design.monitor` returns them."""
