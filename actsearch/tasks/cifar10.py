"""The three anchor tasks of the EvoNorm search on CIFAR-10, at the size of the paper; a GPU is needed in practice.

Unverified, from memory of Liu et al. 2020: networks and widths, 24 x 24 crops, batch 128, Nesterov momentum 0.9,
learning rate 0.1, weight decay 1e-4 and 2,000 steps at a constant rate, which is its recipe for layers that use the
batch. Ours: the last 5,000 training images, in the order of TFDS, are the validation part; kernels
alone decay; pixels are divided by 255 and nothing else.

Data come through TFDS as ArrayRecord files; reading them needs no TensorFlow, preparing them once does.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from actsearch.nn import efficientnet_b0, mobilenet_v2, resnet_50
from actsearch.tasks.base import Data, Quality, Recipe, Split, Task

CROP = 24
_RATE_RULE = "the paper's, unverified: from memory"
_INSTALL = 'pip install "actsearch[tfds]"'
_PREPARE = "pip install tensorflow && tfds build cifar10 --file_format=array_record"


@functools.cache
def cifar10(validation: int = 5_000) -> Data:
    """Returns CIFAR-10: 45,000 train, 5,000 validation, 10,000 test; inputs uint8 [n, 32, 32, 3] from 0 to 255.

    Args:
      validation: how many of the last training images are the validation part.

    Raises:
      ModuleNotFoundError: TFDS is not installed.
      FileNotFoundError: the data are not on this machine; they are never downloaded from here.
    """
    whole, test = _read("train"), _read("test")
    train, held_out = (Split(*(field[part] for field in whole)) for part in (np.s_[:-validation], np.s_[-validation:]))
    return Data(train, held_out, test)


def _read(split: str) -> Split:
    try:
        import tensorflow_datasets as tfds

        source = tfds.data_source("cifar10", split=split, download=False)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"CIFAR-10 needs TFDS ({error.name} is missing): {_INSTALL}") from error
    except (AssertionError, KeyError, NotImplementedError, OSError, ValueError) as error:
        raise FileNotFoundError(
            f"CIFAR-10 is not on this machine as ArrayRecord files; prepare it once, with TensorFlow: {_PREPARE}"
        ) from error
    examples = list(source)
    inputs = np.stack([example["image"] for example in examples])
    return Split(inputs, np.array([example["label"] for example in examples], np.int32))


def crop(inputs: jax.Array, key: jax.Array | None) -> jax.Array:
    """Returns 24 x 24 crops of images [n, height, width, channels]: random and half of them mirrored, or the centre.

    Args:
      inputs: images of at least 24 x 24 pixels.
      key: draws place and mirroring of each image; None: the centre of each.
    """
    room = np.array(inputs.shape[1:3]) - CROP
    if key is None:
        top, left = room // 2
        return inputs[:, top : top + CROP, left : left + CROP]
    place_key, mirror_key = jax.random.split(key)
    corners = jax.random.randint(place_key, (len(inputs), 2), 0, room[None] + 1)
    mirrored = jax.random.bernoulli(mirror_key, shape=(len(inputs), 1, 1, 1))
    size = (CROP, CROP, inputs.shape[-1])
    crops = jax.vmap(lambda image, corner: jax.lax.dynamic_slice(image, (*corner, 0), size))(inputs, corners)
    return jnp.where(mirrored, crops[:, :, ::-1], crops)


def cifar10_resnet_layer() -> Task:
    """Returns an anchor of the paper: pre-activation ResNet-50 at width 0.25, 49 sites."""
    return _task("cifar10-resnet-layer", "pre-activation ResNet-50 at width 0.25", resnet_50)


def cifar10_mobilenet_layer() -> Task:
    """Returns an anchor of the paper: MobileNetV2 at width 0.5, 35 sites."""
    return _task("cifar10-mobilenet-layer", "MobileNetV2 at width 0.5", mobilenet_v2)


def cifar10_efficientnet_layer() -> Task:
    """Returns an anchor of the paper: EfficientNet-B0 at width 0.5, 33 sites."""
    return _task("cifar10-efficientnet-layer", "EfficientNet-B0 at width 0.5", efficientnet_b0)


def _task(name: str, network: str, make) -> Task:
    return Task(
        name=name,
        summary=f"CIFAR-10 in 24x24 crops, {network} of whole layers",
        data=cifar10,
        network=lambda layer, rngs: make(10, layer, rngs=rngs),
        recipe=Recipe(2_000, 128, 0.1, _RATE_RULE, momentum=0.9, nesterov=True, weight_decay=1e-4),
        scale=255.0,
        shape=(32, 32, 3),
        augment=crop,
        layers=True,
        quality=Quality(steps=100, accuracy=0.2),  # as published
    )
