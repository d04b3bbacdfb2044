"""Devices: every core of a laptop or every GPU of a box as one mesh with the axis "candidate"."""

import functools
import os
from collections.abc import Sequence
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P


def count_cores() -> int:
    """Returns how many cores this process may use; all of the machine's where the system does not say."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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


def candidate_mesh(devices: Sequence[jax.Device] | None = None) -> Mesh:
    """Returns a mesh over the given devices, all of them by default, with one axis, "candidate"."""
    chosen = jax.devices() if devices is None else list(devices)
    # Auto axes: newer JAX makes them Explicit by default, and then indexing a sharded result raises.
    return Mesh(np.array(chosen), ("candidate",), axis_types=(AxisType.Auto,))


def replicate(tree: Any, mesh: Mesh) -> Any:
    """Returns a pytree with a copy of its arrays on every device of a mesh."""
    return jax.device_put(tree, NamedSharding(mesh, P()))  # type: ignore[no-untyped-call]


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
