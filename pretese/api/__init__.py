"""The public interface: one object per question, each with a short ``repr`` and plain values.

`pretese` re-exports the functions; command line and web call the same ones.
"""
