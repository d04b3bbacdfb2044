"""Slots: where in a Ray cluster a worker has its place. Knows Ray's description of a cluster, and does not call Ray."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple


class Slot(NamedTuple):
    """The place of one worker.

    Attributes:
      node: Ray's id of the machine.
      host: its name, for people.
      number: of the slot on the machine, from 0.
      gpu: whether it is a GPU; else it is a CPU core.
    """

    node: str
    host: str
    number: int
    gpu: bool

    def __str__(self) -> str:
        return f"worker {self.number} on {self.host}"


def slots_of(nodes: Iterable[Mapping[str, Any]]) -> list[Slot]:
    """Returns the slots of a cluster: one for each GPU of a machine, or for each core where it has none.

    Args:
      nodes: as `ray.nodes()` describes them. A machine takes part with the resources that it was started with: one
        with 0 CPUs and no GPU has no worker.

    Example:
      >>> gpu_box = {"NodeID": "a", "NodeManagerHostname": "box", "Alive": True, "Resources": {"CPU": 16.0, "GPU": 1.0}}
      >>> laptop = {"NodeID": "b", "NodeManagerHostname": "lap", "Alive": True, "Resources": {"CPU": 2.0}}
      >>> [str(slot) for slot in slots_of([gpu_box, laptop])]
      ['worker 0 on box', 'worker 0 on lap', 'worker 1 on lap']
    """
    slots = []
    for node in nodes:
        if node["Alive"]:
            resources = node["Resources"]
            gpus = int(resources.get("GPU", 0))
            count = gpus or int(resources.get("CPU", 0))
            slots += [Slot(node["NodeID"], node["NodeManagerHostname"], i, gpus > 0) for i in range(count)]
    return slots
