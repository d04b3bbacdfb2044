"""What a candidate is: primitives, programs, their text and simplification. Knows nothing of networks or files."""

from actsearch.language.errors import ActsearchError
from actsearch.language.primitives import EPSILON, PRIMITIVES, Primitive
from actsearch.language.program import DEFAULT_PARAMETERS, Builder, Node, Program
from actsearch.language.simplify import simplify
from actsearch.language.text import ParseError, parse

__all__ = [
    "DEFAULT_PARAMETERS",
    "EPSILON",
    "PRIMITIVES",
    "ActsearchError",
    "Builder",
    "Node",
    "ParseError",
    "Primitive",
    "Program",
    "parse",
    "simplify",
]
