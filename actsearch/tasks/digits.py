"""Tasks on scikit-learn's 1,797 real handwritten digits, 8 x 8 pixels; on every machine, no download.

Three are for activations; the three named `-layer` are the anchors of a search for normalisation-activation layers.
"""

from actsearch.nn import MLPConfig, MobileNetConfig, ResNetConfig, Stage
from actsearch.tasks.base import Quality
from actsearch.tasks.classification import Classification, Network
from actsearch.tasks.datasets import DIGITS, DIGITS_IMAGES
from actsearch.tasks.recipe import Recipe

RATE_RULE = "smallest within one standard error of ReLU's best validation loss; experiments/choose_rates.py"


def digits_mlp() -> Classification:
    """Returns the search's task: two hidden layers of 128, trained for 500 steps."""
    return Classification(
        name="digits-mlp",
        summary="8x8 digits, MLP 64-128-128-10",
        dataset=DIGITS,
        network=MLPConfig((64, 128, 128, 10)),
        steps=500,
        batch_size=64,
        recipe=Recipe(learning_rate=0.02, rate_rule=RATE_RULE),
    )


def digits_deep_mlp() -> Classification:
    """Returns a harder network to train: eight hidden layers of 64, no normalisation."""
    return Classification(
        name="digits-deep-mlp",
        summary="8x8 digits, MLP with 8 hidden layers of 64",
        dataset=DIGITS,
        network=MLPConfig((64, *[64] * 8, 10)),
        steps=250,
        batch_size=64,
        recipe=Recipe(learning_rate=0.005, rate_rule=RATE_RULE),
    )


def digits_resnet() -> Classification:
    """Returns the closest miniature of the Swish paper's child: a pre-activation ResNet with 9 convolutions."""
    return Classification(
        name="digits-resnet",
        summary="8x8 digits, pre-activation ResNet 8-8-16-24 with BatchNorm",
        dataset=DIGITS_IMAGES,
        network=ResNetConfig(1, 8, ((8, 2), (16, 2), (24, 1)), 10),
        steps=150,
        batch_size=32,
        recipe=Recipe(learning_rate=0.025, rate_rule=RATE_RULE),
    )


LAYER_RATE_RULE = (
    "best mean validation accuracy of BatchNorm+ReLU, GroupNorm+ReLU, EvoNorm-B0 and EvoNorm-S0; "
    "experiments/choose_rates.py"
)


def digits_resnet_layer() -> Classification:
    """Returns an anchor: two pre-activation residual blocks, 5 sites."""
    return _anchor(
        "digits-resnet-layer",
        "8x8 digits, pre-activation ResNet 8-12-24 of whole layers",
        ResNetConfig(1, 8, ((12, 2), (24, 2)), 10, normalize=False),
        learning_rate=0.05,
    )


_MOBILE_STAGES = (Stage(3, 12, stride=2), Stage(3, 16))


def digits_mobilenet_layer() -> Classification:
    """Returns an anchor: two of MobileNetV2's inverted bottlenecks, 6 sites."""
    return _anchor(
        "digits-mobilenet-layer",
        "8x8 digits, MobileNetV2 8-12-16-32 of whole layers",
        MobileNetConfig(1, 8, _MOBILE_STAGES, 32, 10),
        learning_rate=0.1,
    )


def digits_efficientnet_layer() -> Classification:
    """Returns an anchor: two inverted bottlenecks with squeeze-excitation, 6 sites."""
    return _anchor(
        "digits-efficientnet-layer",
        "8x8 digits, EfficientNet 8-12-16-32 of whole layers",
        MobileNetConfig(1, 8, _MOBILE_STAGES, 32, 10, squeeze_excite=True),
        learning_rate=0.1,
    )


def _anchor(name: str, summary: str, network: Network, learning_rate: float) -> Classification:
    return Classification(
        name=name,
        summary=summary,
        dataset=DIGITS_IMAGES,
        network=network,
        steps=150,
        batch_size=32,
        recipe=Recipe(learning_rate=learning_rate, rate_rule=LAYER_RATE_RULE, schedule="cosine"),
        kind="layer",
        quality=Quality(40, "accuracy", 0.2),
        groups=4,  # 32 groups of 8 to 48 channels would leave one channel in a group, and so the instance statistics
    )
