"""Held-out tasks for layers found on the digits: the same digits, warped, on 28 x 28 pixels; no download.

A search sees 8 x 8 digits on three small networks. What it finds is judged here on images that it did not see and that
need more than it could learn there: the digit is turned, sheared, scaled and moved, a piece of another digit lies
beside it, and there is noise. So the class is no longer a matter of a few pixels, BatchNorm+ReLU is well below 100 %,
and networks differ; and everything still comes from real handwriting that every machine has. Larger networks train
here, also with batches of 16 and 4, where statistics over the batch are noisy and layers differ most.
"""

import functools

import numpy as np
from scipy import ndimage

from actsearch.nn import MobileNet, ResNet, Stage
from actsearch.tasks.base import Data, Recipe, Split, Task
from actsearch.tasks.digits import LAYER_RATE_RULE, digits

SIDE = 28


@functools.cache
def warped() -> Data:
    """Returns the warped digits: 3,596 train, 898 validation, 1,796 test; inputs uint8 [n, 28, 28, 1] from 0 to 255.

    Each part is made from the same part of `digits` alone, clutter included: 4, 2 and 4 warps of every digit.
    """
    parts = zip(digits(image=True), (4, 2, 4), np.random.default_rng(28).spawn(3), strict=True)
    return Data(*(_warp_part(part, copies, rng) for part, copies, rng in parts))


def _warp_part(part: Split, copies: int, rng: np.random.Generator) -> Split:
    sources = np.asarray(part.inputs)[..., 0] / 16.0
    images = [_example(image, sources[rng.integers(len(sources))], rng) for _ in range(copies) for image in sources]
    return Split(np.stack(images)[..., None], np.tile(np.asarray(part.labels), copies))


def _example(image: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns one warped digit with clutter and noise, uint8 [28, 28]."""
    digit = _place(image, 2.6 * rng.uniform(0.75, 1.25), rng.uniform(-3, 3, size=2), rng)
    noise = rng.normal(0, 0.1, size=(SIDE, SIDE))
    total = np.maximum(digit, 0.8 * _fragment(other, rng)) * rng.uniform(0.6, 1.0) + noise
    return np.round(255 * np.clip(total, 0, 1)).astype(np.uint8)


def _fragment(other: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns a quarter of another digit near the edge of the canvas."""
    row, column = rng.integers(0, 2, size=2)
    piece = np.zeros_like(other)
    piece[4 * row : 4 * row + 4, 4 * column : 4 * column + 4] = other[
        4 * row : 4 * row + 4, 4 * column : 4 * column + 4
    ]
    angle = rng.uniform(0, 2 * np.pi)
    return _place(piece, 2.6, 11 * np.array([np.sin(angle), np.cos(angle)]), rng)


def _place(image: np.ndarray, zoom: float, shift: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Returns an image [8, 8] turned by up to 25 degrees, sheared, enlarged and moved, on the canvas [28, 28]."""
    angle, shear = np.deg2rad(rng.uniform(-25, 25)), rng.uniform(-0.3, 0.3)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    back = turn @ np.array([[1.0, shear], [0.0, 1.0]]) / zoom  # from canvas to image
    offset = (np.array(image.shape) - 1) / 2 - back @ ((SIDE - 1) / 2 + shift)
    return ndimage.affine_transform(image, back, offset, output_shape=(SIDE, SIDE), order=1)


_MOBILE_STAGES = (Stage(2, 16, stride=2), Stage(3, 16), Stage(3, 24, stride=2), Stage(3, 24))


def warped_resnet_layer() -> Task:
    """Returns four pre-activation residual blocks, 9 sites, at batch 64."""
    return _resnet("warped-resnet-layer", batch_size=64)


def warped_resnet_layer_batch16() -> Task:
    """Returns warped-resnet-layer with batches of 16."""
    return _resnet("warped-resnet-layer-batch16", batch_size=16)


def warped_resnet_layer_batch4() -> Task:
    """Returns warped-resnet-layer with batches of 4."""
    return _resnet("warped-resnet-layer-batch4", batch_size=4)


def warped_mobilenet_layer() -> Task:
    """Returns four of MobileNetV2's inverted bottlenecks, 10 sites."""
    return Task(
        name="warped-mobilenet-layer",
        summary="28x28 warped digits, MobileNetV2 12-16-16-24-24-64 of whole layers",
        data=warped,
        network=lambda layer, rngs: MobileNet(1, 12, _MOBILE_STAGES, 64, 10, layer, stem_stride=2, rngs=rngs),
        recipe=Recipe(300, 64, 0.1, LAYER_RATE_RULE, schedule="cosine"),
        scale=255.0,
        shape=(SIDE, SIDE, 1),
        layers=True,
        groups=4,
    )


_STAGES = ((12, 2), (12, 1), (24, 2), (24, 1))
_RATE = 0.1  # at batch 64
_STEPS = {64: 300, 16: 600, 4: 1200}  # smaller batches see fewer examples, and take more steps


def _resnet(name: str, batch_size: int) -> Task:
    # The square-root rule: with BatchNorm+ReLU the linear one was outside one standard error of the best loss.
    scaled = "" if batch_size == 64 else f"; at batch 64, then times the square root of {batch_size}/64"
    rate = _RATE * (batch_size / 64) ** 0.5
    return Task(
        name=name,
        summary=f"28x28 warped digits, pre-activation ResNet 12-12-12-24-24 of whole layers, batch {batch_size}",
        data=warped,
        network=lambda layer, rngs: ResNet(1, 12, _STAGES, 10, layer, normalize=False, stem_stride=2, rngs=rngs),
        recipe=Recipe(_STEPS[batch_size], batch_size, rate, LAYER_RATE_RULE + scaled, schedule="cosine"),
        scale=255.0,
        shape=(SIDE, SIDE, 1),
        layers=True,
        groups=4,
    )
