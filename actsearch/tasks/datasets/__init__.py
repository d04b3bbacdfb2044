"""Data sets of the classification tasks, one file each; none is downloaded from here."""

from actsearch.tasks.datasets.base import DataSet, Parts, Split
from actsearch.tasks.datasets.cifar10 import CIFAR10
from actsearch.tasks.datasets.cifar100 import CIFAR100
from actsearch.tasks.datasets.digits import DIGITS, DIGITS_IMAGES
from actsearch.tasks.datasets.mnist1d import MNIST1D, MNIST1D_IMAGES
from actsearch.tasks.datasets.mnist5k import MNIST5K
from actsearch.tasks.datasets.photos import PHOTOS, PHOTOS_24, PHOTOS_FLAT, PHOTOS_FLAT_24, PHOTOS_GREY
from actsearch.tasks.datasets.warped import WARPED

__all__ = [
    "CIFAR10",
    "CIFAR100",
    "DIGITS",
    "DIGITS_IMAGES",
    "MNIST1D",
    "MNIST1D_IMAGES",
    "MNIST5K",
    "PHOTOS",
    "PHOTOS_24",
    "PHOTOS_FLAT",
    "PHOTOS_FLAT_24",
    "PHOTOS_GREY",
    "WARPED",
    "DataSet",
    "Parts",
    "Split",
]
