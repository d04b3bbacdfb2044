"""A held-out task: real 28 x 28 digits on a deeper network; found functions are measured here, never searched."""

from actsearch.nn import ResNetConfig
from actsearch.tasks.classification import Classification
from actsearch.tasks.datasets import MNIST5K
from actsearch.tasks.digits import RATE_RULE
from actsearch.tasks.recipe import Recipe


def mnist5k_resnet() -> Classification:
    """Returns four pre-activation residual blocks with BatchNorm, 9 sites, SGD, 300 steps."""
    return Classification(
        name="mnist5k-resnet",
        summary="5,000 MNIST digits, pre-activation ResNet 12-12-12-24-24 with BatchNorm, SGD",
        dataset=MNIST5K,
        network=ResNetConfig(1, 12, ((12, 2), (12, 1), (24, 2), (24, 1)), 10, stem_stride=2),
        steps=300,
        recipe=Recipe(learning_rate=0.2, schedule="cosine", rate_rule=RATE_RULE),
        criterion="likelihood",
    )
