"""Times the PyTorch loop of `torch_peer`, and compares its trainings with those of JAX; `engine.py` uses it."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
from flax import nnx

from actsearch.evaluation import Trainer, init_state
from actsearch.spaces import Space
from actsearch.tasks import Classification
from actsearch.trials import Proposal
from experiments.benchmarks import torch_peer
from experiments.benchmarks.flax_peer import scaled_parts

ACCURACY_TOLERANCE = 0.02  # of final accuracies, 9 of 449 validation examples: rounding grows over hundreds of steps
LOSS_TOLERANCE = 1e-3  # of losses after a few steps, relative: there rounding has not grown yet
EARLY_STEPS = 10


def measure_torch(
    task: Classification,
    space: Space,
    candidates: Sequence[Proposal],
    trainer: Trainer,
    seed: int,
    shown: int,
    say: Callable[..., None],
) -> dict[str, Any]:
    """Times PyTorch in one process and in two, there with the baseline too; compares its outcomes with those of JAX."""
    covered = [candidate for candidate in candidates if torch_peer.covers(candidate.program)]
    say(f"PyTorch: {len(covered)} of {len(candidates)} candidates are covered by its table of primitives")
    programs, work = [candidate.program for candidate in covered], torch_work(task, seed)
    one, trained = torch_peer.train_all(work, programs, processes=1)
    two, _ = torch_peer.train_all(work, programs, processes=2)
    floor, _ = torch_peer.train_all(work, [task.baseline] * len(programs), processes=2)
    short = dataclasses.replace(task, steps=EARLY_STEPS)
    _, begun = torch_peer.train_all(torch_work(short, seed), programs, processes=1)
    jobs = trainer.jobs([candidate.genotype.choices for candidate in covered], [seed])
    early = Trainer.interpreted(short, space.template)(jobs)
    checks = [
        {
            "program": str(program),
            "jax_early_loss": jax_early.metrics["loss"],
            "torch_early_loss": torch_early.loss,
            "jax_accuracy": jax_end.metrics["accuracy"],
            "torch_accuracy": torch_end.accuracy,
            "diverged": not math.isfinite(jax_end.metrics["loss"]),
        }
        for program, jax_early, torch_early, jax_end, torch_end in zip(
            programs, early, begun, trainer(jobs), trained, strict=True
        )
    ]
    print_checks(checks, shown, say)
    return {
        "one_process": one,
        "two_processes": two,
        "floor_two_processes": floor,
        "candidates": len(covered),
        "seconds": [row.seconds for row in trained],
        "checks": checks,
    }


def torch_work(task: Classification, seed: int) -> torch_peer.Work:
    """Returns a task's data, and the state that a seed fixes, as PyTorch needs them."""
    state = jax.device_get(init_state(task, seed))
    linears = nnx.to_pure_dict(state.weights)["linears"]
    weights = [(np.asarray(linears[i]["kernel"]), np.asarray(linears[i]["bias"])) for i in sorted(linears)]
    parts = tuple(np.asarray(part) for part in scaled_parts(task))
    return torch_peer.Work(parts, weights, np.array(state.batches), task.recipe.learning_rate, task.recipe.momentum)


def print_checks(checks: Sequence[dict[str, Any]], shown: int, say: Callable[..., None]) -> None:
    """Prints some of the checks and counts all; a diverged training has no accuracy to compare."""
    for check in checks[:shown]:
        early = f"loss after {EARLY_STEPS} steps {check['jax_early_loss']:.5g} and {check['torch_early_loss']:.5g}"
        final = f"final accuracy {check['jax_accuracy']:.4f} and {check['torch_accuracy']:.4f}"
        say(f"  {check['program']}: {early}, {final}", highlight=False, markup=False, soft_wrap=True)
    losses = [(check["jax_early_loss"], check["torch_early_loss"]) for check in checks]
    alike = sum(bool(np.isclose(a, b, rtol=LOSS_TOLERANCE, equal_nan=True)) for a, b in losses)
    pairs = [(check["jax_accuracy"], check["torch_accuracy"]) for check in checks if not check["diverged"]]
    close = sum(abs(a - b) <= ACCURACY_TOLERANCE for a, b in pairs)
    early = f"loss after {EARLY_STEPS} steps, within {LOSS_TOLERANCE:g}"
    say(f"JAX and PyTorch agree on the {early}: {alike} of {len(losses)}")
    trained = f"{len(pairs)} that did not diverge"
    say(f"JAX and PyTorch agree on the final accuracy, within {ACCURACY_TOLERANCE}: {close} of {trained}")
