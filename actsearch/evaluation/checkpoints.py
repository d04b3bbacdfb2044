"""States of a long training on disk, written by Orbax while it goes on. Only `long_training` uses it."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Self

import jax
import jax.numpy as jnp
import numpy as np

PREFIX = "step"
"""Folders are named `step_NUMBER`."""


class Saved(NamedTuple):
    """A training's state and after how many steps it was."""

    step: int
    state: Any


class Checkpoints:
    """The newest states of one training, each with a checksum of its numbers.

    Saving copies the state and returns; Orbax writes the copy in a thread and renames the folder when it is whole, so
    that a kill at any moment leaves the states before it. A state that cannot be read, or whose numbers have changed,
    is named, and goes when a state of its step or an earlier one is saved.

    Args:
      folder: of the states alone, made when missing.
      keep: how many of the newest states stay on disk, at least 1.
      report: receives a line for a state that is passed over.
      read_only: whether nothing is written or tidied, as beside a training that goes on.
    """

    def __init__(
        self,
        folder: Path,
        keep: int = 2,
        report: Callable[[str], None] = lambda line: None,
        *,
        read_only: bool = False,
    ):
        import orbax.checkpoint as ocp  # 0.8 s

        self.folder, self._report, self._ocp = folder.absolute(), report, ocp
        options = ocp.CheckpointManagerOptions(
            max_to_keep=None if read_only else keep,
            step_prefix=PREFIX,
            cleanup_tmp_directories=not read_only,
            create=not read_only,
            read_only=read_only,
        )
        self._manager = ocp.CheckpointManager(self.folder, options=options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._manager.close()  # after the last state is on disk

    def save(self, step: int, state: Any) -> None:
        """Saves a pytree of arrays, in the background; states of this step and of later ones were damaged, and go."""
        for damaged in [other for other in self._manager.all_steps() if other >= step]:
            self._manager.delete(damaged)
        numbers = _numbers(state)
        about = {"checksum": checksum(numbers)}
        save = self._ocp.args
        self._manager.save(step, args=save.Composite(state=save.StandardSave(numbers), about=save.JsonSave(about)))

    def newest(self, like: Any) -> Saved | None:
        """Returns the newest state that is whole, None where there is none.

        Args:
          like: a pytree of arrays, as the saved ones are; the state lies on their devices, wherever it was saved.
        """
        for step in sorted(self._manager.all_steps(), reverse=True):
            try:
                return Saved(step, self._read(step, like))
            except Exception as error:  # Orbax and TensorStore raise many kinds for a damaged file
                self._report(f"The state in {self.folder / f'{PREFIX}_{step}'} is passed over: {_short(error)}")
        return None

    def _read(self, step: int, like: Any) -> Any:
        numbers, args = _numbers(like), self._ocp.args
        found = self._manager.restore(
            step, args=args.Composite(state=args.StandardRestore(numbers), about=args.JsonRestore())
        )
        if checksum(found["state"]) != found["about"]["checksum"]:
            raise ValueError("its numbers are not those that were saved")
        return jax.tree.map(_as, like, found["state"])


def checksum(state: Any) -> str:
    """Returns a digest of a pytree's numbers, their dtypes and shapes."""
    digest = hashlib.sha256()
    for leaf in map(np.asarray, jax.tree.leaves(state)):
        digest.update(f"{leaf.dtype}{leaf.shape}".encode() + leaf.tobytes())
    return digest.hexdigest()


def _is_key(leaf: Any) -> bool:
    return bool(jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key))


def _numbers(state: Any) -> Any:
    """Returns a state with the numbers of its random keys in their place, which every format can hold."""
    return jax.tree.map(lambda leaf: jax.random.key_data(leaf) if _is_key(leaf) else leaf, state)


def _as(like: Any, leaf: Any) -> Any:
    return jax.random.wrap_key_data(leaf, impl=jax.random.key_impl(like)) if _is_key(like) else leaf


def _short(error: Exception) -> str:
    """Returns the first line of an error, which may be pages long."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
