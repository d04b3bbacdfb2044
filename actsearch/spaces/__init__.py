"""Which candidates exist: sample, mutate, enumerate, count, and the decisions that determine a program.

A space of your own is `custom`, or a `Space` over a `Template`; `register` gives it a name.
"""

from actsearch.spaces.act_bench_space import act_bench
from actsearch.spaces.base import Space
from actsearch.spaces.evonorm_space import evonorm
from actsearch.spaces.gate_space import gate
from actsearch.spaces.norm_space import norm
from actsearch.spaces.registry import SPACES, get_space, register
from actsearch.spaces.swish_space import swish
from actsearch.spaces.template import Decision, Genotype, Slot, Template
from actsearch.spaces.units import custom

__all__ = [
    "SPACES",
    "Decision",
    "Genotype",
    "Slot",
    "Space",
    "Template",
    "act_bench",
    "custom",
    "evonorm",
    "gate",
    "get_space",
    "norm",
    "register",
    "swish",
]
