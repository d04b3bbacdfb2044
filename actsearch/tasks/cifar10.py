"""CIFAR-10: the child of the Swish search, and the three anchors of the EvoNorm search; a GPU is needed in practice.

The child is ResNet-20 for 10,000 steps, as published (Ramachandran, Zoph and Le 2017, section 3), which names no other
number of its training. Batch, rate, momentum, weight decay and augmentation are those of the network's paper (He et al.
2016, section 4.2). Ours: the cosine in place of two drops, because 10,000 steps end before the first of them.

The anchors are unverified, from memory of Liu et al. 2020: networks and widths, 24 x 24 crops, batch 128, Nesterov
momentum 0.9, learning rate 0.1, weight decay 1e-4 and 2,000 steps at a constant rate, which is its recipe for layers
that use the batch. From memory, too, it evaluates on whole images of 32 x 32; here evaluation sees their centre.

Ours in all: the last 5,000 training images, in the order of TFDS, are the validation part; kernels alone
decay; pixels are divided by 255 and nothing else.
"""

import jax
import numpy as np

from actsearch.nn import ResNetV1Config, efficientnet_b0, mobilenet_v2, resnet_50
from actsearch.tasks.augmentation import PadCropFlip, mirror_half, windows
from actsearch.tasks.base import Quality
from actsearch.tasks.classification import Classification, Network
from actsearch.tasks.datasets import CIFAR10
from actsearch.tasks.recipe import Recipe

CROP = 24
_RATE_RULE = "the paper's, unverified: from memory"


def crop(inputs: jax.Array, key: jax.Array | None) -> jax.Array:
    """Returns 24 x 24 crops of images [n, height, width, channels]: random and half of them mirrored, or the centre.

    Args:
      inputs: images of at least 24 x 24 pixels.
      key: draws place and mirroring of each image; None: the centre of each.
    """
    margin = np.array(inputs.shape[1:3]) - CROP
    if key is None:
        top, left = margin // 2
        return inputs[:, top : top + CROP, left : left + CROP]
    place_key, mirror_key = jax.random.split(key)
    corners = jax.random.randint(place_key, (len(inputs), 2), 0, margin[None] + 1)
    return mirror_half(windows(inputs, corners, (CROP, CROP)), mirror_key)


def cifar10_resnet20() -> Classification:
    """Returns the child of the Swish search: ResNet-20 with the candidate as activation, 19 sites, 10,000 steps."""
    return Classification(
        name="cifar10-resnet20",
        summary="CIFAR-10, ResNet-20 with BatchNorm",
        dataset=CIFAR10,
        network=ResNetV1Config(20, 10),
        steps=10_000,
        batch_size=128,
        recipe=Recipe(learning_rate=0.1, rate_rule="the network's paper", schedule="cosine", weight_decay=1e-4),
        augment=PadCropFlip(),
    )


def cifar10_resnet_layer() -> Classification:
    """Returns an anchor of the paper: pre-activation ResNet-50 at width 0.25, 49 sites."""
    return _task("cifar10-resnet-layer", "pre-activation ResNet-50 at width 0.25", resnet_50(10))


def cifar10_mobilenet_layer() -> Classification:
    """Returns an anchor of the paper: MobileNetV2 at width 0.5, 35 sites."""
    return _task("cifar10-mobilenet-layer", "MobileNetV2 at width 0.5", mobilenet_v2(10))


def cifar10_efficientnet_layer() -> Classification:
    """Returns an anchor of the paper: EfficientNet-B0 at width 0.5, 33 sites."""
    return _task("cifar10-efficientnet-layer", "EfficientNet-B0 at width 0.5", efficientnet_b0(10))


def _task(name: str, words: str, network: Network) -> Classification:
    return Classification(
        name=name,
        summary=f"CIFAR-10 in 24x24 crops, {words} of whole layers",
        dataset=CIFAR10,
        network=network,
        steps=2_000,
        batch_size=128,
        recipe=Recipe(learning_rate=0.1, rate_rule=_RATE_RULE, nesterov=True, weight_decay=1e-4),
        augment=crop,
        kind="layer",
        quality=Quality(100, "accuracy", 0.2),  # as published
    )
