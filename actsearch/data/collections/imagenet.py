"""ImageNet 2012 (Russakovsky et al. 2015) and ten of its classes, Imagenette (Howard 2019). Checksums: TFDS's."""

from actsearch.data.base import Collection
from actsearch.data.formats import ClassFolders, ImageNetArchives, Parquet

_PARQUET = Parquet({"image": ("image", "img"), "label": ("label",)})
_SIZES = {"imagenette2": "full-size", "imagenette2-320": "320px", "imagenette2-160": "160px"}
_CHECKSUMS = {
    "imagenette2": "sha256:6cbfac238434d89fe99e651496f0812ebc7a10fa62bd42d6874042bf01de4efd",
    "imagenette2-320": "sha256:569b4497c98db6dd29f335d1f109cf315fe127053cedf69010d047f0188e158c",
    "imagenette2-160": "sha256:64d0c4859f35a461889e0147755a999a48b49bf38a7e0f9bd27003f10db02fe5",
}


def _imagenette(archive: str) -> Collection:
    """Returns the second edition of Imagenette, with the full images or at a size."""
    return Collection(
        name=f"imagenette/{_SIZES[archive]}-v2",
        words=f"Imagenette ({archive})",
        examples={"train": 9_469, "validation": 3_925},
        formats=(_PARQUET, ClassFolders(others=("imagenette", *(name for name in _SIZES if name != archive)))),
        checksums={f"{archive}.tgz": _CHECKSUMS[archive]},
        urls=(f"https://s3.amazonaws.com/fast-ai-imageclas/{archive}.tgz",),
        fits=False,
    )


IMAGENETTES = tuple(_imagenette(archive) for archive in _SIZES)

IMAGENET = Collection(
    name="imagenet2012",
    words="ImageNet 2012",
    examples={"train": 1_281_167, "validation": 50_000},
    formats=(ImageNetArchives(), _PARQUET, ClassFolders()),
    checksums={
        "ILSVRC2012_img_train.tar": "sha256:b08200a27a8e34218a0e58fde36b0fe8f73bc377f4acea2d91602057c3ca45bb",
        "ILSVRC2012_img_val.tar": "sha256:c7e06a6c0baccf06d8dbeb6577d71efff84673a5dbdd50633ab44f8ea0456ae0",
    },
    fits=False,
)
