"""`actsearch data`."""

import shlex
from pathlib import Path
from typing import Annotated

import tyro

from actsearch.cli.common import Json, explain, print_json, writing
from actsearch.data import COLLECTIONS, data_folder, prepare, prepared
from actsearch.report import render, show


def data(
    name: tyro.conf.Positional[str | None] = None,
    source: Annotated[Path | None, tyro.conf.arg(name="from", metavar="FILE_OR_FOLDER")] = None,
    to: Path | None = None,
    unchecked: bool = False,
    json: Json = False,
) -> None:
    """Prepare a published data set from what you have of it, or list those there are.

    Example: actsearch data cifar10 --from cifar-10-python.tar.gz

    Args:
        name: cifar10, cifar100, imagenette (imagenette/320px-v2, imagenette/160px-v2), imagenet2012, fashion_mnist or
            tiny_shakespeare; all are listed when left out.
        source: a prepared TFDS folder; the published archive, packed or unpacked, torchvision's folder too; Hugging
            Face's Parquet files; an .npz; or folders of classes with images. Downloaded by TFDS when left out.
        to: TFDS's data_dir; $TFDS_DATA_DIR or ~/tensorflow_datasets when left out.
        unchecked: take files whose checksum or number of examples differs from the published one.
    """
    if name is None:
        _list(json)
        return
    folder = data_folder() if to is None else to.expanduser().absolute()
    with writing(folder):
        place = prepare(name, source, folder, checked=not unchecked, report=explain)
    if json:
        print_json({"name": name, "place": str(place)})
        return
    print(f"{name} is in {place}.")
    if folder != data_folder():
        print(f"Write TFDS_DATA_DIR={shlex.quote(str(folder))} before commands that read it.")


def _list(json: bool) -> None:
    rows = []
    for name, collection in COLLECTIONS.items():
        place = prepared(collection, data_folder())
        examples = ", ".join(f"{count:,} {split}" for split, count in collection.examples.items())
        rows.append({"name": name, "data": collection.words, "examples": examples, "place": place and str(place)})
    if json:
        print_json(rows)
        return
    table = [[row["name"], row["data"], row["examples"], row["place"] or "not prepared"] for row in rows]
    show(render(table, ["name", "data set", "examples", "place"], f"Published data sets in {data_folder()}"))
