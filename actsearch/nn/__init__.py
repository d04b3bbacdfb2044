"""Flax NNX: the layer that holds a program, and networks with sites for it."""

from actsearch.nn.layer import Layer, LayerFactory
from actsearch.nn.networks import MLP, Conv, PreActivationBlock, ResNet

__all__ = ["MLP", "Conv", "Layer", "LayerFactory", "PreActivationBlock", "ResNet"]
