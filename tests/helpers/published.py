"""Closed forms of the published units in NumPy, as their papers write them, apart from the package's own formulas.

`FORMS` has the functions of one input, (x, parameters) -> value; `GATE_FORMS` those of two. Branches are `where`s, and
only values are taken, so that nothing here guards a gradient.
"""

import numpy as np
from scipy.special import erf, expit, ndtr

SELU = 1.0507009873554805, 1.6732632423543772


def relu(x):
    return np.where(x > 0, x, 0.0)


def elu(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def softplus(x):
    return np.logaddexp(x, 0)


def silu(x):
    return x * expit(x)


def gelu(x):
    return x * ndtr(x)


def relu6(x):
    return np.clip(x, 0, 6)


def saturated(rho):
    return lambda x, p: np.where(x <= 0, rho(x + 1) - rho(1), rho(1) - rho(1 - x))


def smelu(x, b):
    return np.where(x <= -b, 0, np.where(x >= b, x, (x + b) ** 2 / (4 * b)))


def gsmelu(x, p):
    gm, gp, a, b, t = (p[key] for key in ("gm", "gp", "a", "b", "t"))
    q, r = (gp - gm) / (2 * (a + b)), (a * gp + b * gm) / (a + b)
    c = -gm * a + t - q * a**2 + r * a
    right = q * b**2 + r * b + c - gp * b
    return np.where(x <= -a, gm * x + t, np.where(x >= b, gp * x + right, q * x**2 + r * x + c))


def smoothed(x, a, s):
    """The leaky ReLU of slope `a` convolved with N(0, s^2), by quadrature."""
    nodes, weights = np.polynomial.legendre.leggauss(80)
    total = 0.0
    for low, high in ((-12 * s, x), (x, 12 * s)):  # split where x - noise changes sign
        low, high = np.clip(low, -12 * s, 12 * s), np.clip(high, -12 * s, 12 * s)
        noise = (high - low)[..., None] / 2 * nodes + (high + low)[..., None] / 2
        shifted = np.asarray(x)[..., None] - noise
        value = np.where(shifted > 0, shifted, a * shifted) * np.exp(-(noise**2) / (2 * s**2))
        total = total + (high - low) / 2 * (value @ weights)
    return total / (s * np.sqrt(2 * np.pi))


def apa(x, lam, kappa):
    return (lam * np.exp(-kappa * x) + 1) ** (-1 / lam)


def expanded(gate):
    return lambda x, p: x * (gate(x) * (1 + 2 * p["alpha"]) - p["alpha"])


def atan_gate(x):
    return (np.arctan(x) + np.pi / 2) / np.pi


def falu(x, p):
    z = p["beta"] * x
    s, g = silu(z), expit(z)
    first = s + g * (1 - s)
    low = s + p["alpha"] * g * (1 - s)
    return np.where(p["alpha"] <= 1, low, first + (p["alpha"] - 1) * g * (1 - 2 * first))


def xielu(x, p):
    positive, negative = softplus(p["ap"]), 0.5 + softplus(p["an"])
    return 0.5 * x + np.where(x > 0, positive * x**2, negative * (np.expm1(x) - x))


def bernstein(x, alpha, e):
    t = (x + e) / (2 * e)
    inside = -alpha * e * (1 - t) ** 2 + e * t**2  # the middle coefficient is the value at 0
    return np.where(x <= -e, alpha * x, np.where(x >= e, x, inside))


def dynamic(h):
    return lambda x, p: p["gamma"] * h(p["alpha"] * x + p.get("s", 0)) + p["shift"]


def signed(h):
    return lambda x: np.sign(x) * h(np.abs(x))


FORMS = {
    "relu": lambda x, p: relu(x),
    "leaky_relu": lambda x, p: np.where(x > 0, x, 0.01 * x),
    "elu": lambda x, p: elu(x),
    "elu1_feature": lambda x, p: elu(x) + 1,
    "selu": lambda x, p: SELU[0] * np.where(x > 0, x, SELU[1] * elu(x)),
    "gelu": lambda x, p: gelu(x),
    "silu": lambda x, p: silu(x),
    "mish": lambda x, p: x * np.tanh(softplus(x)),
    "tanh": lambda x, p: np.tanh(x),
    "softplus": lambda x, p: softplus(x),
    "swish": lambda x, p: x * expit(p["beta"] * x),
    "max_sigmoid": lambda x, p: np.maximum(x, expit(x)),
    "cos_minus_x": lambda x, p: np.cos(x) - x,
    "min_sin": lambda x, p: np.minimum(x, np.sin(x)),
    "atan_sq_minus_x": lambda x, p: np.arctan(x) ** 2 - x,
    "max_tanh": lambda x, p: np.maximum(x, np.tanh(x)),
    "sinc_plus_x": lambda x, p: np.sinc(x / np.pi) + x,
    "x_asinh_sq": lambda x, p: x * np.arcsinh(x) ** 2,
    "identity": lambda x, p: x,
    "sigmoid": lambda x, p: expit(x),
    "softsign": lambda x, p: x / (1 + np.abs(x)),
    "relu6": lambda x, p: relu6(x),
    "hard_tanh": lambda x, p: np.clip(x, -1, 1),
    "hard_sigmoid": lambda x, p: relu6(x + 3) / 6,
    "hard_swish": lambda x, p: x * relu6(x + 3) / 6,
    "gelu_tanh": lambda x, p: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "quick_gelu": lambda x, p: x * expit(1.702 * x),
    "squared_relu": lambda x, p: relu(x) ** 2,
    "gaussian": lambda x, p: np.exp(-(x**2)),
    "sine": lambda x, p: np.sin(x),
    "log_sigmoid": lambda x, p: -softplus(-x),
    "snake": lambda x, p: x + np.sin(x) ** 2,
    "atlu": lambda x, p: x * atan_gate(x),
    "prelu": lambda x, p: np.where(x > 0, x, p["alpha"] * x),
    "celu": lambda x, p: np.maximum(x, 0) + np.minimum(0, np.expm1(np.minimum(x, 1))),
    "square": lambda x, p: x**2,
    "squareplus": lambda x, p: (x + np.sqrt(x**2 + 4)) / 2,
    "sparse_plus": lambda x, p: smelu(x, 1.0),
    "sparse_sigmoid": lambda x, p: np.clip(0.5 * (x + 1), 0, 1),
    "tanhshrink": lambda x, p: x - np.tanh(x),
    "hardshrink": lambda x, p: np.where(np.abs(x) > 0.5, x, 0),
    "gcu": lambda x, p: x * np.cos(x),
    "spder": lambda x, p: np.sin(x) * np.sqrt(np.abs(x)),
    "lisht": lambda x, p: x * np.tanh(x),
    "elliott": lambda x, p: 0.5 * x / (1 + np.abs(x)) + 0.5,
    "elish": lambda x, p: np.where(x >= 0, x, np.expm1(np.minimum(x, 0))) * expit(x),
    "hard_elish": lambda x, p: np.where(x >= 0, x, np.expm1(np.minimum(x, 0))) * np.clip(0.2 * x + 0.5, 0, 1),
    "symlog": lambda x, p: signed(np.log1p)(x),
    "symexp": lambda x, p: signed(np.expm1)(x),
    "neg_sig_hardsig": lambda x, p: -x * expit(x) * relu6(x + 3) / 6,
    "gelusine": lambda x, p: gelu(x) + 0.1 * np.sin(x),
    "gmtu": lambda x, p: np.tanh(1.5 * x) * np.exp(-0.2 * x**2) + 0.2 * x,
    "mono_reflect": lambda x, p: -elu(-x),
    "mono_saturated": saturated(elu),
    "shifted_relu": lambda x, p: np.maximum(0, x - 1),
    "soft_threshold": lambda x, p: np.where(np.abs(x) <= 1, 0, x - np.sign(x)),
    "clipped_shifted_relu": lambda x, p: np.minimum(np.maximum(x - 1, 0), 1),
    "clipped_soft_threshold": lambda x, p: np.sign(x) * np.minimum(np.maximum(np.abs(x) - 1, 0), 1),
    "elephant": lambda x, p: 1 / (1 + np.abs(x / 0.16) ** 4),
    "wide_deep_hermite": lambda x, p: (
        0.5 * (x**3 - 3 * x) / 6**0.5 + (1 - 2 / 2**2) ** 0.5 * (x**2 - 1) / 2**0.5 + 2 ** (-4 / 4) * x
    ),
    "lipschitz_cube": lambda x, p: np.where(np.abs(x) < 1, x**3 / 3, x - np.sign(x) * 2 / 3),
    "scaled_relu": lambda x, p: np.sqrt(2 / (1 - 1 / np.pi)) * relu(x),
    "scaled_silu": lambda x, p: 1.7871872221 * silu(x),
    "leaky_relu2": lambda x, p: np.where(x > 0, x, 0.5 * x) ** 2,
    "relu2_smooth": lambda x, p: x * (x + np.sqrt(x**2 + 0.2**2)) / 2,
    "alpha_f_beta": lambda x, p: p["alpha"] * x * expit(p["beta"] * x),
    "smelu": lambda x, p: smelu(x, p["b"]),
    "gsmelu": gsmelu,
    "sau": lambda x, p: smoothed(x, p["a"], p["s"]),
    "xatlu": expanded(atan_gate),
    "xgelu": expanded(ndtr),
    "xsilu": expanded(expit),
    "apa": lambda x, p: apa(x, p["lam"], p["kappa"]),
    "aglu": lambda x, p: x * apa(x, p["lam"], p["kappa"]),
    "crrelu": lambda x, p: np.maximum(0, x) + p["epsilon"] * x * np.exp(-(x**2) / 2),
    "snake_trained": lambda x, p: x - np.cos(2 * p["a"] * x) / (2 * p["a"]) + 1 / (2 * p["a"]),
    "siren_sine": lambda x, p: np.sin(30 * x),
    "cauchy": lambda x, p: p["l1"] * x / (x**2 + p["d"] ** 2) + p["l2"] / (x**2 + p["d"] ** 2),
    "srs": lambda x, p: x / (x / p["alpha"] + np.exp(-x / p["beta"])),
    "tanhsoft1": lambda x, p: np.tanh(p["alpha"] * x) * softplus(x),
    "tanhsoft2": lambda x, p: x * np.tanh(p["beta"] * np.exp(p["g"] * x)),
    "acon_c": lambda x, p: (p["p1"] - p["p2"]) * x * expit(p["beta"] * (p["p1"] - p["p2"]) * x) + p["p2"] * x,
    "srelu": lambda x, p: np.where(
        x <= p["tl"], p["tl"] + p["al"] * (x - p["tl"]), np.where(x < p["tr"], x, p["tr"] + p["ar"] * (x - p["tr"]))
    ),
    "falu": falu,
    "pdelu": lambda x, p: np.where(x > 0, x, p["alpha"] * (np.maximum(1 + 0.1 * x, 0) ** 10 - 1)),
    "siaf": lambda x, p: sum(p[f"c{i}"] * gelu(p[f"a{i}"] * x + p[f"b{i}"]) for i in (1, 2)),
    "lipswish": lambda x, p: x * expit(softplus(p["b"]) * x) / 1.1,
    "anneal_to_identity": lambda x, p: (1 - p["lam"]) * relu(x) + p["lam"] * x,
    "xielu": xielu,
    "berlu": lambda x, p: bernstein(x, p["alpha"], p["e"]),
    "polyrelu": lambda x, p: sum(p[f"a{i}"] * relu(x) ** i for i in range(4)),
    "dyt": dynamic(np.tanh),
    "derf": dynamic(erf),
    "dyt_scalar": dynamic(np.tanh),
    "derf_scalar": dynamic(erf),
    "dyn_arctan": dynamic(lambda u: 2 / np.pi * np.arctan(u)),
    "dyn_cubsign": dynamic(lambda u: u**3 / (np.abs(u) ** 3 + 1)),
    "dyn_exproot": dynamic(signed(lambda u: 1 - np.exp(-np.sqrt(u)))),
    "dyn_expsign": dynamic(signed(lambda u: 1 - np.exp(-u))),
    "dyn_isru": dynamic(lambda u: u / np.sqrt(u**2 + 1)),
    "dyn_linear_clip": dynamic(lambda u: np.clip(u, -1, 1)),
    "dyn_logquad_clip": dynamic(lambda u: np.clip(np.sign(u) * np.log(u**2 + 1), -1, 1)),
    "dyn_logsign_clip": dynamic(lambda u: np.clip(signed(np.log1p)(u), -1, 1)),
    "dyn_power23_clip": dynamic(lambda u: np.clip(signed(lambda v: v ** (2 / 3))(u), -1, 1)),
    "dyn_relsign": dynamic(lambda u: np.tanh(np.arcsinh(u) / 2)),
    "dyn_saturlog": dynamic(signed(lambda u: np.log(u + 1) / (np.log(u + 1) + 1))),
    "dyn_satursin": dynamic(lambda u: np.sin(np.clip(u, -np.pi / 2, np.pi / 2))),
    "dyn_smoothsign": dynamic(lambda u: u / (1 + np.abs(u))),
}


def powlu(x):
    positive = np.where(x > 0, x, 1.0)
    return np.where(x > 0, positive ** (3 / (np.sqrt(positive) + 1)), x) * expit(x)


def first_order(gate):
    return lambda x, y, p: (gate(x) * (1 + 2 * p["alpha"]) - p["alpha"]) * y


GATE_FORMS = {
    "glu": lambda x, y, p: expit(x) * y,
    "bilinear": lambda x, y, p: x * y,
    "reglu": lambda x, y, p: relu(x) * y,
    "geglu": lambda x, y, p: gelu(x) * y,
    "swiglu": lambda x, y, p: silu(x) * y,
    "drelu_glu": lambda x, y, p: np.maximum(0, x) * np.maximum(0, y),
    "xatglu": first_order(atan_gate),
    "xgeglu": first_order(ndtr),
    "xswiglu": first_order(expit),
    "atglu_second": lambda x, y, p: x * atan_gate(x) * y,
    "simple_gate": lambda x, y, p: x * y,
    "powlu": lambda x, y, p: powlu(x) * y,
    "cats_gate": lambda x, y, p: np.where(np.abs(silu(x)) >= 0.1, silu(x), 0) * y,
    "gabor_real": lambda x, y, p: np.cos(p["omega"] * x) * np.exp(-((p["sigma"] * y) ** 2)),
    "rezero": lambda x, y, p: x + p["alpha"] * y,
}
