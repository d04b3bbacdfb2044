"""Published activations and layers as programs, each with its paper: what winners are compared with and named after."""

from actsearch.catalog.entries import BASELINES, CATALOG, GATES, LAYER_BASELINES, LAYERS, SWISH_PAPER
from actsearch.catalog.entry import Entry
from actsearch.catalog.naming import identify
from actsearch.catalog.neighbours import Neighbour, Novelty, novelty
from actsearch.catalog.panels import PANELS, UNTOUCHED_TARGET, panel

__all__ = [
    "BASELINES",
    "CATALOG",
    "GATES",
    "LAYERS",
    "LAYER_BASELINES",
    "PANELS",
    "SWISH_PAPER",
    "UNTOUCHED_TARGET",
    "Entry",
    "Neighbour",
    "Novelty",
    "identify",
    "novelty",
    "panel",
]
