"""What a candidate is: primitives, programs, their text and simplification. Knows nothing of networks or files."""

from actsearch.language.builder import Builder
from actsearch.language.errors import ActsearchError
from actsearch.language.functions import EPSILON
from actsearch.language.names import DEFAULT_PARAMETERS, GREEK, INPUTS
from actsearch.language.nans import nans_allowed
from actsearch.language.parser import parse
from actsearch.language.program import Kind, Node, Program
from actsearch.language.registry import PRIMITIVES, register, unregister
from actsearch.language.row import Precedence, Primitive, Result, WithConstant
from actsearch.language.simplifier import simplify
from actsearch.language.tokens import ParseError

__all__ = [
    "DEFAULT_PARAMETERS",
    "EPSILON",
    "GREEK",
    "INPUTS",
    "PRIMITIVES",
    "ActsearchError",
    "Builder",
    "Kind",
    "Node",
    "ParseError",
    "Precedence",
    "Primitive",
    "Program",
    "Result",
    "WithConstant",
    "nans_allowed",
    "parse",
    "register",
    "simplify",
    "unregister",
]
