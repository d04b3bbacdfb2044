"""Held-out tasks for layers found on the digits: the same digits, warped, on 28 x 28 pixels; no download.

A search sees 8 x 8 digits on three small networks. What it finds is scored here on images that it did not see and that
need more than it could learn there: the digit is turned, sheared, scaled and moved, a piece of another digit lies
beside it, and there is noise. So the class is no longer a matter of a few pixels, BatchNorm+ReLU is well below 100 %,
and networks differ; and everything still comes from real handwriting that every machine has. Larger networks train
here, also with batches of 16 and 4, where statistics over the batch are noisy and layers differ most.
"""

from actsearch.nn import MobileNetConfig, ResNetConfig, Stage
from actsearch.tasks.classification import Classification, Network
from actsearch.tasks.datasets import WARPED
from actsearch.tasks.digits import LAYER_RATE_RULE
from actsearch.tasks.recipe import Recipe

_RESNET = ResNetConfig(1, 12, ((12, 2), (12, 1), (24, 2), (24, 1)), 10, normalize=False, stem_stride=2)
_MOBILE_STAGES = (Stage(2, 16, stride=2), Stage(3, 16), Stage(3, 24, stride=2), Stage(3, 24))
_MOBILENET = MobileNetConfig(1, 12, _MOBILE_STAGES, 64, 10, stem_stride=2)
_RATE = 0.1  # at batch 64
_STEPS = {64: 300, 16: 600, 4: 1200}  # smaller batches see fewer examples, and take more steps


def warped_resnet_layer() -> Classification:
    """Returns four pre-activation residual blocks, 9 sites, at batch 64."""
    return _resnet("warped-resnet-layer", batch_size=64)


def warped_resnet_layer_batch16() -> Classification:
    """Returns warped-resnet-layer with batches of 16."""
    return _resnet("warped-resnet-layer-batch16", batch_size=16)


def warped_resnet_layer_batch4() -> Classification:
    """Returns warped-resnet-layer with batches of 4."""
    return _resnet("warped-resnet-layer-batch4", batch_size=4)


def warped_mobilenet_layer() -> Classification:
    """Returns four of MobileNetV2's inverted bottlenecks, 10 sites."""
    summary = "28x28 warped digits, MobileNetV2 12-16-16-24-24-64 of whole layers"
    return _task("warped-mobilenet-layer", summary, _MOBILENET, 64, _RATE, LAYER_RATE_RULE)


def _resnet(name: str, batch_size: int) -> Classification:
    # The square-root rule: with BatchNorm+ReLU the linear one was outside one standard error of the best loss.
    scaled = "" if batch_size == 64 else f"; at batch 64, then times the square root of {batch_size}/64"
    rate = _RATE * (batch_size / 64) ** 0.5
    summary = f"28x28 warped digits, pre-activation ResNet 12-12-12-24-24 of whole layers, batch {batch_size}"
    return _task(name, summary, _RESNET, batch_size, rate, LAYER_RATE_RULE + scaled)


def _task(
    name: str, summary: str, network: Network, batch_size: int, learning_rate: float, rate_rule: str
) -> Classification:
    return Classification(
        name=name,
        summary=summary,
        dataset=WARPED,
        network=network,
        steps=_STEPS[batch_size],
        batch_size=batch_size,
        recipe=Recipe(learning_rate=learning_rate, rate_rule=rate_rule, schedule="cosine"),
        kind="layer",
        groups=4,
    )
