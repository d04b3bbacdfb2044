"""Tasks of implicit neural representations: one photograph as a function, coordinates -> colour (Sitzmann et al. 2020).

Half of the pixels train; the score is measured on a quarter that the network never saw, so that a function which only
memorises loses. The test part is the last quarter. Ours: 64 x 64 pixels, a plain MLP, no first layer of its own scale.
"""

import functools
from collections.abc import Callable

import numpy as np

from actsearch.nn import MLPConfig
from actsearch.tasks.base import Data
from actsearch.tasks.datasets.photos import Pixels, photograph
from actsearch.tasks.digits import RATE_RULE
from actsearch.tasks.recipe import Recipe
from actsearch.tasks.regression import Pairs, Regression

SIDE = 64


def inr_photo() -> Regression:
    """Returns a cat's eye, the photograph on which functions are searched."""
    return _task("inr-photo", "a cat's eye", eye)


def inr_photo_2() -> Regression:
    """Returns a cup of coffee, the photograph on which what was found is measured."""
    return _task("inr-photo-2", "a cup of coffee", cup)


@functools.cache
def eye() -> Data:
    """Returns every second pixel around an eye of scikit-image's `chelsea`; parts as `pixels` cuts them."""
    return pixels(photograph("chelsea")[60:188:2, 120:248:2])


@functools.cache
def cup() -> Data:
    """Returns every second pixel of a part of scikit-image's `coffee`; parts as `pixels` cuts them."""
    return pixels(photograph("coffee")[120:248:2, 230:358:2])


def pixels(image: Pixels) -> Data:
    """Returns a photograph [64, 64, 3] as pairs: 2,048 train, 1,024 validation, 1,024 test, in a fixed random order.

    Inputs are coordinates [n, 2] from -1 to 1, row and column; targets are colours [n, 3] from 0 to 1.
    """
    axis = np.linspace(-1, 1, SIDE, dtype=np.float32)
    coordinates = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    colours = (image.reshape(-1, 3) / 255).astype(np.float32)
    order = np.random.default_rng(SIDE).permutation(SIDE * SIDE)
    train, validation, test = np.split(order, [SIDE * SIDE // 2, SIDE * SIDE * 3 // 4])
    return Data(*(Pairs(coordinates[part], colours[part]) for part in (train, validation, test)))


def _task(name: str, subject: str, load: Callable[[], Data]) -> Regression:
    return Regression(
        name=name,
        summary=f"{subject} as coordinates to colour, MLP 2-64-64-64-3, Adam, unseen pixels",
        load=load,
        shape=(2,),
        outputs=3,
        network=MLPConfig((2, 64, 64, 64, 3)),
        steps=300,
        batch_size=1_024,
        recipe=Recipe(learning_rate=5e-3, algorithm="adamw", schedule="cosine", rate_rule=RATE_RULE),
    )
