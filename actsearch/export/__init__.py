"""A program for use elsewhere."""

from actsearch.export.latex import to_latex

__all__ = ["to_latex"]
