"""The networks of the tasks in PyTorch, with ReLU or BatchNorm and ReLU at the sites; `torch_steps` trains them.

Attributes have the names that they have in `actsearch.nn`, so that weights are moved by their paths. PyTorch is
imported by whoever needs it: it is a benchmark-only extra.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn

Site = Callable[[int], nn.Module]


class MLP(nn.Module):
    """As `actsearch.nn.MLP`."""

    def __init__(self, layer: Site, features):
        super().__init__()
        self.linears = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(features))
        self.layers = nn.ModuleList(layer(width) for width in features[1:-1])

    def forward(self, x):
        for linear, layer in zip(self.linears, self.layers, strict=False):
            x = layer(linear(x))
        return self.linears[-1](x)


def conv(before: int, after: int, size: int | tuple[int, int] = 3, stride: int = 1) -> nn.Conv2d:
    """Returns a convolution without bias, of 'same' padding."""
    sides = (size, size) if isinstance(size, int) else size
    return nn.Conv2d(before, after, sides, stride, tuple((side - 1) // 2 for side in sides), bias=False)


class CNN(nn.Module):
    """As `actsearch.nn.CNN`, on [batch, channels, height, width]."""

    def __init__(self, layer: Site, in_features, stages, classes):
        super().__init__()
        widths = [in_features, *(width for width, _ in stages)]
        self.convs = nn.ModuleList(
            conv(a, b, stride=stride) for (a, b), (_, stride) in zip(pairwise(widths), stages, strict=True)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in widths[1:])
        self.layers = nn.ModuleList(layer(width) for width in widths[1:])
        self.head = nn.Linear(widths[-1], classes)

    def forward(self, x):
        for convolution, norm, layer in zip(self.convs, self.norms, self.layers, strict=True):
            x = layer(norm(convolution(x)))
        return self.head(x.mean((2, 3)))


class PreActivationBlock(nn.Module):
    """As `actsearch.nn.PreActivationBlock`."""

    def __init__(self, before, after, stride, site: Site, norm: Site, size):
        super().__init__()
        self.norm1, self.layer1 = norm(before), site(before)
        self.conv1 = conv(before, after, size, stride)
        self.norm2, self.layer2 = norm(after), site(after)
        self.conv2 = conv(after, after, size)
        self.shortcut = None if before == after and stride == 1 else conv(before, after, 1, stride)

    def forward(self, x):
        h = self.layer1(self.norm1(x))
        shortcut = x if self.shortcut is None else self.shortcut(h)
        return shortcut + self.conv2(self.layer2(self.norm2(self.conv1(h))))


class ResNet(nn.Module):
    """As `actsearch.nn.ResNet` with pre-activation blocks, on [batch, channels, height, width]."""

    def __init__(self, layer: Site, in_features, stem, stages, classes, normalize, stem_stride, size):
        super().__init__()
        norm = nn.BatchNorm2d if normalize else lambda _: nn.Identity()
        widths = [stem, *(width for width, _ in stages)]
        self.stem = conv(in_features, stem, size, stem_stride)
        self.blocks = nn.ModuleList(
            PreActivationBlock(a, b, stride, layer, norm, size)
            for (a, b), (_, stride) in zip(pairwise(widths), stages, strict=True)
        )
        self.norm, self.layer = norm(widths[-1]), layer(widths[-1])
        self.head = nn.Linear(widths[-1], classes)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.head(self.layer(self.norm(x)).mean((2, 3)))


class Attention(nn.Module):
    """As `actsearch.nn.transformer.Attention`, by PyTorch's own scaled product."""

    def __init__(self, features, heads):
        super().__init__()
        self.heads, self.projection, self.output = (
            heads,
            nn.Linear(features, 3 * features),
            nn.Linear(features, features),
        )

    def forward(self, x):
        batch, length, features = x.shape
        projected = self.projection(x).view(batch, length, 3, self.heads, features // self.heads)
        query, key, value = projected.permute(2, 0, 3, 1, 4)
        mixed = nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.output(mixed.transpose(1, 2).reshape(batch, length, features))


class FeedForward(nn.Module):
    """As `actsearch.nn.transformer.FeedForward`."""

    def __init__(self, features, site: Site):
        super().__init__()
        self.up, self.layer, self.down = (
            nn.Linear(features, 4 * features),
            site(4 * features),
            nn.Linear(4 * features, features),
        )

    def forward(self, x):
        return self.down(self.layer(self.up(x)))


class TransformerBlock(nn.Module):
    """As `actsearch.nn.transformer.TransformerBlock`."""

    def __init__(self, features, heads, site: Site):
        super().__init__()
        self.norm1, self.attention = nn.LayerNorm(features), Attention(features, heads)
        self.norm2, self.feed_forward = nn.LayerNorm(features), FeedForward(features, site)

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.feed_forward(self.norm2(x))


class Transformer(nn.Module):
    """As `actsearch.nn.transformer.Transformer` with the activation as site; initial weights are given."""

    def __init__(self, layer: Site, vocabulary, length, features, heads, blocks, site, init_scale, tied):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(vocabulary, features), nn.Embedding(length, features)
        self.blocks = nn.ModuleList(TransformerBlock(features, heads, layer) for _ in range(blocks))
        self.norm, self.head = nn.LayerNorm(features), None if tied else nn.Linear(features, vocabulary)

    def forward(self, tokens):
        x = self.tokens(tokens) + self.positions.weight[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        x = self.norm(x)
        return nn.functional.linear(x, self.tokens.weight) if self.head is None else self.head(x)


NETWORKS: Mapping[str, Callable[..., nn.Module]] = {
    "MLPConfig": MLP,
    "CNNConfig": CNN,
    "ResNetConfig": ResNet,
    "TransformerConfig": Transformer,
}
"""Name of each configuration of `actsearch.nn` -> its network here."""


def relu(features: int) -> nn.Module:
    """Returns the site of activations."""
    return nn.ReLU()


def batch_norm_relu(features: int) -> nn.Module:
    """Returns the site of whole layers."""
    return nn.Sequential(nn.BatchNorm2d(features), nn.ReLU())


def make_network(config: str, options: Mapping[str, Any], kind: str, weights: Mapping[str, np.ndarray]) -> nn.Module:
    """Returns a network with the weights of `actsearch.nn`'s, by their paths: "blocks.0.conv1.kernel"."""
    network = NETWORKS[config](batch_norm_relu if kind == "layer" else relu, **options)
    with torch.no_grad():
        for path, value in weights.items():
            place, _, leaf = path.rpartition(".")
            parameter = getattr(network.get_submodule(place), "bias" if leaf == "bias" else "weight")
            parameter.copy_(torch.tensor(turned(value) if leaf == "kernel" else value))
    return network


def turned(kernel: np.ndarray) -> np.ndarray:
    """Returns a kernel of Flax, [..., in, out], as PyTorch has it, [out, in, ...]."""
    return np.ascontiguousarray(np.moveaxis(kernel, (-1, -2), (0, 1)))
