"""Published units with statistics that are no normalisation layer of their own: adaptive gates, sparse units, series.

Those of images take their statistics over space too where the row says `layer_`; `feature_` is one position's own.
"""

from actsearch.catalog.entry import by_name, entry

_TEXT = "the paper's public text"
_MEMORY = "from memory of the paper"
_THIRD = "0.3333333333333333"

_ENTRIES = (
    entry(
        "bhyt",
        "scalar lam = 2; tanh(0.1 * lam * x / feature_rms(x)) * gamma",
        "Byun et al. 2025, Bounded Hyperbolic Tangent",
        source="the authors' code",
        notes="replaces the norm before a block; 0.1 is 1 / kappa; epsilon 1e-5 here, 1e-6 there; the paper's second "
        "norm of a block takes its scale from the first, which is left out",
    ),
    entry(
        "dice",
        "param alpha = 0; p = sigmoid((x - batch_mean(x)) / batch_std(x)); p * x + (1 - p) * alpha * x",
        "Zhou et al. 2018, Deep Interest Network",
        source=_TEXT,
        notes="moving averages at evaluation; that alpha starts at 0 is from memory",
    ),
    entry(
        "ash",
        "x * sigmoid(3 * (x - layer_mean(x) - 2.3 * layer_std(x)))",
        "Lee et al. 2022, Stochastic Adaptive Activation Function",
        source=_TEXT,
        notes="alpha = 3 and z_k = 2.3, not trained; statistics of all units of one example",
    ),
    entry(
        "hard_ash",
        "clip(x, 0, 2) * hard_sigmoid(3 * (x - layer_mean(x) - 2.3 * layer_std(x)))",
        "Hard ASH, 2024",
        source="a public JAX script of the author",
        notes="alpha = 3 and z_k = 2.3, not trained; with optimisers that adapt rates",
    ),
    entry(
        "polynorm",
        f"scalar w0 = {_THIRD}; scalar w1 = {_THIRD}; scalar w2 = {_THIRD}; scalar b = 0; "
        "w0 * x^3 / feature_rms(x^3) + w1 * x^2 / feature_rms(x^2) + w2 * x / feature_rms(x) + b",
        "Zhuo et al. 2024, Polynomial Composition Activations",
        source="two public ports",
        notes="the cube's weight first; epsilon 1e-5 here, 1e-6 there",
    ),
    entry(
        "rela_gated",
        "param w = 1; x / feature_rms(x) * gamma * sigmoid(w * x)",
        "Zhang, Titov, Sennrich 2021, Sparse Attention with Linear Units",
        source="a public port",
        notes="for the output of a head whose attention is relu(scores); the gate reads x itself",
    ),
    entry(
        "statistical_top_k",
        "relu(x - feature_mean(x) - 1.4050715603096329 * feature_std(x))",
        "You et al. 2025, Spark Transformer",
        source=_MEMORY,
        notes="keeps about 8 % of the features, exactly so where they are normal: the factor is their quantile",
        verified=False,
    ),
    entry(
        "abrelu",
        "scalar beta = 1; relu(x - beta * layer_mean(x))",
        "Dubey, Chakraborty 2021, Average Biased ReLU",
        source=_MEMORY,
        verified=False,
    ),
    entry(
        "turbulent",
        "z = (x - batch_mean(x)) / batch_std(x); "
        "log(1 + 0.5 * max(x, 0)) - log(1 + 0.5 * max(-x, 0)) + sin(x) * exp(-z^2 / 2)",
        "Vitvitskyi et al. 2026, Mining Generalizable Activation Functions",
        source="a third-party port of the paper",
        notes="said to overfit",
    ),
    entry(
        "prenorm_exp",
        "exp((x - feature_mean(x)) / feature_std(x) * gamma + shift)",
        "Causal relation networks: an all-MLP model that copies",
        source="the paper's words: an exponential after a normalisation",
        notes="which normalisation is not known; LayerNorm here",
        verified=False,
    ),
)

NORMALISING = by_name(_ENTRIES)
"""Published units with statistics, by name."""
