"""Worker: the process that holds a device, keeps what it compiled, and evaluates the pieces that it is given."""

import importlib.metadata
import os
import platform
import traceback
from collections.abc import Mapping
from typing import Any, NamedTuple

import jax

from actsearch.evaluation.compilation_cache import use_compilation_cache
from actsearch.evaluation.trainer import NO_MEMORY
from actsearch.trials.codec import describe, differences


def own_version() -> str:
    """Returns the version of the package that this process has."""
    return importlib.metadata.version("actsearch")


class Greeting(NamedTuple):
    """What a worker says of itself.

    Attributes:
      host: name of its machine.
      pid: of its process.
      device: the kind that it trains on.
      problem: why it cannot take part; empty where it can.
    """

    host: str
    pid: int
    device: str
    problem: str


class Worker:
    """Evaluates pieces with a copy of the driver's evaluator."""

    def __init__(self) -> None:
        self._evaluator: Any = None

    def greet(self, version: str, pickled: bytes, identity: Mapping[str, Any]) -> Greeting:
        """Takes over an evaluator, unless it would give other scores here.

        Args:
          version: of the driver's package.
          pickled: the evaluator.
          identity: of the evaluator at the driver.
        """
        problem = self._problem(version, pickled, identity)
        return Greeting(platform.node(), os.getpid(), jax.devices()[0].device_kind, problem)

    def _problem(self, version: str, pickled: bytes, identity: Mapping[str, Any]) -> str:
        if own_version() != version:
            return f"it has actsearch {own_version()}, and the search {version}: install the same version there"
        from ray import cloudpickle

        use_compilation_cache()
        try:
            self._evaluator = cloudpickle.loads(pickled)
            changes = differences(self._evaluator.identity, identity)
        except Exception:  # whatever a machine lacks: a module, a data set
            return f"it cannot take over the evaluator: {traceback.format_exc(limit=-3)}"
        return f"it would give other scores: {describe(changes)}" if changes else ""

    def ping(self) -> bool:
        """Returns True: the worker is alive."""
        return True

    def evaluate(self, stage: str, items: list[Any]) -> dict[int, Any] | str:
        """Returns what a stage makes of each candidate, by index; a text where the memory did not hold them.

        Args:
          stage: "screen", of pairs of an index and a Proposal, or "train", of Screenings.
          items: the candidates.
        """
        try:
            if stage == "screen":
                return {index: self._evaluator.screen(index, proposal) for index, proposal in items}
            found: dict[int, Any] = self._evaluator.train(items)
            return found
        except (MemoryError, jax.errors.JaxRuntimeError) as error:
            if isinstance(error, jax.errors.JaxRuntimeError) and NO_MEMORY not in str(error):
                raise
            return f"out of memory: {str(error).partition(chr(10))[0]}"
