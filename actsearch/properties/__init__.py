"""What a program is, without training it: the quantities of a property card, and how far two functions are apart."""

from actsearch.properties.asymptotics import End, ends
from actsearch.properties.card import Card, properties, properties_by_name
from actsearch.properties.curve import Curve, Kink, curve_of
from actsearch.properties.depth import edge_of_chaos
from actsearch.properties.derivatives import jets
from actsearch.properties.fitting import CLOSE, Fit, coarse_rank, distance, fit, fit_output
from actsearch.properties.kernel import correlation_map, dual_kernel, ntk, slope_kernel
from actsearch.properties.moments import hermite
from actsearch.properties.quadrature import normal_rule
from actsearch.properties.quantity import Measured, Property, Quantity
from actsearch.properties.registry import PROPERTIES, register, unregister
from actsearch.properties.transforms import TRANSFORMS, transform

__all__ = [
    "CLOSE",
    "PROPERTIES",
    "TRANSFORMS",
    "Card",
    "Curve",
    "End",
    "Fit",
    "Kink",
    "Measured",
    "Property",
    "Quantity",
    "coarse_rank",
    "correlation_map",
    "curve_of",
    "distance",
    "dual_kernel",
    "edge_of_chaos",
    "ends",
    "fit",
    "fit_output",
    "hermite",
    "jets",
    "normal_rule",
    "ntk",
    "properties",
    "properties_by_name",
    "register",
    "slope_kernel",
    "transform",
    "unregister",
]
