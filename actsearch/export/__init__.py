"""A program for use elsewhere."""

from actsearch.export.exporting import TARGETS, export_formula, formats_of
from actsearch.export.latex import to_latex
from actsearch.export.values import trained_values

__all__ = ["TARGETS", "export_formula", "formats_of", "to_latex", "trained_values"]
