"""A controller's state on disk, so that a killed search goes on without a replay. The search saves and loads it.

A folder holds the state as one file: a line with the version and a checksum of the rest, a line of JSON with what it
belongs to, and the state as `flax.serialization` writes it. A new one is written beside it and then renamed, so that
whenever the process is killed a whole one is there. The archive holds the trials; a state that is lost or damaged costs
a replay of them and nothing else.
"""

import contextlib
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import jax
from flax import serialization

from actsearch.language import ActsearchError
from actsearch.trials.codec import describe, differences

FORMAT = 2
"""Version of the file: a change of it is a new number."""

FILE = "state"
"""Name of the file."""

_MAGIC = b"actsearch-state"

State = TypeVar("State")


class CheckpointError(ActsearchError):
    """A state that cannot be used. The message says what is wrong, where, and the remedy."""


class Saved(NamedTuple, Generic[State]):
    """A controller's state and when it was.

    Attributes:
      delivered: how many trials the controller had been given.
      state: its state then.
    """

    delivered: int
    state: State


def save(directory: str | os.PathLike[str], identity: Mapping[str, Any], delivered: int, state: Any) -> None:
    """Saves a controller's state in the place of the one before; a kill at any moment leaves one of the two whole.

    Args:
      directory: of the state alone, made when missing.
      identity: what must agree when it is loaded: names to values that JSON can hold.
      delivered: how many trials the controller has been given, at least 0.
      state: a NamedTuple of numbers, None, arrays and NamedTuples, as `Controller` describes it.

    Raises:
      CheckpointError: the directory cannot be written; the state saved before is as it was.
      TypeError: the state or the identity holds something else.

    Example:
      >>> import tempfile
      >>> import numpy as np
      >>> class Best(NamedTuple):
      ...     asked: int
      ...     scores: np.ndarray
      >>> with tempfile.TemporaryDirectory() as directory:
      ...     save(directory, {"space": "swish-1", "seed": 0}, 64, Best(64, np.array([0.5, 0.9])))
      ...     load(directory, {"space": "swish-1", "seed": 0}, like=Best(0, np.zeros(0)))
      ...     load(directory, {"space": "swish-1", "seed": 1}, like=Best(0, np.zeros(0)))
      Traceback (most recent call last):
      ...
      actsearch.archive.checkpoint.CheckpointError: ... belongs to another run: seed is 0 there and 1 here. ...
    """
    head = json.dumps({"identity": dict(identity), "delivered": delivered}).encode()
    body = head + b"\n" + _to_bytes(state)
    root = Path(directory).absolute()
    new = root / f"{FILE}.new"
    with _explained(root):
        root.mkdir(parents=True, exist_ok=True)
        with new.open("wb") as file:
            file.write(b"%s %d %08x\n" % (_MAGIC, FORMAT, zlib.crc32(body)) + body)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, root / FILE)
        _settle(root)


def load(directory: str | os.PathLike[str], identity: Mapping[str, Any], like: State) -> Saved[State] | None:
    """Returns the state in a directory, None where none was ever saved.

    Args:
      directory: as given to `save`.
      identity: as given to `save`.
      like: a state of the same controller, such as from `init`; it gives the structure, not the sizes of arrays.

    Raises:
      CheckpointError: the state belongs to another identity or controller, is damaged, or is of another format.
    """
    root = Path(directory).absolute()
    with _explained(root):
        content = (root / FILE).read_bytes() if (root / FILE).exists() else None
        _refuse_format_1(root)
    if content is None:
        return None
    head, state = _parts(root, content)
    changes = differences(head["identity"], dict(identity))
    if changes:
        problem = f"The controller's state in {root} belongs to another run: {describe(changes)}"
        raise CheckpointError(f"{problem}. Give the old values, choose another directory, or delete the folder.")
    try:
        return Saved(head["delivered"], _from_bytes(like, state))
    except (ValueError, KeyError, AttributeError, TypeError) as error:  # its checksum holds, so it is whole
        raise CheckpointError(
            f"The state in {root} is that of another version of the controller ({error}). {_remedy(root)}"
        ) from error


def _to_bytes(state: Any) -> bytes:
    try:
        return serialization.to_bytes(state)
    except (TypeError, ValueError, OverflowError, AssertionError) as error:
        raise TypeError(
            f"A controller's state holds ints of 64 bits, floats, None, arrays, and NamedTuples of these: {error}."
        ) from error


def _from_bytes(like: State, content: bytes) -> State:
    """Returns a state with the structure of `like`; raises ValueError for one of another structure."""
    restored: State = serialization.from_bytes(like, content)
    there, here = (str(jax.tree.structure(tree, is_leaf=lambda leaf: leaf is None)) for tree in (restored, like))
    if there != here:  # Flax puts whatever was saved in the place of a leaf
        raise ValueError(f"its structure is {there} there and {here} here")
    return restored


def _parts(root: Path, content: bytes) -> tuple[dict[str, Any], bytes]:
    """Returns the JSON and the state of a file whose checksum holds."""
    first, _, body = content.partition(b"\n")
    words = first.split(b" ")
    if len(words) != 3 or words[0] != _MAGIC or not words[1].isdigit():
        raise CheckpointError(f"{root / FILE} is damaged: it does not begin as a state does. {_remedy(root)}")
    if int(words[1]) > FORMAT:
        problem = f"{root / FILE} has format {int(words[1])}; this version of actsearch reads format {FORMAT}"
        raise CheckpointError(f"{problem}. Install the newer actsearch that wrote it, or delete the folder.")
    if words[2] != b"%08x" % zlib.crc32(body):
        raise CheckpointError(f"{root / FILE} is damaged: it does not match its checksum. {_remedy(root)}")
    head, _, state = body.partition(b"\n")
    return json.loads(head), state


def _refuse_format_1(root: Path) -> None:
    """Raises where a folder holds a state of the first format alone, which this version does not read."""
    if not (root / FILE).exists() and any(root.glob("state-*/state.json")):
        raise CheckpointError(
            f"The state in {root} has format 1; this version of actsearch reads format {FORMAT}. {_remedy(root)}"
        )


def _remedy(root: Path) -> str:
    return f"Delete the folder {root}: that costs a replay of the archive, and no trial."


def _settle(folder: Path) -> None:
    """Waits until the names in a directory would outlive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _explained(root: Path) -> Iterator[None]:
    """Turns the errors of a disk into a CheckpointError."""
    try:
        yield
    except OSError as error:
        problem = f"The folder {root} of the controller's state cannot be used: {error.strerror or error}"
        raise CheckpointError(
            f"{problem}. Free some space, correct its permissions, or use another directory."
        ) from error
