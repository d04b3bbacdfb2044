"""Published units that no formula of the language says: they sort, mix channels, or have a backward of their own.

One file a family. `actsearch.catalog.MODULES` has a row for each, with its paper. A unit is a Flax NNX module that
takes `num_features`, and so serves as a network's site, or the features of input and output where it has weights.
"""

from actsearch.nn.units.backward import FewBit, HeLU, SignSTE
from actsearch.nn.units.chebyshev import Chebyshev
from actsearch.nn.units.fourier import FAN, FourierKAN
from actsearch.nn.units.gdn import GDN
from actsearch.nn.units.piecewise import GaussianBasis, PiecewiseGain, ScaledWSLinear
from actsearch.nn.units.pooled import MetaACON, PercentileASH, SpatialGate
from actsearch.nn.units.products import NAU, NMU, MuLayer, PiNet, QuadraticNeuron
from actsearch.nn.units.quantised import BiPer, FakeQuant, ScaledSign
from actsearch.nn.units.rational import GroupRational, Rational
from actsearch.nn.units.simplex import Simplex
from actsearch.nn.units.sorting import LWTA, GroupSort, Householder, MaxMin, TopK
from actsearch.nn.units.splines import KAN, SplineActivation

__all__ = [
    "FAN",
    "GDN",
    "KAN",
    "LWTA",
    "NAU",
    "NMU",
    "BiPer",
    "Chebyshev",
    "FakeQuant",
    "FewBit",
    "FourierKAN",
    "GaussianBasis",
    "GroupRational",
    "GroupSort",
    "HeLU",
    "Householder",
    "MaxMin",
    "MetaACON",
    "MuLayer",
    "PercentileASH",
    "PiNet",
    "PiecewiseGain",
    "QuadraticNeuron",
    "Rational",
    "ScaledSign",
    "ScaledWSLinear",
    "SignSTE",
    "Simplex",
    "SpatialGate",
    "SplineActivation",
    "TopK",
]
