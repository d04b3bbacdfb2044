"""Tasks on MNIST-1D: the series that a linear network cannot read; fractions of a second to a few a candidate.

Scored by likelihood: a few hundred examples measure it with less noise than accuracy. Lengths are ours.
"""

from actsearch.nn import MLPConfig, ResNetConfig
from actsearch.tasks.classification import Classification
from actsearch.tasks.datasets import MNIST1D, MNIST1D_IMAGES
from actsearch.tasks.digits import RATE_RULE
from actsearch.tasks.recipe import Recipe

_RESNET = ResNetConfig(1, 8, ((8, 2), (16, 2), (24, 2)), 10, size=(3, 1))


def mnist1d_mlp() -> Classification:
    """Returns an MLP with two hidden layers of 128, AdamW, 500 steps."""
    return Classification(
        name="mnist1d-mlp",
        summary="MNIST-1D, MLP 40-128-128-10, AdamW",
        dataset=MNIST1D,
        network=MLPConfig((40, 128, 128, 10)),
        steps=500,
        recipe=Recipe(
            learning_rate=6e-3,
            algorithm="adamw",
            b2=0.98,
            schedule="cosine",
            weight_decay=1e-4,
            rate_rule=RATE_RULE,
        ),
        criterion="likelihood",
    )


def mnist1d_resnet() -> Classification:
    """Returns three pre-activation residual blocks with BatchNorm over the series, SGD, 200 steps."""
    return Classification(
        name="mnist1d-resnet",
        summary="MNIST-1D, 1-D pre-activation ResNet 8-8-16-24 with BatchNorm, SGD",
        dataset=MNIST1D_IMAGES,
        network=_RESNET,
        steps=200,
        recipe=Recipe(learning_rate=0.2, schedule="cosine", rate_rule=RATE_RULE),
        criterion="likelihood",
    )
