"""CIFAR-10 and CIFAR-100 (Krizhevsky 2009): 60,000 colour images of 32 x 32 pixels.

Checksums: of the binary archives those of TFDS, of the Python archives and their files those of torchvision.
"""

from actsearch.data.base import Collection, Example
from actsearch.data.formats import NPZ, CIFARBinary, CIFARPython, ClassFolders, Parquet

_URL = "https://www.cs.toronto.edu/~kriz"
_BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))

_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
_COARSE = {
    "aquatic_mammals": "beaver dolphin otter seal whale",
    "fish": "aquarium_fish flatfish ray shark trout",
    "flowers": "orchid poppy rose sunflower tulip",
    "food_containers": "bottle bowl can cup plate",
    "fruit_and_vegetables": "apple mushroom orange pear sweet_pepper",
    "household_electrical_devices": "clock keyboard lamp telephone television",
    "household_furniture": "bed chair couch table wardrobe",
    "insects": "bee beetle butterfly caterpillar cockroach",
    "large_carnivores": "bear leopard lion tiger wolf",
    "large_man-made_outdoor_things": "bridge castle house road skyscraper",
    "large_natural_outdoor_scenes": "cloud forest mountain plain sea",
    "large_omnivores_and_herbivores": "camel cattle chimpanzee elephant kangaroo",
    "medium_mammals": "fox porcupine possum raccoon skunk",
    "non-insect_invertebrates": "crab lobster snail spider worm",
    "people": "baby boy girl man woman",
    "reptiles": "crocodile dinosaur lizard snake turtle",
    "small_mammals": "hamster mouse rabbit shrew squirrel",
    "trees": "maple_tree oak_tree palm_tree pine_tree willow_tree",
    "vehicles_1": "bicycle bus motorcycle pickup_truck train",
    "vehicles_2": "lawn_mower rocket streetcar tank tractor",
}
"""The classes of CIFAR-100 by their superclass; both kinds are numbered in alphabetical order."""

_GROUP = {name: group for group, names in enumerate(_COARSE.values()) for name in names.split()}
_FINE = tuple(sorted(_GROUP))


def _with_coarse_label(example: Example) -> Example:
    """Returns an example of CIFAR-100 with its superclass, which follows from its class."""
    return {"coarse_label": _GROUP[_FINE[example["label"]]], **example}


CIFAR10 = Collection(
    name="cifar10",
    words="CIFAR-10",
    examples={"train": 50_000, "test": 10_000},
    shape=(32, 32, 3),
    classes={"label": _CLASSES},
    formats=(
        CIFARBinary({"train": tuple(f"{name}.bin" for name in _BATCHES), "test": ("test_batch.bin",)}, ("label",)),
        CIFARPython({"train": _BATCHES, "test": ("test_batch",)}, {"label": "labels"}),
        Parquet({"image": ("img", "image"), "label": ("label",)}),
        NPZ(),
        ClassFolders(),
    ),
    checksums={
        "cifar-10-binary.tar.gz": "sha256:c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
        "cifar-10-python.tar.gz": "md5:c58f30108f718f92721af3b95e74349a",
        "data_batch_1": "md5:c99cafc152244af753f735de768cd75f",
        "data_batch_2": "md5:d4bba439e000b95fd0a9bffe97cbabec",
        "data_batch_3": "md5:54ebc095f3ab1f0389bbae665268c751",
        "data_batch_4": "md5:634d18415352ddfa80567beed471001a",
        "data_batch_5": "md5:482c414d41f54cd18b22e5b47cb7c3cb",
        "test_batch": "md5:40351d587109b95175f43aff81a1287e",
    },
    urls=(f"{_URL}/cifar-10-binary.tar.gz",),
)

CIFAR100 = Collection(
    name="cifar100",
    words="CIFAR-100",
    examples={"train": 50_000, "test": 10_000},
    shape=(32, 32, 3),
    classes={"label": _FINE, "coarse_label": tuple(_COARSE)},
    formats=(
        CIFARBinary(
            {"train": ("cifar-100-binary/train.bin",), "test": ("cifar-100-binary/test.bin",)},
            ("coarse_label", "label"),
        ),
        CIFARPython(
            {"train": ("cifar-100-python/train",), "test": ("cifar-100-python/test",)},
            {"label": "fine_labels", "coarse_label": "coarse_labels"},
        ),
        Parquet(
            {"image": ("img", "image"), "label": ("fine_label", "label"), "coarse_label": ("coarse_label",)},
            optional=("coarse_label",),
        ),
        NPZ(),
        ClassFolders(),
    ),
    checksums={
        "cifar-100-binary.tar.gz": "sha256:58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
        "cifar-100-python.tar.gz": "md5:eb9058c3a382ffc7106e4002c42a8d85",
        "train": "md5:16019d7e3df5f24257cddd939b257f8d",
        "test": "md5:f0ef6b0ae62326f3e7ffdfab6717acfc",
    },
    urls=(f"{_URL}/cifar-100-binary.tar.gz",),
    complete=_with_coarse_label,
)
