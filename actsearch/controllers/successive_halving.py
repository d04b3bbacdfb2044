"""Successive halving over any controller, after Li, Jamieson, Rostamizadeh, Gonina et al. (2020, arXiv 1810.05934)."""

import math
from typing import Any, NamedTuple

from actsearch.controllers.base import Controller, Proposal
from actsearch.controllers.delivery import nothing, unheard
from actsearch.language import Program
from actsearch.trials.ranking import first_index, length, noted, recalled, retrained

KEPT = 300
"""Candidates remembered at a rung that wait for promotion: the best, of which one goes for every eta that finish."""

WAITING = 4096
"""Promotions remembered whose results are not in; when there are more, the oldest count as lost."""


class _Entry(NamedTuple):
    """A candidate at a rung; kept in the state as a list."""

    score: float
    first: int
    length: float
    text: str
    choices: list[int] | None

    @property
    def program(self) -> Program:
        """The candidate, with the choices that made it."""
        return recalled(self.text, self.choices)


def successive_halving(controller: Controller, *, rungs: int = 3, eta: int = 3) -> Controller:
    """Returns asynchronous successive halving: short trainings for all, longer ones for the best.

    What the inner controller proposes is trained at rung 0. Of the trainings that finish at a rung, one in `eta` goes
    on to the next, the best first and none twice; promotions come before new candidates, those of higher rungs before
    those of lower ones. The inner controller is told rung 0 only, so that the scores it compares are of one length. The
    incumbent is chosen at the longest rung (`actsearch.trials.ranking`).

    Args:
      controller: proposes what starts at rung 0; not itself `repeated` or `successive_halving`.
      rungs: of the task, at least 2; the last one is the full training.
      eta: at least 2. The steps of rung k are 1 / eta^(rungs - 1 - k) of the task's; the task has them.

    Returns:
      The controller, under the inner one's name, with {"rungs", "eta"} as the option "successive_halving".

    Raises:
      ValueError: a hyperparameter out of range, or a controller that repeats or halves already.

    Source: Li et al. 2020, algorithm 2 (ASHA). Different here: the paper promotes whatever is among the best 1 / eta of
    a rung, which as the ranks change is more than 1 / eta in the end; here the best that waits goes when fewer than
    floor(finished / eta) have gone, so that the cost of every rung is known. Only the best 300 that wait are
    remembered. A diverged training counts as finished and goes nowhere.

    Example:
      >>> from actsearch.controllers import random_search
      >>> from actsearch.spaces import swish
      >>> from actsearch.trials.trial import Trial
      >>> controller = successive_halving(random_search(swish()))
      >>> proposals, state = controller.ask(controller.init(0), 3)
      >>> trials = [
      ...     Trial(i, p.program, f"{i}", "ok", score, ({"score": score, "steps": 50.0},))
      ...     for i, (p, score) in enumerate(zip(proposals, [0.7, 0.9, 0.8]))
      ... ]
      >>> proposals, state = controller.ask(controller.tell(state, trials), 2)
      >>> [(proposal.parents, proposal.rung) for proposal in proposals]
      [((1,), 1), ((), 0)]
    """
    for name, value in {"rungs": rungs, "eta": eta}.items():
        if not isinstance(value, int) or value < 2:
            raise ValueError(f"{name} must be an integer of at least 2; received {value!r}.")
    if controller.options.keys() & {"repeated", "successive_halving"}:
        raise ValueError(
            f"successive_halving takes a controller that neither repeats nor halves; {controller.name} does: "
            "write repeated(successive_halving(controller))."
        )

    def init(seed):
        return {
            **{"inner": controller.init(seed), "heard": nothing(), "waiting": []},
            "rungs": [{"finished": 0, "promoted": 0, "best": []} for _ in range(rungs - 1)],
        }

    def ask(state, n):
        ladder, waiting = [dict(rung) for rung in state["rungs"]], list(state["waiting"])
        proposals: list[Proposal] = []
        for place in reversed(range(rungs - 1)):
            rung = ladder[place]
            chosen = rung["best"][: max(0, min(n - len(proposals), rung["finished"] // eta - rung["promoted"]))]
            rung.update(best=rung["best"][len(chosen) :], promoted=rung["promoted"] + len(chosen))
            entries = [_Entry(*row) for row in chosen]
            proposals += [Proposal(entry.program, (entry.first,), 0, place + 1) for entry in entries]
            waiting += [[place + 1, row] for row in chosen]
        wanted = n - len(proposals)
        fresh, inner = controller.ask(state["inner"], wanted) if wanted else ([], state["inner"])
        proposals += [proposal._replace(rung=0) for proposal in fresh]
        return proposals, {**state, "inner": inner, "rungs": ladder, "waiting": waiting[-WAITING:]}

    def tell(state, trials):
        new, heard = unheard(state["heard"], trials)
        waiting = {row[1]: (place, row) for place, row in state["waiting"]}
        finished: list[list[Any]] = [[] for _ in range(rungs)]
        lessons = []
        for trial in new:
            if _is_result(trial, waiting):
                finished[waiting.pop(trial.parents[0])[0]].append(trial)
            elif not retrained(trial):
                lessons.append(trial)
                finished[0].append(trial)
        return {
            **{"inner": controller.tell(state["inner"], lessons), "heard": heard},
            "rungs": [_with(rung, finished[place]) for place, rung in enumerate(state["rungs"])],
            "waiting": [[place, row] for place, row in waiting.values()],
        }

    options = {**controller.options, "successive_halving": {"rungs": rungs, "eta": eta}}
    shares = sum(eta**-place for place in range(rungs))
    least = max(eta + 1, math.ceil(controller.least * shares))
    return Controller(controller.name, options, init, ask, tell, least)


def _is_result(trial, waiting) -> bool:
    """Returns whether a trial is what became of a promotion: of its candidate, and longer, or without a score."""
    if len(trial.parents) != 1 or trial.parents[0] not in waiting or trial.status == "duplicate":
        return False
    entry = _Entry(*waiting[trial.parents[0]][1])
    if trial.program != entry.program:  # a child of the candidate
        return False
    if not retrained(trial):  # a promotion that failed
        return trial.score is None
    return trial.duplicate_of == entry.first and length(trial) > entry.length


def _with(rung, trials):
    """Returns a rung with further trials that finished there."""
    trained = [trial for trial in trials if trial.status in ("ok", "diverged") and trial.score is not None]
    rows = [list(_entry(trial)) for trial in trained if trial.status == "ok"]
    best = sorted([*rung["best"], *rows], key=lambda row: (-row[0], row[1]))[:KEPT]
    return {**rung, "finished": rung["finished"] + len(trained), "best": best}


def _entry(trial) -> _Entry:
    return _Entry(float(trial.score), first_index(trial), length(trial), *noted(trial.program))
