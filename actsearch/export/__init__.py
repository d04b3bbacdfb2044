"""A program for use elsewhere."""

from actsearch.export.exporting import TARGETS, export_formula, formats_of
from actsearch.export.latex import to_latex

__all__ = ["TARGETS", "export_formula", "formats_of", "to_latex"]
