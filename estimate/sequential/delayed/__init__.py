"""Designs whose participants are still awaited when recruitment stops: decision analyses."""
