"""How often the gates of a search are wrong: a random sample of what each one rejected, trained in full."""

from collections.abc import Sequence

import numpy as np

from actsearch.analysis import FalseReject, false_reject
from actsearch.evaluation.engines import Engine
from actsearch.evaluation.gates import GATES
from actsearch.evaluation.training import TrainingEvaluator, repeat_seeds
from actsearch.language import ActsearchError
from actsearch.spaces import Space
from actsearch.tasks import Task
from actsearch.trials import Proposal, Status, Trial
from actsearch.trials.ranking import of_highest_fidelity


def audit(
    trials: Sequence[Trial],
    space: Space,
    tasks: Task | str | Sequence[Task],
    *,
    sample: int = 30,
    seed: int = 0,
    share: float = 0.1,
    engine: Engine = "auto",
) -> dict[str, FalseReject]:
    """Returns, for each gate, how many of its rejects would have made the top `share` of the accepted trials.

    Args:
      trials: of one search, or of several with one space and the same tasks.
      space: where they were drawn from.
      tasks: what they were scored on: a Task, several, or names joined by "+".
      sample: rejects trained for each gate, drawn at random without replacement.
      seed: of the sample.
      share: of the accepted trials that counts as the top, above 0 and at most 1.
      engine: as for `TrainingEvaluator`.

    Returns:
      One FalseReject for each gate that rejected anything, in the order of `GATES`, and unknown gates behind them.
      "shape" is not among them, as its rejects cannot be trained, and duplicates are not: what they would have scored
      is known, their first one's score.

    Raises:
      ActsearchError: no accepted trial to compare with, or trials of another space.
    """
    _check_space(trials, space)
    accepted = of_highest_fidelity(trials)
    if not accepted:
        raise ActsearchError(
            f"An audit compares rejects with accepted trials; none of these {len(trials):,} was accepted: "
            "search longer."
        )
    chosen = _sample(trials, sample, np.random.default_rng(seed))
    proposals = [Proposal(trial.program, trial.genotype) for rejects in chosen.values() for trial in rejects]
    seeds = repeat_seeds(accepted[0].seeds or (0,), -accepted[0].repeat)
    evaluator = TrainingEvaluator(space, tasks, seeds=seeds, engine=engine, budget=len(proposals), gates=("shape",))
    worst = min(task.worst for task in evaluator.tasks)  # of one that could not be trained
    scores = iter([worst if trial.score is None else trial.score for trial in evaluator.evaluate(proposals, 0)])
    best = [trial.score or 0.0 for trial in accepted]
    return {gate: false_reject([next(scores) for _ in rejects], best, share) for gate, rejects in chosen.items()}


def _check_space(trials: Sequence[Trial], space: Space) -> None:
    """Raises where a trial's genotype is no genotype of its program in this space."""
    for trial in trials:
        genotype = trial.genotype
        if genotype is not None and (genotype.space != space.name or space.decode(genotype) != trial.program):
            raise ActsearchError(
                f"Trial {trial.index}, {trial.program}, is of the space {genotype.space}, and not of the space "
                f"{space.name} given here: audit trials with the space that they were drawn from."
            )


def _sample(trials: Sequence[Trial], sample: int, rng: np.random.Generator) -> dict[str, list[Trial]]:
    """Returns up to `sample` random rejects of each gate that a program can be trained in spite of."""
    rejects: dict[str, list[Trial]] = {}
    for trial in trials:
        if trial.status is Status.REJECTED and trial.gate != "shape":
            rejects.setdefault(trial.gate, []).append(trial)
    order = [gate for gate in dict.fromkeys([*GATES, *rejects]) if gate in rejects]
    return {gate: _drawn(rejects[gate], sample, rng) for gate in order}


def _drawn(trials: Sequence[Trial], sample: int, rng: np.random.Generator) -> list[Trial]:
    return [trials[i] for i in sorted(rng.choice(len(trials), min(sample, len(trials)), replace=False))]
