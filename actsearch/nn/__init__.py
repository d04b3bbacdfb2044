"""Flax: the layer that holds a program, in NNX and Linen, networks with sites for it, and the names of those sites."""

from actsearch.nn.airbench_net import AirbenchConfig, AirbenchNet, airbench
from actsearch.nn.cifar_zoo import densenet, preactivation_resnet, wide_resnet
from actsearch.nn.cnn import CNN, CNNConfig
from actsearch.nn.conv import Affine, Conv, DepthwiseConv
from actsearch.nn.dense import DenseNet, DenseNetConfig
from actsearch.nn.gpt import gpt2
from actsearch.nn.layer import Layer, LayerFactory
from actsearch.nn.linen import LinenLayer
from actsearch.nn.mlp import MLP, MLPConfig
from actsearch.nn.mobilenet import InvertedBottleneck, MobileNet, MobileNetConfig, SqueezeExcite, Stage
from actsearch.nn.replacement import Replaced, sites_of
from actsearch.nn.resnet import BottleneckBlock, PreActivationBlock, ResNet, ResNetConfig
from actsearch.nn.resnet_imagenet import (
    ImageNetResNet,
    ImageNetResNetConfig,
    PostActivationBottleneck,
    imagenet_resnet,
)
from actsearch.nn.resnet_v1 import BasicBlock, ResNetV1, ResNetV1Config
from actsearch.nn.site import Site, sites
from actsearch.nn.transformer import Transformer, TransformerConfig
from actsearch.nn.vision_transformer import VisionTransformer, VisionTransformerConfig, vit
from actsearch.nn.zoo import efficientnet_b0, mobilenet_v2, resnet_50

__all__ = [
    "CNN",
    "MLP",
    "Affine",
    "AirbenchConfig",
    "AirbenchNet",
    "BasicBlock",
    "BottleneckBlock",
    "CNNConfig",
    "Conv",
    "DenseNet",
    "DenseNetConfig",
    "DepthwiseConv",
    "ImageNetResNet",
    "ImageNetResNetConfig",
    "InvertedBottleneck",
    "Layer",
    "LayerFactory",
    "LinenLayer",
    "MLPConfig",
    "MobileNet",
    "MobileNetConfig",
    "PostActivationBottleneck",
    "PreActivationBlock",
    "Replaced",
    "ResNet",
    "ResNetConfig",
    "ResNetV1",
    "ResNetV1Config",
    "Site",
    "SqueezeExcite",
    "Stage",
    "Transformer",
    "TransformerConfig",
    "VisionTransformer",
    "VisionTransformerConfig",
    "airbench",
    "densenet",
    "efficientnet_b0",
    "gpt2",
    "imagenet_resnet",
    "mobilenet_v2",
    "preactivation_resnet",
    "resnet_50",
    "sites",
    "sites_of",
    "vit",
    "wide_resnet",
]
