"""The connection to a Ray cluster: one on this machine by default. The only other place that calls Ray is `pool`."""

import os
import warnings
from typing import Any

from actsearch.data import count_cores
from actsearch.language import ActsearchError

OBJECTS = 100_000_000
"""Bytes that a cluster on this machine keeps for messages, which are small here."""


def connect(address: str | None = None) -> bool:
    """Connects this process to a cluster; a process that is connected already stays where it is.

    Args:
      address: "auto" for the cluster that runs on this machine, or HOST:PORT; None starts one on this machine, which
        ends with the process.

    Returns:
      Whether this call made the connection.

    Raises:
      ActsearchError: Ray is not installed, or there is no cluster at the address.
    """
    ray = import_ray()
    if ray.is_initialized():
        return False
    local: dict[str, Any] = {"num_cpus": count_cores(), "object_store_memory": OBJECTS, "include_dashboard": False}
    options = {"address": address} if address else {"address": "local", **local}
    os.environ.setdefault("RAY_worker_niceness", "0")  # on this machine workers do what this process would do
    try:
        with warnings.catch_warnings():
            # Ray forks to start its own programs, and nothing of JAX runs in what is forked.
            warnings.filterwarnings("ignore", message=".*os.fork", category=RuntimeWarning)
            ray.init(**options, log_to_driver=False, logging_level="error")
    except Exception as error:  # Ray raises many kinds, Exception itself among them
        raise ActsearchError(
            f"There is no Ray cluster at {address or 'this machine'}: {error}. Start one with `ray start --head`, and "
            "write --address auto on that machine or --address HOST:6379 on another."
        ) from error
    return True


def platform_of_cluster() -> str:
    """Returns "gpu" where a machine of the cluster has one, else "cpu": for the choice of engine."""
    return "gpu" if import_ray().cluster_resources().get("GPU") else "cpu"


def import_ray() -> Any:
    """Returns the module; raises an ActsearchError where it is not installed."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a search tells nobody that it runs
    try:
        import ray
    except ImportError as error:
        raise ActsearchError("Ray is not installed: pip install 'actsearch[ray]'.") from error
    return ray
