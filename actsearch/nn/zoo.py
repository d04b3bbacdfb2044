"""The three networks of the EvoNorm search at the size of the paper, for 24 x 24 crops; used by the CIFAR-10 tasks.

Their first two spatial reductions have stride 1; MobileNetV2 and EfficientNet-B0 are there for images of 224 x 224
pixels too, and with activations as candidates, as their papers have them. Unverified, from memory of Liu et al. 2020:
which networks, the widths 0.25, 0.5 and 0.5, the crops and the strides. The settings of the stages are those of the
papers on the networks.
"""

import math
from collections.abc import Iterator, Sequence

from actsearch.language import ActsearchError
from actsearch.nn.mobilenet import MobileNetConfig, Stage
from actsearch.nn.resnet import BottleneckBlock, ResNetConfig

# (channels, blocks, stride of the first block). The stem and its pooling are the two reductions that have stride 1.
RESNET_50 = ((256, 3, 1), (512, 4, 2), (1024, 6, 2), (2048, 3, 2))

# (stage, blocks): the stride is that of the first block. The stem and the second stage have stride 1 here.
MOBILENET_V2 = (
    (Stage(1, 16), 1),
    (Stage(6, 24), 2),
    (Stage(6, 32, stride=2), 3),
    (Stage(6, 64, stride=2), 4),
    (Stage(6, 96), 3),
    (Stage(6, 160, stride=2), 3),
    (Stage(6, 320), 1),
)
EFFICIENTNET_B0 = (
    (Stage(1, 16), 1),
    (Stage(6, 24), 2),
    (Stage(6, 40, stride=2, size=5), 2),
    (Stage(6, 80, stride=2), 3),
    (Stage(6, 112, size=5), 3),
    (Stage(6, 192, stride=2, size=5), 4),
    (Stage(6, 320), 1),
)


def resnet_50(classes: int, *, width: float = 0.25, depth: float = 1.0) -> ResNetConfig:
    """Returns the pre-activation ResNet-50 of bottleneck blocks (He et al. 2016, Identity mappings).

    Args:
      classes: number of outputs.
      width: multiplies every number of channels, above 0.
      depth: multiplies the number of blocks of each stage, rounded up; above 0.

    Returns:
      Its configuration; called with a layer factory and `rngs` it makes the network.

    Differs from the paper: at stride 1 the stem is a 3x3 convolution, and no pooling follows it. The ResNet-50 of
    ImageNet is `imagenet_resnet`.
    """
    _check(width, depth)
    stages = tuple(
        (round_width(channels, width), stride if block == 0 else 1)
        for channels, blocks, stride in RESNET_50
        for block in range(math.ceil(depth * blocks))
    )
    return ResNetConfig(3, round_width(64, width), stages, classes, normalize=False, block=BottleneckBlock)


def mobilenet_v2(
    classes: int, *, width: float = 0.5, depth: float = 1.0, strided: bool = False, normalize: bool = False
) -> MobileNetConfig:
    """Returns MobileNetV2 (Sandler et al. 2018): 3.5 million weights at width 1 with 1,000 classes.

    The last convolution is never narrowed.

    Args:
      classes: number of outputs.
      width: multiplies every number of channels, above 0.
      depth: multiplies the number of blocks of each stage, rounded up; above 0.
      strided: whether the first two reductions have stride 2, for images of 224 x 224 pixels.
      normalize: True where candidates are activations; else they are whole layers.
    """
    _check(width, depth)
    stages, stem = tuple(_blocks(MOBILENET_V2, width, depth, strided)), round_width(32, width)
    head = round_width(1280, max(width, 1.0))
    return MobileNetConfig(3, stem, stages, head, classes, stem_stride=1 + strided, normalize=normalize)


def efficientnet_b0(
    classes: int, *, width: float = 0.5, depth: float = 1.0, strided: bool = False, normalize: bool = False
) -> MobileNetConfig:
    """Returns EfficientNet-B0 (Tan, Le 2019): 5.3 million weights at width 1 with 1,000 classes.

    Without its random depth and dropout. Arguments as mobilenet_v2's.
    """
    _check(width, depth)
    stages, stem = tuple(_blocks(EFFICIENTNET_B0, width, depth, strided)), round_width(32, width)
    head = round_width(1280, width)
    return MobileNetConfig(
        3, stem, stages, head, classes, stem_stride=1 + strided, squeeze_excite=True, normalize=normalize
    )


def round_width(channels: int, width: float) -> int:
    """Returns channels * width as a multiple of 8, at least 8 and at least 90 % of it, as in MobileNet's code."""
    wanted = channels * width
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded


def _blocks(table: Sequence[tuple[Stage, int]], width: float, depth: float, strided: bool) -> Iterator[Stage]:
    for place, (stage, blocks) in enumerate(table):
        stride = 2 if strided and place == 1 else stage.stride
        first = stage._replace(features=round_width(stage.features, width), stride=stride)
        yield from (first if block == 0 else first._replace(stride=1) for block in range(math.ceil(depth * blocks)))


def _check(width: float, depth: float) -> None:
    if not width > 0:
        raise ActsearchError(f"width must be above 0; received {width}.")
    if not depth > 0:
        raise ActsearchError(f"depth must be above 0; received {depth}.")
