"""Published units that no formula says, as Flax modules of `actsearch.nn.units`, each with its paper: one row each.

They cannot be searched or drawn; they are listed, found by their words, and serve as a network's site.
"""

from collections.abc import Mapping
from types import MappingProxyType

from actsearch.catalog.mixing_modules import MIXING
from actsearch.catalog.module_entry import ModuleEntry

_ANIL = "Anil, Lucas, Grosse 2019, Sorting Out Lipschitz Function Approximation"
_PAU = "Molina, Schramowski, Kersting 2019, Pade Activation Units"
_ASH = "the public code of Hard ASH"
_PORTS = "several public ports"
_MEMORY = "from memory of the paper"
_FIXED, _TRAINED = frozenset({"fixed"}), frozenset({"trained"})
_SHARED = _TRAINED | {"shared", "smooth"}

_ENTRIES = (
    ModuleEntry(
        "top_k_linear",
        "TopK",
        "x where it is among the k largest, else 0",
        "Makhzani, Frey 2013, k-Sparse Autoencoders",
        "the paper's public text",
        "exactly k are kept where values tie",
        words=_FIXED,
    ),
    ModuleEntry(
        "top_k_relu",
        "TopK",
        "relu(x) where x is among the k largest, else 0",
        "Li et al. 2022, The Lazy Neuron Phenomenon",
        "the paper's public text",
        words=_FIXED,
        options=(("mode", "relu"),),
    ),
    ModuleEntry(
        "top_k_subtract",
        "TopK",
        "relu(x - kth largest)",
        "Hard ASH, 2024",
        _ASH,
        "continuous in x",
        words=_FIXED,
        options=(("mode", "subtract"),),
    ),
    ModuleEntry(
        "lwta",
        "LWTA",
        "the largest of each group, else 0",
        "Srivastava et al. 2013, Compete to Compute",
        _ASH,
        "groups of neighbours",
        words=_FIXED,
    ),
    ModuleEntry(
        "maxmin", "MaxMin", "(a, b) -> (max(a, b), min(a, b))", _ANIL, _PORTS, "pairs of neighbours", words=_FIXED
    ),
    ModuleEntry("group_sort", "GroupSort", "each group sorted", _ANIL, _PORTS, "ascending", words=_FIXED),
    ModuleEntry(
        "householder",
        "Householder",
        "z if v.z > 0 else z - 2 v (v.z), of pairs z",
        "Singla, Singla, Feizi 2021, Householder Activations for Provable Robustness",
        _MEMORY,
        "starts as maxmin",
        verified=False,
        words=_TRAINED,
    ),
    ModuleEntry(
        "kan_bspline",
        "KAN",
        "sum_i wb silu(x_i) + ws sum_k c_k B_k(x_i), per edge",
        "Liu et al. 2024, KAN: Kolmogorov-Arnold Networks",
        _MEMORY,
        "the grid does not move",
        verified=False,
        words=_TRAINED | {"smooth"},
        weights=True,
    ),
    ModuleEntry(
        "spline_mlp",
        "SplineActivation",
        "wb silu(x) + sum_k c_k B_k(x), per feature",
        "Yu, Yu, Wang 2024, KAN or MLP: A Fairer Comparison",
        _MEMORY,
        verified=False,
        words=_TRAINED | {"smooth"},
    ),
    ModuleEntry(
        "fourier_kan",
        "FourierKAN",
        "sum_k a_k cos(k x) + b_k sin(k x), per edge",
        "Mehrabian et al. 2024, FKAN: Implicit Neural Representations with Trainable Periodic Activation",
        "the first public layer of this name",
        words=_TRAINED | {"smooth", "periodic", "bounded", "bounded above", "bounded below"},
        weights=True,
    ),
    ModuleEntry(
        "chebyshev",
        "Chebyshev",
        "sum_n a_n T_n(tanh(x)), per edge",
        "Rezaeian et al. 2024, SL2A-INR",
        "the authors' code; tanh is from memory",
        "put LayerNorm behind it",
        words=_TRAINED | {"smooth", "bounded", "bounded above", "bounded below"},
        weights=True,
    ),
    ModuleEntry(
        "fan_layer",
        "FAN",
        "concat(cos(P x), sin(P x), gelu(G x + b))",
        "Dong et al. 2024, FAN: Fourier Analysis Networks",
        "the authors' code",
        words=_TRAINED | {"smooth"},
        weights=True,
    ),
    ModuleEntry(
        "pau_a",
        "Rational",
        "P(x) / (1 + sum_j |b_j x^j|)",
        _PAU,
        _PORTS,
        "orders (5, 4), near leaky ReLU",
        words=_SHARED - {"smooth"},
    ),
    ModuleEntry(
        "pau_b",
        "Rational",
        "P(x) / (1 + |sum_j b_j x^j|)",
        _PAU,
        _PORTS,
        "orders (5, 4)",
        words=_SHARED - {"smooth"},
        options=(("form", "B"),),
    ),
    ModuleEntry(
        "group_rational",
        "GroupRational",
        "pau_a with a denominator for each group of features",
        "Yang, Wang 2024, Kolmogorov-Arnold Transformer",
        "its public code, whose own texts disagree on the denominator",
        words=_TRAINED,
    ),
    ModuleEntry(
        "gdn",
        "GDN",
        "x_i / sqrt(b_i + sum_j g_ij x_j^2)",
        "Balle, Laparra, Simoncelli 2016, Generalized Normalization Transformation",
        _PORTS,
        "over channels alone",
        words=_TRAINED | {"normalising", "smooth", "odd"},
    ),
    ModuleEntry(
        "igdn",
        "GDN",
        "x_i * sqrt(b_i + sum_j g_ij x_j^2)",
        "Balle, Laparra, Simoncelli 2016, Generalized Normalization Transformation",
        _PORTS,
        "one step of the inverse of gdn",
        words=_TRAINED | {"normalising", "smooth", "odd"},
        options=(("inverse", True),),
    ),
    ModuleEntry(
        "helu",
        "HeLU",
        "forward max(0, x), backward 1 where x > -alpha",
        "Kimhi et al. 2024, Hysteresis Activation Function for Efficient Inference",
        "the authors' code",
        "alpha = 0.05",
        words=_FIXED | {"monotone", "bounded below"},
    ),
    ModuleEntry(
        "sign_ste",
        "SignSTE",
        "forward sign(x), backward 1 where |x| <= 1",
        "Courbariaux et al. 2016, Binarized Neural Networks",
        _MEMORY,
        "0 becomes +1",
        verified=False,
        words=_FIXED | {"monotone", "bounded", "bounded above", "bounded below"},
    ),
    ModuleEntry(
        "few_bit_backward",
        "FewBit",
        "forward f(x), backward f' in 2^bits levels",
        "Novikov et al. 2023, Few-bit Backward",
        "the paper's public text",
        "of any f, GELU by default; keeps a byte in the place of x",
        words=_FIXED | {"smooth", "bounded below"},
    ),
)

MODULES: Mapping[str, ModuleEntry] = MappingProxyType({entry.name: entry for entry in (*_ENTRIES, *MIXING)})
"""Published units that are modules, by name. Read only."""
