"""Deep networks on which what was found on CIFAR-10 is verified; one network is hours of a GPU.

For activations: ResNet-164, Wide ResNet 28-10 and DenseNet 100-12, as Ramachandran, Zoph and Le 2017, section 3, names
them, on CIFAR-10 and CIFAR-100 with their papers' hyperparameters:

- ResNet-164 (He et al. 2016, Identity mappings, appendix): batch 128, rate 0.1, a tenth of it after 32,000 and 48,000
  of 64,000 steps, decay 1e-4. Its 400 steps at a rate of 0.01 are a linear rise here.
- Wide ResNet 28-10 (Zagoruyko and Komodakis 2016, section 3, and the authors' code): batch 128, Nesterov, rate 0.1, a
  fifth of it after 60, 120 and 160 of 200 epochs, decay 5e-4. Padding is black here, in the paper it mirrors the image.
- DenseNet 100-12 (Huang et al. 2017, section 4.2): batch 64, Nesterov, rate 0.1, a tenth of it after half and three
  quarters of 300 epochs, decay 1e-4.

For layers: the three anchors of `actsearch.tasks.cifar10` at full width, on CIFAR-100 in the place of ImageNet (ours).

Ours in all: epochs count 50,000 images, of which the last 5,000 of the training part are the validation part; kernels
alone decay, where the papers' code decays all parameters; pixels are divided by 255 and nothing else.
"""

import dataclasses
import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType

from actsearch.nn import densenet, efficientnet_b0, mobilenet_v2, preactivation_resnet, resnet_50, wide_resnet
from actsearch.tasks.augmentation import PadCropFlip
from actsearch.tasks.cifar10 import cifar10_resnet_layer
from actsearch.tasks.classification import Classification, Network
from actsearch.tasks.datasets import CIFAR10, CIFAR100
from actsearch.tasks.recipe import Recipe

_EPOCH = 50_000
_DATA = {"cifar10": (CIFAR10, 10), "cifar100": (CIFAR100, 100)}


def resnet_164(data: str) -> Classification:
    """Returns ResNet-164 on "cifar10" or "cifar100", 163 sites, 64,000 steps."""
    recipe = Recipe(
        learning_rate=0.1,
        schedule="steps",
        drops=(0.5, 0.75),
        warmup=400 / 64_000,
        weight_decay=1e-4,
        rate_rule=_RULE,
    )
    return _task(data, "resnet164", "pre-activation ResNet-164", preactivation_resnet, 64_000, 128, recipe)


def wide_resnet_28_10(data: str) -> Classification:
    """Returns Wide ResNet 28-10 on "cifar10" or "cifar100", 25 sites, 200 epochs."""
    recipe = Recipe(
        learning_rate=0.1,
        schedule="steps",
        drops=(0.3, 0.6, 0.8),
        drop=0.2,
        nesterov=True,
        weight_decay=5e-4,
        rate_rule=_RULE,
    )
    return _task(data, "wrn-28-10", "Wide ResNet 28-10", wide_resnet, 200 * _EPOCH // 128, 128, recipe)


def densenet_100_12(data: str) -> Classification:
    """Returns DenseNet 100-12 on "cifar10" or "cifar100", 99 sites, 300 epochs."""
    recipe = Recipe(
        learning_rate=0.1, schedule="steps", drops=(0.5, 0.75), nesterov=True, weight_decay=1e-4, rate_rule=_RULE
    )
    return _task(data, "densenet-100-12", "DenseNet 100-12", densenet, 300 * _EPOCH // 64, 64, recipe)


_RULE = "the network's paper"


def _task(
    data: str,
    name: str,
    words: str,
    network: Callable[[int], Network],
    steps: int,
    batch_size: int,
    recipe: Recipe,
) -> Classification:
    dataset, classes = _DATA[data]
    return Classification(
        name=f"{data}-{name}",
        summary=f"{dataset.name}, {words} with BatchNorm",
        dataset=dataset,
        network=network(classes),
        steps=steps,
        batch_size=batch_size,
        recipe=recipe,
        augment=PadCropFlip(),
    )


_ANCHORS: dict[str, tuple[str, Callable[..., Network]]] = {
    "resnet": ("pre-activation ResNet-50", resnet_50),
    "mobilenet": ("MobileNetV2", mobilenet_v2),
    "efficientnet": ("EfficientNet-B0", efficientnet_b0),
}


def wide_anchor(name: str) -> Classification:
    """Returns an anchor of layers, "resnet", "mobilenet" or "efficientnet", at full width on CIFAR-100."""
    words, network = _ANCHORS[name]
    return dataclasses.replace(
        cifar10_resnet_layer(),
        name=f"cifar100-{name}-layer",
        summary=f"CIFAR-100 in 24x24 crops, {words} of whole layers",
        dataset=CIFAR100,
        network=network(100, width=1.0),
        quality=None,
    )


_NETWORKS = {"resnet164": resnet_164, "wrn-28-10": wide_resnet_28_10, "densenet-100-12": densenet_100_12}

DEEP_SETS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {f"{data}-deep": tuple(f"{data}-{name}" for name in _NETWORKS) for data in _DATA}
    | {f"{data}-anchors": tuple(f"{data}-{name}-layer" for name in _ANCHORS) for data in _DATA}
)
"""Name of a set -> names of its tasks."""

CIFAR_DEEP: Mapping[str, Callable[[], Classification]] = MappingProxyType(
    {f"{data}-{name}": functools.partial(make, data) for data in _DATA for name, make in _NETWORKS.items()}
    | {f"cifar100-{name}-layer": functools.partial(wide_anchor, name) for name in _ANCHORS}
)
"""Name -> function that makes the task."""
