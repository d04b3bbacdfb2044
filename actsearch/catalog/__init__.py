"""Published activations and layers as programs, each with its paper: what winners are compared with and named after."""

from actsearch.catalog.entries import BASELINES, CATALOG, GATES, LAYER_BASELINES, LAYERS, SWISH_PAPER
from actsearch.catalog.entry import Entry, Special
from actsearch.catalog.module_entry import ModuleEntry
from actsearch.catalog.modules import MODULES
from actsearch.catalog.naming import identify
from actsearch.catalog.neighbours import Neighbour, Novelty, novelty
from actsearch.catalog.panels import PANELS, UNTOUCHED_TARGET, panel
from actsearch.catalog.registry import register, unregister
from actsearch.catalog.search import find, properties_of
from actsearch.catalog.words import WORDS, words_of

__all__ = [
    "BASELINES",
    "CATALOG",
    "GATES",
    "LAYERS",
    "LAYER_BASELINES",
    "MODULES",
    "PANELS",
    "SWISH_PAPER",
    "UNTOUCHED_TARGET",
    "WORDS",
    "Entry",
    "ModuleEntry",
    "Neighbour",
    "Novelty",
    "Special",
    "find",
    "identify",
    "novelty",
    "panel",
    "properties_of",
    "register",
    "unregister",
    "words_of",
]
