"""Crew: the workers of a Ray cluster, one in each slot. It starts them, refuses machines and replaces the lost."""

import dataclasses
import time
from collections import Counter
from typing import Any

from actsearch.evaluation.cluster.connection import import_ray
from actsearch.evaluation.cluster.faults import FaultLog
from actsearch.evaluation.cluster.pieces import Piece
from actsearch.evaluation.cluster.slots import Slot, slots_of
from actsearch.evaluation.cluster.worker import Greeting, Worker, own_version
from actsearch.language import ActsearchError

LOOK_EVERY = 5.0
"""Seconds between two looks at the machines of the cluster."""

STARTS = 3
"""Workers that may die at their start, one after another, before their machine gets no more."""

SILENT = 30.0
"""Seconds without any worker that has greeted, after which the driver says that it waits."""


@dataclasses.dataclass
class Hired:
    """A worker as the driver sees it.

    Attributes:
      actor: Ray's handle.
      answer: what Ray will deliver, a Greeting or the results of the piece; None where the worker is free.
      piece: in work; None while it greets, and where it is free.
      since: by the monotonic clock, when it got its work.
    """

    actor: Any
    answer: Any
    piece: Piece | None = None
    since: float = dataclasses.field(default_factory=time.monotonic)

    @property
    def greets(self) -> bool:
        """Whether the worker has still to greet."""
        return self.answer is not None and self.piece is None

    def give(self, piece: Piece, stage: str, work: list[Any]) -> None:
        """Gives a free worker a piece."""
        self.piece, self.since = piece, time.monotonic()
        self.answer = self.actor.evaluate.remote(stage, work)

    def free(self) -> None:
        """Makes the worker free for the next piece."""
        self.answer = self.piece = None


class Crew:
    """The workers of a cluster.

    Args:
      evaluator: every worker gets a copy.
      log: of what goes wrong.
      most: how many workers; None for all that the cluster has room for.

    Attributes:
      hired: the worker in each slot.
    """

    def __init__(self, evaluator: Any, log: FaultLog, most: int | None):
        self._ray = import_ray()
        self._log, self._most = log, most
        self._greeting = own_version(), _pickled(evaluator), dict(evaluator.identity)
        self._slots: list[Slot] = []
        self.hired: dict[Slot, Hired] = {}
        self._refused: dict[str, str] = {}
        self._deaths: Counter[str] = Counter()
        self._looked = -float("inf")
        self._waiting = False
        self._heard: float | None = None

    def __len__(self) -> int:
        """Returns for how many workers there is room."""
        return len(self._slots)

    def recruit(self) -> None:
        """Starts a worker in each slot that has none.

        Raises:
          ActsearchError: every machine of the cluster is refused.
        """
        if time.monotonic() - self._looked > LOOK_EVERY:
            self._look()
        for slot in self._slots:
            if slot not in self.hired and slot.node not in self._refused:
                actor = self._start(slot)
                self.hired[slot] = Hired(actor, actor.greet.remote(*self._greeting))
        if not self.hired and self._refused:
            raise ActsearchError(f"No machine of the Ray cluster can work for this search. {self._reasons}")
        why = self._why_waiting()
        if why and not self._waiting:
            self._log.add("waiting", why)
        self._waiting = bool(why)

    def _why_waiting(self) -> str:
        """Returns why nobody works; empty where somebody does, or may in a moment."""
        now = time.monotonic()
        if not self.hired:
            return "no machine of the Ray cluster has a CPU or GPU for a worker"
        if self._heard is None or not all(worker.greets for worker in self.hired.values()):
            self._heard = now
        if now - self._heard <= SILENT:
            return ""
        return f"no worker has started for {SILENT:g} s: other work may have the CPUs or GPUs of the Ray cluster"

    @property
    def _reasons(self) -> str:
        """Why machines were refused, each reason once."""
        return " ".join(dict.fromkeys(self._refused.values()))

    def greeted(self, slot: Slot, greeting: Greeting | None, why: str) -> None:
        """Takes the greeting of a new worker, or the reason why there is none; a machine may be refused for it."""
        if greeting is not None and not greeting.problem:
            self._deaths[slot.node] = 0
            self.hired[slot].free()
            return
        self.dismiss(slot)
        self._deaths[slot.node] += 1
        if greeting is not None:
            self._refuse(slot, greeting.problem)
        elif self._deaths[slot.node] == STARTS:
            self._refuse(slot, f"{STARTS} workers died at their start: {why}")
        else:
            self._log.add("lost", f"{slot} died at its start: {why}")

    def dismiss(self, slot: Slot) -> None:
        """Ends a worker, however it is; perhaps its machine is gone, too."""
        self._ray.kill(self.hired.pop(slot).actor)
        self._looked = -float("inf")

    def close(self) -> None:
        """Ends all workers."""
        for slot in list(self.hired):
            self.dismiss(slot)

    def _look(self) -> None:
        """Finds the slots of the machines that are there; those that are gone are forgotten, and their free workers."""
        self._looked, nodes = time.monotonic(), self._ray.nodes()
        there = {node["NodeID"] for node in nodes if node["Alive"]}
        self._refused = {node: why for node, why in self._refused.items() if node in there}
        self._slots = [slot for slot in slots_of(nodes) if slot.node not in self._refused][: self._most]
        for slot in [slot for slot, worker in self.hired.items() if worker.answer is None and slot not in self._slots]:
            self.dismiss(slot)

    def _start(self, slot: Slot) -> Any:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        place = NodeAffinitySchedulingStrategy(slot.node, soft=False)
        resources = {"num_cpus": 0, "num_gpus": 1} if slot.gpu else {"num_cpus": 1, "num_gpus": 0}
        return self._ray.remote(Worker).options(scheduling_strategy=place, **resources).remote()

    def _refuse(self, slot: Slot, problem: str) -> None:
        """Gives a machine no more work; its other workers say the same, and are not listed."""
        if slot.node not in self._refused:
            self._refused[slot.node] = f"{slot.host} gets no work: {problem}."
            self._log.add("refused", self._refused[slot.node])


def _pickled(evaluator: Any) -> bytes:
    """Returns an evaluator for other processes; modules that were loaded from a user's file go with it."""
    from ray import cloudpickle

    from actsearch.tasks.source import own_modules

    for module in own_modules():
        cloudpickle.register_pickle_by_value(module)
    pickled: bytes = cloudpickle.dumps(evaluator)
    return pickled
