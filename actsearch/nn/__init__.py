"""Flax NNX: the layer that holds a program, networks with sites for it, and the names of those sites."""

from actsearch.nn.convolutions import Affine, Conv, DepthwiseConv
from actsearch.nn.layer import Layer, LayerFactory
from actsearch.nn.mobile import InvertedBottleneck, MobileNet, SqueezeExcite, Stage
from actsearch.nn.networks import MLP, BottleneckBlock, PreActivationBlock, ResNet
from actsearch.nn.sites import Site, sites

__all__ = [
    "MLP",
    "Affine",
    "BottleneckBlock",
    "Conv",
    "DepthwiseConv",
    "InvertedBottleneck",
    "Layer",
    "LayerFactory",
    "MobileNet",
    "PreActivationBlock",
    "ResNet",
    "Site",
    "SqueezeExcite",
    "Stage",
    "sites",
]
