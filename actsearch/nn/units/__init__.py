"""Published units that no formula of the language says: they sort, mix channels, or have a backward of their own.

One file a family. `actsearch.catalog.MODULES` has a row for each, with its paper. A unit is a Flax NNX module that
takes `num_features`, and so serves as a network's site, or the features of input and output where it has weights.
"""

from actsearch.nn.units.backward import FewBit, HeLU, SignSTE
from actsearch.nn.units.chebyshev import Chebyshev
from actsearch.nn.units.fourier import FAN, FourierKAN
from actsearch.nn.units.gdn import GDN
from actsearch.nn.units.rational import GroupRational, Rational
from actsearch.nn.units.sorting import LWTA, GroupSort, Householder, MaxMin, TopK
from actsearch.nn.units.splines import KAN, SplineActivation

__all__ = [
    "FAN",
    "GDN",
    "KAN",
    "LWTA",
    "Chebyshev",
    "FewBit",
    "FourierKAN",
    "GroupRational",
    "GroupSort",
    "HeLU",
    "Householder",
    "MaxMin",
    "Rational",
    "SignSTE",
    "SplineActivation",
    "TopK",
]
