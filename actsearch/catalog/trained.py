"""Published functions with trained parameters: `scalar` for one value a layer, `param` for one a channel. One row each.

Where a paper draws an initial value at random, the row starts at the mean of that draw and says so.
"""

from actsearch.catalog.entry import Entry, by_name, entry

_GATING = "Huang 2024, Expanded Gating Ranges"
_APA = "Alexandridis, Deng, Nguyen, Luo 2024, Adaptive Parametric Activation"
_SMOOTH = "Shamir, Lin, Coviello 2020, Smooth Activations and Reproducibility in Deep Networks"
_POLYCOM = "Zhuo et al. 2024, Polynomial Composition Activations"
_SAFS = "the public code of Loni et al. 2023, Learning Activation Functions for Sparse Neural Networks"
_TEXT = "the paper's public text"
_AUTHORS = "the authors' public code"
_MEMORY = "from memory of the paper"


def _expanded(name: str, gate: str, plain: str) -> Entry:
    """Returns the unit of a gate whose range (0, 1) is expanded to (-alpha, 1 + alpha)."""
    return entry(
        name,
        f"scalar alpha = 0; x * ({gate} * (1 + 2 * alpha) - alpha)",
        _GATING,
        source="two public implementations, and the paper's text",
        notes="one alpha a block, starting at 0",
        special={plain: {"alpha": 0}},
    )


_ENTRIES = (
    entry(
        "alpha_f_beta",
        "scalar alpha = 1; scalar beta = 1; alpha * x * sigmoid(beta * x)",
        "Loni et al. 2023, Learning Activation Functions for Sparse Neural Networks",
        source=_SAFS,
        notes="alpha f(beta x) of any f, here of Swish, whose x the code leaves unscaled",
        special={"silu": {"alpha": 1, "beta": 1}},
    ),
    entry(
        "smelu",
        "scalar b = 0.5; (clip(x, -b, b) + b)^2 / (4 * b) + max(x - b, 0)",
        _SMOOTH,
        source=_TEXT,
        notes="0 below -b, (x + b)^2 / (4 b) between, x above b: ReLU smoothed by a box; keep b > 0; b = 0.5 is from "
        "memory, where the paper tunes it",
        special={"sparse_plus": {"b": 1}},
    ),
    entry(
        "gsmelu",
        "scalar gm = 0; scalar gp = 1; scalar a = 0.5; scalar b = 0.5; scalar t = 0; "
        "u = clip(x, -a, b); q = (gp - gm) / (2 * (a + b)); r = (a * gp + b * gm) / (a + b); "
        "q * u^2 + r * u + t - gm * a - q * a^2 + r * a + gm * min(x + a, 0) + gp * max(x - b, 0)",
        _SMOOTH,
        source="derived from the properties that the paper states; its letters may differ",
        notes="gm x + t left of the knee -a, slope gp right of b",
        verified=False,
        special={"scalar b = 0.5; (clip(x, -b, b) + b)^2 / (4 * b) + max(x - b, 0)": {}},
    ),
    entry(
        "sau",
        "scalar a = 0.25; scalar s = 1; (1 + a) / 2 * x + (1 - a) / 2 * "
        "(x * erf(x / (sqrt(2) * s)) + s * sqrt(2 / pi) * exp(-x^2 / (2 * s^2)))",
        "Biswas, Kumar, Banerjee, Pandey 2021, SAU: Smooth activation function using convolution",
        source="derived: leaky ReLU smoothed by a Gaussian of standard deviation s, which quadrature confirms",
        notes="a circulating form without (1 - a) on the exponential is not the convolution; both starts from memory; "
        "in float16 use |x| < 256",
        verified=False,
        special={"x": {"a": 1}},
    ),
    _expanded("xatlu", "(atan(x) + pi / 2) / pi", "atlu"),
    _expanded("xgelu", "0.5 * erfc(-x / sqrt(2))", "gelu"),
    _expanded("xsilu", "sigmoid(x)", "silu"),
    entry(
        "apa",
        "scalar lam = 0.5; scalar kappa = 0.5; l = max(lam, 0.0001); exp(-softplus(log(l) - kappa * x) / l)",
        _APA,
        source=_TEXT,
        notes="(lam exp(-kappa x) + 1)^(-1 / lam); the paper draws both from U(0, 1), here their mean",
        special={"sigmoid": {"lam": 1, "kappa": 1}},
    ),
    entry(
        "aglu",
        "scalar lam = 0.5; scalar kappa = 0.5; l = max(lam, 0.0001); x * exp(-softplus(log(l) - kappa * x) / l)",
        _APA,
        source=_TEXT,
        notes="x times apa; the paper draws both from U(0, 1), here their mean",
        special={"silu": {"lam": 1, "kappa": 1}},
    ),
    entry(
        "crrelu",
        "scalar epsilon = 0.01; relu(x) + epsilon * x * exp(-x^2 / 2)",
        "Sun et al. 2024, A Method on Searching Better Activation Functions",
        source=_TEXT,
        special={"relu": {"epsilon": 0}},
    ),
    entry(
        "snake_trained",
        "param a = 1; x + sin(a * x)^2 / a",
        "Ziyin, Hartwig, Ueda 2020, Neural networks fail to learn periodic functions",
        source="the paper's abstract, which has a = 1",
        notes="one a per channel; keep it from 0",
        special={"snake": {"a": 1}},
    ),
    entry(
        "siren_sine",
        "sin(30 * x)",
        "Sitzmann et al. 2020, Implicit Neural Representations with Periodic Activation Functions",
        source="several public ports",
        notes="w0 = 30, not trained; needs its weights: the first layer U(-1 / n, 1 / n), others U(-c, c) with "
        "c = sqrt(6 / n) / 30, for n inputs",
    ),
    entry(
        "cauchy",
        "scalar l1 = 0.01; scalar l2 = 0.01; scalar d = 1; (l1 * x + l2) / (x^2 + d^2)",
        "Li, Xia, Zhang 2024, Cauchy activation function and XNet",
        source="three public ports; two of them start at (1, 1, 1)",
        notes="keep d from 0",
    ),
    entry(
        "srs",
        "param alpha = 5; param beta = 3; x / (x / alpha + exp(min(-x / beta, 60)))",
        "Zhou, Li, Xie 2020, Soft-Root-Sign Activation Function",
        source="public ports, for the formula; 5 and 3 from memory",
        notes="the exponent is kept below 60, where values are below 1e-23; has a pole unless beta < e alpha; "
        "in float16 use x > -33",
        verified=False,
    ),
    entry(
        "tanhsoft1",
        "scalar alpha = 1; tanh(alpha * x) * softplus(x)",
        "Biswas, Kumar, Banerjee, Pandey 2020, TanhSoft",
        source=_SAFS,
        notes="the paper starts at 0.87, from memory",
    ),
    entry(
        "tanhsoft2",
        "scalar beta = 0.6; scalar g = 1; x * tanh(beta * exp(min(g * x, 10)))",
        "Biswas, Kumar, Banerjee, Pandey 2020, TanhSoft",
        source=_SAFS + ", for the formula; 0.6 and 1 from memory",
        notes="the exponent is kept below 10, where tanh is 1",
        verified=False,
    ),
    entry(
        "acon_c",
        "param p1 = 1; param p2 = 0; (p1 - p2) * x * sigmoid(beta * (p1 - p2) * x) + p2 * x",
        "Ma, Zhang, Liu, Sun 2021, Activate or Not: Learning Customized Activation",
        source=_SAFS,
        notes="the paper draws p1 and p2 from N(0, 1); here Swish. At p1 = p2 it is linear and stays so",
        special={"silu": {"p1": 1, "p2": 0, "beta": 1}, "x": {"p1": 1, "p2": 1}},
    ),
    entry(
        "srelu",
        "scalar tl = 0; scalar al = 0; scalar tr = 1; scalar ar = 1; "
        "clip(x, tl, tr) + al * min(x - tl, 0) + ar * max(x - tr, 0)",
        "Jin et al. 2016, Deep Learning with S-shaped Rectified Linear Activation Units",
        source=_SAFS + ", which drops the offset tl",
        notes="starts as ReLU here",
        special={"relu": {}, "hard_tanh": {"tl": -1, "al": 0, "tr": 1, "ar": 0}},
    ),
    entry(
        "falu",
        "scalar alpha = 1; scalar beta = 1; z = beta * x; s = silu(z); g = sigmoid(z); "
        "d = s + min(alpha, 1) * g * (1 - s); d + max(alpha - 1, 0) * g * (1 - 2 * d)",
        "Zamora-Esquivel et al. 2022, Fractional Adaptive Linear Units",
        source=_SAFS,
        notes="alpha, of 0 to 2, is the order of the derivative of Swish, as the paper approximates it",
        special={"silu": {"alpha": 0, "beta": 1}},
    ),
    entry(
        "pdelu",
        "param alpha = 1; max(x, 0) + alpha * (pow(max(1 + 0.1 * min(x, 0), 0), 10) - 1)",
        "Cheng et al. 2020, Parametric Deformable Exponential Linear Units",
        source="a public benchmark's code, which leaves out the inner max",
        notes="t = 0.9, not trained: max(1 + (1 - t) x, 0)^(1 / (1 - t)) tends to exp(x) for t to 1",
    ),
    entry(
        "siaf",
        "param a1 = 1; param b1 = -0.5; param c1 = 0.5; param a2 = 1; param b2 = 0.5; param c2 = 0.5; "
        "c1 * gelu(a1 * x + b1) + c2 * gelu(a2 * x + b2)",
        "Wang et al. 2023, PanGu-pi",
        source="the paper's words: a series of shifted activations",
        notes="two terms; where the coefficients stand, and their start, are our choice",
        verified=False,
    ),
    entry(
        "lipswish",
        "scalar b = 0.5; x * sigmoid(softplus(b) * x) / 1.1",
        "Chen, Behrmann, Duvenaud, Jacobsen 2019, Residual Flows",
        source=_AUTHORS,
        notes="1-Lipschitz for every b",
        special={"silu(x) / 1.1": {"b": 0.5413248546129181}},
    ),
    entry(
        "anneal_to_identity",
        "scalar lam = 0; (1 - lam) * relu(x) + lam * x",
        "Chen et al. 2023, VanillaNet",
        source=_AUTHORS,
        notes="of ReLU; a schedule moves lam from 0 to 1 there, nothing does here but training",
        special={"relu": {"lam": 0}, "leaky_relu": {"lam": 0.01}, "identity": {"lam": 1}},
    ),
    entry(
        "xielu",
        "scalar ap = 0.20338232081102478; scalar an = -1.0502256128148464; "
        "softplus(ap) * max(x, 0)^2 + (0.5 + softplus(an)) * (expm1(min(x, 0)) - min(x, 0)) + 0.5 * x",
        "Huang, Schlag 2024, Deriving Activation Functions Using Integration",
        source="five public ports",
        notes="alpha_p = softplus(ap) and alpha_n = 0.5 + softplus(an) both start at 0.8; beta = 0.5 is not trained",
    ),
    entry(
        "berlu",
        "scalar alpha = 0.01; scalar e = 0.5; alpha * x + (1 - alpha) * ((clip(x, -e, e) + e)^2 / (4 * e) + "
        "max(x - e, 0))",
        "Zhang, Zhang, Zhu, Mo 2026, Universal Smoothness via Bernstein Polynomials",
        source="derived: the Bernstein polynomial of degree 2 of leaky ReLU on +-e, as the abstract describes it",
        notes="keep e > 0; both starts are our choice",
        verified=False,
        special={"smelu": {"alpha": 0, "e": 0.5}},
    ),
    entry(
        "polyrelu",
        "scalar a0 = 0; scalar a1 = 0.3333333333333333; scalar a2 = 0.3333333333333333; "
        "scalar a3 = 0.3333333333333333; a0 + a1 * relu(x) + a2 * relu(x)^2 + a3 * relu(x)^3",
        _POLYCOM,
        source="two public ports",
        notes="order 3; grows as x^3, so pair it with a normaliser",
        special={"relu": {"a0": 0, "a1": 1, "a2": 0, "a3": 0}},
    ),
)

TRAINED = by_name(_ENTRIES)
"""Published functions with trained parameters, by name."""
