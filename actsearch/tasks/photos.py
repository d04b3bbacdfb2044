"""Tasks on patches of photographs: natural images, far from solved, in one to three seconds a candidate.

A network says from which of nine photographs a patch is. In colour, colours alone name some of them; the grey task has
neither colour nor contrast, and a network of identities is near chance there. Learning rates and lengths are ours; the
rates were chosen with the baselines before any search, at 16 x 16 pixels.
"""

import dataclasses

from actsearch.nn import CNNConfig, MLPConfig, ResNetConfig
from actsearch.tasks.base import Quality
from actsearch.tasks.classification import Classification, Network
from actsearch.tasks.datasets import PHOTOS, PHOTOS_24, PHOTOS_FLAT, PHOTOS_FLAT_24, PHOTOS_GREY, DataSet
from actsearch.tasks.digits import RATE_RULE
from actsearch.tasks.recipe import Recipe

_STAGES = ((8, 1), (16, 2), (32, 2))
_RESNET = ResNetConfig(3, 12, ((12, 2), (12, 1), (24, 2), (24, 1), (24, 1), (24, 1)), 9, normalize=False)


def photos_cnn() -> Classification:
    """Returns three convolutions with BatchNorm on patches of 16 x 16 pixels."""
    return _cnn("photos-cnn", "16x16 patches of photographs", PHOTOS, 0.012)


def photos_cnn_24() -> Classification:
    """Returns photos-cnn on patches of 24 x 24 pixels."""
    return _cnn("photos-cnn-24", "24x24 patches of photographs", PHOTOS_24, 0.012)


def photos_grey_cnn() -> Classification:
    """Returns photos-cnn on patches without colour and contrast."""
    return _cnn("photos-grey-cnn", "16x16 grey patches of photographs of equal contrast", PHOTOS_GREY, 0.024)


def photos_mlp() -> Classification:
    """Returns two hidden layers of 128 on patches of 16 x 16 pixels."""
    return _mlp("photos-mlp", "16x16 patches of photographs", PHOTOS_FLAT, 0.008)


def photos_mlp_24() -> Classification:
    """Returns photos-mlp on patches of 24 x 24 pixels."""
    return _mlp("photos-mlp-24", "24x24 patches of photographs", PHOTOS_FLAT_24, 0.008)


def photos_resnet_layer() -> Classification:
    """Returns six pre-activation residual blocks of whole layers, 13 sites, at a rate that needs normalisation."""
    return _resnet("photos-resnet-layer", "16x16 patches of photographs", PHOTOS)


def photos_resnet_layer_24() -> Classification:
    """Returns photos-resnet-layer on patches of 24 x 24 pixels."""
    return _resnet("photos-resnet-layer-24", "24x24 patches of photographs", PHOTOS_24)


def _cnn(name: str, data: str, dataset: DataSet, learning_rate: float) -> Classification:
    network = CNNConfig(dataset.shape[-1], _STAGES, 9)
    summary = f"{data}, CNN 8-16-32 with BatchNorm, AdamW"
    return _task(name, summary, dataset, network, 200, _adamw(learning_rate))


def _mlp(name: str, data: str, dataset: DataSet, learning_rate: float) -> Classification:
    inputs = dataset.shape[0]
    summary = f"{data}, MLP {inputs}-128-128-9, AdamW"
    return _task(name, summary, dataset, MLPConfig((inputs, 128, 128, 9)), 300, _adamw(learning_rate))


def _resnet(name: str, data: str, dataset: DataSet) -> Classification:
    summary = f"{data}, pre-activation ResNet 12-12-12-24-24-24-24 of whole layers"
    recipe = Recipe(learning_rate=0.05, schedule="cosine", rate_rule="by hand, where normalisation is needed")
    task = _task(name, summary, dataset, _RESNET, 200, recipe)
    return dataclasses.replace(task, kind="layer", groups=4, quality=Quality(40, "accuracy", 0.2))


def _adamw(learning_rate: float) -> Recipe:
    return Recipe(learning_rate=learning_rate, algorithm="adamw", schedule="cosine", rate_rule=RATE_RULE)


def _task(name: str, summary: str, dataset: DataSet, network: Network, steps: int, recipe: Recipe) -> Classification:
    return Classification(
        name=name,
        summary=summary,
        dataset=dataset,
        network=network,
        steps=steps,
        recipe=recipe,
        criterion="likelihood",
    )
