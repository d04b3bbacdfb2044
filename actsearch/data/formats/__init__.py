"""The formats in which published data sets are kept, one file each."""

from actsearch.data.formats.cifar_binary import CIFARBinary
from actsearch.data.formats.cifar_python import CIFARPython
from actsearch.data.formats.class_folders import ClassFolders
from actsearch.data.formats.idx import IDX
from actsearch.data.formats.imagenet_archives import ImageNetArchives
from actsearch.data.formats.npz import NPZ
from actsearch.data.formats.parquet import Parquet
from actsearch.data.formats.text_file import TextFile

__all__ = ["IDX", "NPZ", "CIFARBinary", "CIFARPython", "ClassFolders", "ImageNetArchives", "Parquet", "TextFile"]
