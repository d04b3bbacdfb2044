"""From the raw times of `engine.py` to its two tables: seconds of each way, and figures beside their targets."""

import statistics
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from rich.table import Table

LABELS = {
    "flax, scan": "plain Flax/Optax, one jit of all steps, compilation included",
    "flax, steps": "plain Flax/Optax, jit of a step, compilation included",
    "torch, one_process": "PyTorch eager, 1 process, 1 thread",
    "torch, two_processes": "PyTorch eager, 2 processes, 1 thread each",
    "torch, floor_two_processes": "PyTorch eager with ReLU, 2 processes, 1 thread each",
}
FLOOR_SHARE = 0.75


class Target(NamedTuple):
    """One line of the second table; `limit` and `met` are None where the line only informs."""

    name: str
    figure: float
    limit: str | None = None
    met: bool | None = None


def per_candidate(times: dict[str, Any]) -> dict[str, float]:
    """Returns seconds per candidate of each way: medians over the rounds, means over the candidates."""
    one, many = times["one_device"], times["all_devices"]
    seconds = {name: _mean_of_medians(one[name]) for name in ("interpreted", "specialised")}
    seconds["batch, 1 device"] = statistics.median(many["batch_one_device"]) / many["batch"]
    seconds["batch, all devices"] = statistics.median(many["batch_all_devices"]) / many["batch"]
    seconds["from nothing"] = many["from_nothing"] / many["candidates"]
    for name in ("scan", "steps") if "flax" in times else ():
        seconds[f"flax, {name}"] = statistics.mean(times["flax"][name])
    seconds["floor"] = statistics.median(times["floor"]["batch"]) / times["floor"]["trainings"]
    for name in ("one_process", "two_processes", "floor_two_processes") if "torch" in times else ():
        seconds[f"torch, {name}"] = times["torch"][name] / times["torch"]["candidates"]
    return seconds


def _mean_of_medians(rounds: Sequence[Sequence[float]]) -> float:
    return statistics.mean(statistics.median(row) for row in rounds)


def targets_of(times: dict[str, Any]) -> list[Target]:
    """Returns every figure beside its target."""
    return [*_engine_targets(times), *_peer_targets(times)]


def _engine_targets(times: dict[str, Any]) -> Iterator[Target]:
    seconds, many = per_candidate(times), times["all_devices"]
    ratio = seconds["interpreted"] / seconds["specialised"]
    yield _at_most("interpreted / specialised and warm, time per candidate", ratio, 1.05)
    yield _at_least("candidates at a time", many["devices"], 2)
    speedup = seconds["batch, 1 device"] / seconds["batch, all devices"]
    yield Target(f"speed-up of {many['devices']} devices over 1, same batch", speedup)
    one_device = times["one_device"]["compilations"] | many["compilations_one_device"]
    for name, compilations in (("all devices", many["compilations"]), ("1 device", one_device)):
        for count, compiled in compilations.items():
            yield _at_most(f"compilations for {count} candidates, {name}", compiled, 1)


def _peer_targets(times: dict[str, Any]) -> Iterator[Target]:
    seconds, candidates = per_candidate(times), times["all_devices"]["candidates"]
    search, warm = seconds["from nothing"], seconds["batch, all devices"]
    amortised = f"interpreted, all devices, compilation over {candidates}"
    if "flax" in times:
        plain = min(seconds["flax, scan"], seconds["flax, steps"])
        yield _at_least(f"plain Flax/Optax, faster form / {amortised}", plain / search, 20)
        yield Target("plain Flax/Optax, faster form / the same without compilation", plain / warm)
    if "torch" in times:
        one, two = seconds["torch, one_process"], seconds["torch, two_processes"]
        yield Target(f"PyTorch eager, 1 process / {amortised}", one / search)
        yield Target("PyTorch eager, 1 process / the same without compilation", one / warm)
        floor = seconds["torch, floor_two_processes"] / seconds["floor"]
        yield Target("PyTorch eager, 2 processes / compiled and warm on all devices, ReLU: the floor", floor)
        yield _at_least(f"PyTorch eager, 2 processes / {amortised}", two / search, FLOOR_SHARE * floor)


def _at_most(name: str, figure: float, limit: float) -> Target:
    return Target(name, figure, f"<= {limit:g}", figure <= limit)


def _at_least(name: str, figure: float, limit: float) -> Target:
    return Target(name, figure, f">= {limit:.3g}", figure >= limit)


def ways_table(times: dict[str, Any]) -> Table:
    """Returns the table of seconds."""
    seconds, one, many = per_candidate(times), times["one_device"], times["all_devices"]
    compared, devices = len(one["specialised"]), f"interpreted, {many['devices']} devices"
    compiled = many["first_batch_with_compilation"] - seconds["batch, all devices"] * many["batch"]
    rows: list[tuple[str, int, float | None, float]] = [
        ("interpreted, 1 device, warm", compared, one["interpreted_first"], seconds["interpreted"]),
        ("specialised, 1 device, warm", compared, sum(one["specialised_first"]), seconds["specialised"]),
        ("interpreted, 1 device, batch, warm", many["batch"], None, seconds["batch, 1 device"]),
        (f"{devices}, batch, warm", many["batch"], compiled, seconds["batch, all devices"]),
        (
            f"ReLU, {many['devices']} devices, batch, warm: the floor",
            times["floor"]["trainings"],
            None,
            seconds["floor"],
        ),
        (f"{devices}, compilation included", many["candidates"], None, seconds["from nothing"]),
    ]
    counts = {"flax": len(times.get("flax", {}).get("scan", ())), "torch": times.get("torch", {}).get("candidates", 0)}
    rows += [(LABELS[name], counts[name.split(",")[0]], None, seconds[name]) for name in LABELS if name in seconds]
    table = Table("way", "candidates", "once, s", "per candidate, s", title="Time to train a candidate")
    for name, count, once, each in rows:
        table.add_row(name, str(count), "" if once is None else f"{once:.1f}", f"{each:.4f}")
    differences = _accuracy_differences(one)
    table.caption = (
        f"{one['diverged']} of {compared} candidates diverged; accuracies of the two engines differ by "
        f"{statistics.mean(differences):.4f} on average, {max(differences):.4f} at most"
    )
    return table


def _accuracy_differences(one: dict[str, Any]) -> list[float]:
    return [abs(a - b) for a, b in zip(one["accuracy_interpreted"], one["accuracy_specialised"], strict=True)]


def targets_table(targets: Sequence[Target]) -> Table:
    """Returns the table of figures and targets."""
    table = Table("figure", "measured", "target", "", title="Targets")
    for target in targets:
        outcome = {True: "met", False: "missed", None: ""}[target.met]
        table.add_row(target.name, f"{target.figure:.3g}", target.limit or "", outcome)
    return table
