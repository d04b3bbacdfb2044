"""Devices: every core of a laptop or every GPU of a box as one mesh with the axes "candidate" and "data"."""

import dataclasses
import functools
import os
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from actsearch.data import count_cores
from actsearch.language import ActsearchError
from actsearch.tasks import Task


def use_all_cores() -> None:
    """Makes one JAX CPU device for each core; call it before JAX computes anything, else it does nothing.

    Programs that start a search call it; the library never does so by itself. An explicit `jax_num_cpu_devices` or
    `--xla_force_host_platform_device_count` of the user wins.
    """
    forced = "xla_force_host_platform_device_count" in os.environ.get("XLA_FLAGS", "")
    if forced or jax.config.jax_num_cpu_devices > 1:  # type: ignore[attr-defined]
        return
    try:
        jax.config.update("jax_num_cpu_devices", count_cores())  # type: ignore[no-untyped-call]
    except RuntimeError:  # the backends are already there; the search then runs on what there is
        return


@dataclasses.dataclass(frozen=True)
class DataParallel:
    """Several devices for each training: they share its batches. For networks that keep more than one device busy.

    Each device takes its part of every batch; loss and gradients are means over the parts, so that the weights are
    equal on all. Results are those of one device up to rounding, with two exceptions: random numbers of the loss and of
    the network, such as augmentation and dropout, are drawn for each part by a key of its own; and statistics over the
    batch may be local. Devices that are left train other candidates.

    Attributes:
      size: devices that share a training; it divides the number of devices and the task's batch.
      devices: JAX devices, all by default; neighbours share a training.
      synchronized: whether statistics over the batch are those of the whole batch, in `Layer` and in NNX's BatchNorm.
        Otherwise each device normalises by its own part, as Goyal et al. 2017 (section 2.3) do, and moving averages are
        averaged over the parts before they are used.

    Raises:
      ActsearchError: a size below 1, or one that does not divide the number of devices.

    Example:
      >>> DataParallel(1, tuple(jax.devices()[:1])).mesh().axis_names
      ('candidate', 'data')
    """

    size: int
    devices: tuple[jax.Device, ...] | None = None
    synchronized: bool = True

    @property
    def axis_name(self) -> str | None:
        """The axis of the mesh whose members share a training; None where each device trains alone."""
        return "data" if self.size > 1 else None

    @property
    def identity(self) -> dict[str, Any]:
        """What a score depends on: nothing where each device trains alone."""
        return {"data": {"size": self.size, "synchronized": self.synchronized}} if self.size > 1 else {}

    def mesh(self) -> Mesh:
        """Returns the mesh ("candidate", "data") over the devices, with `size` of them along "data"."""
        devices = jax.devices() if self.devices is None else self.devices
        if self.size < 1 or len(devices) % self.size:
            raise ActsearchError(
                f"{len(devices)} devices cannot be split into groups of {self.size} that share a training: give a size "
                "that divides their number."
            )
        # Auto axes: newer JAX makes them Explicit by default, and then indexing a sharded result raises.
        grid = np.array(devices).reshape(-1, self.size)
        return Mesh(grid, ("candidate", "data"), axis_types=(AxisType.Auto, AxisType.Auto))

    def check(self, task: Task) -> None:
        """Raises an error for a task whose batch cannot be split into equal parts."""
        if task.batch_size % self.size:
            raise ActsearchError(
                f"The task {task.name} has batches of {task.batch_size} examples, which {self.size} devices cannot "
                "share equally: give a size that divides the batch."
            )


Devices = Sequence[jax.Device] | DataParallel | None
"""JAX devices, each for candidates of its own, or DataParallel; None for all of JAX's."""


def as_layout(devices: Devices) -> DataParallel:
    """Returns how devices are used; given as a sequence, each trains alone."""
    if isinstance(devices, DataParallel):
        return devices
    return DataParallel(1, None if devices is None else tuple(devices))


def platform_of(devices: Devices) -> str:
    """Returns the platform of devices as JAX names it: "cpu", "gpu", "tpu"."""
    platform: str = as_layout(devices).mesh().devices.flat[0].platform
    return platform


def replicate(tree: Any, mesh: Mesh) -> Any:
    """Returns a pytree with a copy of its arrays on every device of a mesh; of several processes, all give the same."""
    whole = NamedSharding(mesh, P())  # type: ignore[no-untyped-call]
    return jax.tree.map(lambda leaf: _put(leaf, whole), tree)


def _put(leaf: Any, sharding: NamedSharding) -> Any:
    if not jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
        return jax.device_put(leaf, sharding)
    # Devices of another process take arrays of numbers alone.
    numbers = jax.device_put(jax.random.key_data(leaf), sharding)
    return jax.random.wrap_key_data(numbers, impl=jax.random.key_impl(leaf))


class _Identical:
    """A pytree of arrays that equals another one where their arrays are the same objects, whatever these hold."""

    def __init__(self, tree: Any):
        self.tree, self.ids = tree, tuple(map(id, jax.tree.leaves(tree)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identical) and self.ids == other.ids

    def __hash__(self) -> int:
        return hash(self.ids)


def resident(tree: Any, mesh: Mesh) -> Any:
    """Returns a data set's part on the devices of a mesh, put there once for all who ask with the same arrays.

    The last four parts stay; those asked for before are forgotten.
    """
    return _resident(_Identical(tree), mesh)


@functools.lru_cache(maxsize=4)
def _resident(part: _Identical, mesh: Mesh) -> Any:
    return replicate(part.tree, mesh)
