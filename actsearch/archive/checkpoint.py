"""A controller's state on disk, so that a killed search goes on without a replay. The search saves and loads it.

A folder holds the state as one sub-folder, `state-<number>`: `state.json` with everything but the arrays, and `arrays`,
an Orbax checkpoint of their bytes, where there are any. A new one is written beside it under another name, renamed when
it is whole, and only then the old one is deleted: whenever the process is killed, a whole one is there. The archive
holds the trials; a checkpoint that is lost or damaged costs a replay of them and nothing else.
"""

import contextlib
import json
import os
import re
import shutil
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from actsearch.archive.packing import Packed, pack, unpack

FORMAT = 1
"""Version of the files: a change of them is a new number."""

_NAME = re.compile(r"state-(\d+)(\.new)?")
_PLAIN, _ARRAYS = "state.json", "arrays"


class CheckpointError(RuntimeError):
    """A checkpoint that cannot be used. The message says what is wrong, where, and the remedy."""


class _Damaged(Exception):
    """What is wrong with one sub-folder; an older one may be whole."""


class Saved(NamedTuple):
    """What a checkpoint holds.

    Attributes:
      told: how many trials the controller had been told.
      state: its state then.
    """

    told: int
    state: Any


def save(directory: str | os.PathLike[str], identity: Mapping[str, Any], told: int, state: Any) -> None:
    """Saves a controller's state in the place of the one before; a kill at any moment leaves one of the two whole.

    It takes some hundredths of a second, with arrays a tenth or two: most of that is waiting for the disk.

    Args:
      directory: of checkpoints alone, made when missing; what a killed save left there is deleted.
      identity: what must agree when it is loaded: names to values that JSON can hold.
      told: how many trials the controller has been told, at least 0.
      state: dicts with text keys and lists of numbers, text, None and arrays; see `actsearch.archive.packing.pack`.

    Raises:
      CheckpointError: the directory cannot be written; the state saved before is as it was.
      TypeError: the state or the identity holds something else.

    Example:
      >>> import tempfile
      >>> with tempfile.TemporaryDirectory() as directory:
      ...     save(directory, {"space": "swish-1", "seed": 0}, 64, {"rng": 2**100, "best": np.arange(3)})
      ...     load(directory, {"space": "swish-1", "seed": 0})
      ...     load(directory, {"space": "swish-1", "seed": 1})
      Traceback (most recent call last):
      ...
      actsearch.archive.checkpoint.CheckpointError: ... belongs to another run: seed is 0 there and 1 here. ...
    """
    packed = pack(state)
    body = {"format": FORMAT, "identity": dict(identity), "told": told, "state": packed.plain, "leaves": packed.leaves}
    body |= {"bytes": packed.data.size, "data_checksum": zlib.crc32(packed.data.data)}
    text = json.dumps({"checksum": _checksum(body), "body": body})
    root = Path(directory).absolute()
    with _explained(root):
        root.mkdir(parents=True, exist_ok=True)
        old = [path for path in root.iterdir() if _NAME.fullmatch(path.name)]
        number = 1 + max((_number(path) for path in old), default=0)
        new = root / f"state-{number:06d}.new"
        try:
            _write(new, text, packed.data)
            os.rename(new, new.with_suffix(""))
            _settle(root)
        finally:
            shutil.rmtree(new, ignore_errors=True)
        for path in old:
            shutil.rmtree(path)


def load(directory: str | os.PathLike[str], identity: Mapping[str, Any]) -> Saved | None:
    """Returns the newest whole state in a directory, None where none was ever saved.

    Args:
      directory: as given to `save`.
      identity: as given to `save`.

    Raises:
      CheckpointError: the state belongs to another identity, or is damaged, or of a newer format.
      ValueError: a JAX array of 64 bits, where JAX has 32 only.
    """
    root = Path(directory).absolute()
    damage = None
    with _explained(root):
        names = [path for path in root.iterdir() if _NAME.fullmatch(path.name)] if root.is_dir() else []
        for path in sorted((p for p in names if p.suffix != ".new"), key=_number, reverse=True):
            try:
                body = _body(path)
                _same(path, body["identity"], json.loads(json.dumps(dict(identity))))
                return Saved(body["told"], unpack(Packed(body["state"], body["leaves"], _data(path, body))))
            except _Damaged as error:
                damage = damage or f"{path} is damaged: {error}"
    if damage:
        raise CheckpointError(f"{damage}. Delete the folder {root}: that costs a replay of the archive, and no trial.")
    return None


def _write(new: Path, text: str, data: np.ndarray) -> None:
    new.mkdir()
    if data.size:
        # Imported here, because that takes most of a second, and most controllers have no arrays.
        from orbax.checkpoint import v1 as ocp

        ocp.save(new / _ARRAYS, {"bytes": data})
    (new / _PLAIN).write_text(text)
    for folder, _, files in os.walk(new):
        for name in [*files, ""]:
            _settle(Path(folder, name))


def _settle(path: Path) -> None:
    """Waits until a file, or the names in a directory, would outlive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _body(path: Path) -> dict[str, Any]:
    try:
        found = json.loads((path / _PLAIN).read_text())
        whole = found["checksum"] == _checksum(found["body"])
    except (FileNotFoundError, NotADirectoryError, ValueError, TypeError, KeyError) as error:
        raise _Damaged(f"{_PLAIN} cannot be read ({type(error).__name__})") from error
    if not whole:
        raise _Damaged(f"{_PLAIN} does not match its checksum")
    if found["body"]["format"] > FORMAT:
        problem = f"{path} has format {found['body']['format']}; this version of actsearch reads formats up to {FORMAT}"
        raise CheckpointError(f"{problem}. Install the newer actsearch that wrote it, or delete the folder.")
    return found["body"]


def _data(path: Path, body: Mapping[str, Any]) -> np.ndarray:
    data = np.empty(body["bytes"], np.uint8)
    if data.size:
        from orbax.checkpoint import v1 as ocp

        try:
            data = ocp.load(path / _ARRAYS, {"bytes": data})["bytes"]
        except Exception as error:  # a damaged file may break any layer of it
            raise _Damaged(f"its arrays cannot be read ({type(error).__name__})") from error
    if zlib.crc32(data.data) != body["data_checksum"]:
        raise _Damaged("its arrays do not match their checksum")
    return data


def _checksum(body: Any) -> int:
    return zlib.crc32(json.dumps(body).encode())


def _number(path: Path) -> int:
    return int(re.sub(r"\D", "", path.name))


def _same(path: Path, there: Mapping[str, Any], here: Mapping[str, Any]) -> None:
    """Raises where two identities differ; values are compared as text, where NaN is NaN and true is not 1."""
    one, two = _flat(there), _flat(here)
    names = [name for name in {**one, **two} if one.get(name) != two.get(name)]
    if names:
        changes = "; ".join(f"{n} is {one.get(n, 'absent')} there and {two.get(n, 'absent')} here" for n in names)
        problem = f"The controller's state in {path.parent} belongs to another run: {changes}"
        raise CheckpointError(f"{problem}. Give the old values, choose another directory, or delete the folder.")


def _flat(value: Any, name: str = "") -> dict[str, str]:
    """Returns dotted names to values as JSON."""
    if not isinstance(value, dict) or (name and not value):
        return {name: json.dumps(value)}
    inner = (_flat(item, f"{name}.{key}" if name else key) for key, item in value.items())
    return {key: text for flat in inner for key, text in flat.items()}


@contextlib.contextmanager
def _explained(root: Path) -> Iterator[None]:
    """Turns the errors of a disk into a CheckpointError."""
    try:
        yield
    except OSError as error:
        problem = f"The folder {root} of the controller's state cannot be used: {error.strerror or error}"
        raise CheckpointError(f"{problem}. Free some space, mend its permissions, or use another directory.") from error
