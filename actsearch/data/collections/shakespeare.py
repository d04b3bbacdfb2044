"""Tiny Shakespeare (Karpathy 2015): 1.1 million characters. The checksum is TFDS's."""

from actsearch.data.base import Collection
from actsearch.data.formats import Parquet, TextFile

TINY_SHAKESPEARE = Collection(
    name="tiny_shakespeare",
    words="Tiny Shakespeare",
    examples={"train": 1, "validation": 1, "test": 1},
    formats=(TextFile("input.txt"), TextFile("tiny_shakespeare.txt"), Parquet({"text": ("text",)})),
    checksums={"input.txt": "sha256:86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"},
    urls=("https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",),
)
