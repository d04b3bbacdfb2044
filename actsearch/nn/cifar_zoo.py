"""The networks on which the Swish paper verifies what it found, for CIFAR-10 and CIFAR-100.

Ramachandran, Zoph and Le 2017, section 3, names ResNet-164, Wide ResNet 28-10 and DenseNet 100-12. `depth` and `width`
make them smaller.
"""

from actsearch.language import ActsearchError
from actsearch.nn.dense import DenseNetConfig
from actsearch.nn.resnet import BottleneckBlock, PreActivationBlock, ResNetConfig


def preactivation_resnet(classes: int, *, depth: int = 164, width: int = 1) -> ResNetConfig:
    """Returns ResNet-164 of pre-activation bottlenecks (He et al. 2016, Identity mappings): 1.7 million weights.

    Args:
      classes: number of outputs.
      depth: 9 n + 2 for n blocks a stage.
      width: multiplies every number of channels, at least 1.

    Returns:
      Its configuration; called with a layer factory and `rngs` it makes the network.
    """
    stages = _stages(depth, 9, (64 * width, 128 * width, 256 * width))
    return ResNetConfig(3, 16 * width, stages, classes, block=BottleneckBlock)


def wide_resnet(classes: int, *, depth: int = 28, width: int = 10) -> ResNetConfig:
    """Returns the Wide ResNet 28-10 (Zagoruyko and Komodakis 2016), without dropout: 36.5 million weights.

    Args:
      classes: number of outputs.
      depth: 6 n + 4 for n blocks a stage.
      width: multiplies the channels of the stages, at least 1.

    Returns:
      Its configuration; called with a layer factory and `rngs` it makes the network.
    """
    stages = _stages(depth, 6, (16 * width, 32 * width, 64 * width), rest=4)
    return ResNetConfig(3, 16, stages, classes, block=PreActivationBlock)


def densenet(classes: int, *, depth: int = 100, growth: int = 12, bottleneck: bool = False) -> DenseNetConfig:
    """Returns the DenseNet 100-12 (Huang et al. 2017): 7.0 million weights, or 0.8 with bottlenecks.

    Args:
      classes: number of outputs.
      depth: 3 n + 4 for n layers a block, with bottlenecks 6 n + 4.
      growth: channels that each layer adds.
      bottleneck: DenseNet-BC. The paper that verified on "DenseNet 100-12" does not say which; False is ours.

    Returns:
      Its configuration; called with a layer factory and `rngs` it makes the network.
    """
    return DenseNetConfig(depth, growth, classes, bottleneck)


def _stages(depth: int, step: int, channels: tuple[int, int, int], rest: int = 2) -> tuple[tuple[int, int], ...]:
    """Returns (channels, stride) of each block; the second and the third stage begin with stride 2."""
    blocks, left = divmod(depth - rest, step)
    if left or blocks < 1:
        raise ActsearchError(f"The depth of this network is {step} n + {rest}; received {depth}.")
    if not all(isinstance(features, int) and features >= 1 for features in channels):
        raise ActsearchError(f"width is a whole number of at least 1; the stages would have {channels} channels.")
    return tuple(
        (features, 2 if stage and not block else 1)
        for stage, features in enumerate(channels)
        for block in range(blocks)
    )
