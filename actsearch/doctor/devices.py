"""The devices that JAX uses, those that it could use, and a tiny search on each."""

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import jax

from actsearch.doctor.finding import Finding, size
from actsearch.doctor.machine import ACCELERATORS, has_extra, install
from actsearch.evaluation import TrainingEvaluator
from actsearch.spaces import custom
from actsearch.study import search
from actsearch.tasks import get_task

NAMES = {"cuda": "an NVIDIA GPU", "tpu": "a TPU"}

CANDIDATES, SHARE = 8, 0.04
"""Proposals of the tiny search, duplicates among them, and the share of the task's steps that they are trained for."""


def groups() -> list[Sequence[jax.Device]]:
    """Returns JAX's devices, each accelerator by itself and the cores of a CPU together, as a search uses them."""
    devices = jax.devices()
    cpus = [device for device in devices if device.platform == "cpu"]
    return [[device] for device in devices if device.platform != "cpu"] + ([cpus] if cpus else [])


def described(group: Sequence[jax.Device]) -> Finding:
    """Finds the kind and the memory of devices that are searched on together."""
    device, count = group[0], len(group)
    stats = device.memory_stats() or {}
    memory = stats.get("bytes_limit") or (_memory() if device.platform == "cpu" else None)
    facts = {"platform": device.platform, "kind": device.device_kind, "count": count, "memory": memory}
    text = f"{count} x {device.device_kind}" + (f", {size(memory)} of memory" if memory else "")
    return Finding(f"device {name(group)}", "ok", text, facts)


def name(group: Sequence[jax.Device]) -> str:
    """Returns what lines call devices that are searched on together."""
    return group[0].platform if group[0].platform == "cpu" else f"{group[0].platform}:{group[0].id}"


def searched(group: Sequence[jax.Device]) -> Finding:
    """Finds whether a tiny search runs on devices; whatever goes wrong is the finding."""
    about, began = f"search on {name(group)}", time.perf_counter()
    space = custom(["x", "relu", "sigmoid"], ["+", "*"])
    try:
        task = get_task("digits-mlp").at_fidelity(SHARE)
        evaluator = TrainingEvaluator(space, task, engine="interpret", devices=group)
        trials = search(space, evaluator, "random", CANDIDATES).trials
    except Exception as error:  # a driver may raise anything, and the command is there to say what
        reason = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        return Finding(about, "broken", reason, {"error": reason})
    facts = {"seconds": time.perf_counter() - began, "trained": sum(trial.trained for trial in trials)}
    text = f"{facts['trained']} functions trained on {task.name} in {facts['seconds']:.1f} s, compilation included"
    return Finding(about, "ok" if facts["trained"] else "broken", text, facts)


def unused(platforms: Sequence[str]) -> Iterator[Finding]:
    """Finds accelerators of this machine that JAX does not use.

    Args:
      platforms: of the devices that it does use.
    """
    present = {"cuda": _has_nvidia(), "tpu": any(Path("/dev").glob("accel[0-9]*"))}
    for extra in ACCELERATORS:
        if not present[extra] or ("gpu" if extra == "cuda" else extra) in platforms:
            continue
        text = f"this machine has {NAMES[extra]}, and JAX does not use it"
        facts = {"extra": extra}
        if chosen := os.environ.get("JAX_PLATFORMS"):
            yield Finding("accelerator", "note", f"{text}: JAX_PLATFORMS is {chosen}", facts)
        elif has_extra(extra):
            remedy = "the driver may be too old; JAX_LOGGING_LEVEL=DEBUG shows what JAX tried"
            yield Finding("accelerator", "broken", f"{text}, though it could: {remedy}", facts)
        else:
            yield Finding("accelerator", "note", f"{text}; {install(extra)}", facts)


def _has_nvidia() -> bool:
    return Path("/dev/nvidia0").exists() or _is_listed()


def _is_listed() -> bool:
    """Returns whether the driver's program lists a GPU; it is there in images without one, too."""
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return False
    return "GPU" in listed.stdout


def _memory() -> int | None:
    """Returns the machine's memory in bytes, where the system tells it."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None
