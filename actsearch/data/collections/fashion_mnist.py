"""Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): 70,000 grey images of 28 x 28 pixels. Checksums: TFDS's."""

from actsearch.data.base import Collection
from actsearch.data.formats import IDX, NPZ, ClassFolders, Parquet

_URL = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com"
_CHECKSUMS = {
    "train-images-idx3-ubyte.gz": "sha256:3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "train-labels-idx1-ubyte.gz": "sha256:a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "t10k-images-idx3-ubyte.gz": "sha256:346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "t10k-labels-idx1-ubyte.gz": "sha256:67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
}

FASHION_MNIST = Collection(
    name="fashion_mnist",
    words="Fashion-MNIST",
    examples={"train": 60_000, "test": 10_000},
    shape=(28, 28, 1),
    formats=(
        IDX(
            {
                "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
                "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
            },
            others=("MNIST", "KMNIST", "QMNIST"),
        ),
        Parquet({"image": ("image", "img"), "label": ("label",)}),
        NPZ(),
        ClassFolders(),
    ),
    checksums=_CHECKSUMS,
    urls=tuple(f"{_URL}/{name}" for name in _CHECKSUMS),
)
