"""Evolution with tournaments on the Pareto front of several networks, after Liu, Brock, Simonyan and Le (2020)."""

from typing import Literal

import numpy as np

from actsearch.controllers.base import Controller, Proposal, at_least, require_choice, rng_from, rng_state
from actsearch.spaces import Space
from actsearch.trials.pareto import front


def pareto_tournament(
    space: Space,
    *,
    window: int = 2500,
    tournament: float = 0.05,
    mutations: int = 2,
    injection: float = 0.5,
    selection: Literal["pareto", "average", "first"] = "pareto",
) -> Controller:
    """Returns the evolution that found the EvoNorm layers.

    Each proposal is, with probability `injection`, a fresh random program; else the winner of a tournament, mutated
    `mutations` times. A tournament draws members of the window, the latest trials with a score on every task, without
    replacement; its winner is drawn uniformly from those that no other dominates on the tasks.

    Args:
      space: where programs come from.
      window: members kept, at least 2.
      tournament: share of the window in a tournament, above 0 and at most 1; at least one member.
      mutations: of an offspring, at least 1.
      injection: probability of a fresh program, 0 to 1; every proposal is fresh until the window has a member.
      selection: "pareto", or for comparison "average", the best mean over tasks, or "first", the best on the first.

    Raises:
      ValueError: a hyperparameter out of range, or a space without decisions.

    Source: section 3.3 and appendix. The several objectives are confirmed by public quotations; the numbers, which are
    the defaults here, are from memory of the paper. Different here: proposals come in batches, bred from the window as
    it was when the batch was asked for.

    Example:
      >>> from actsearch.spaces import evonorm
      >>> pareto_tournament(evonorm(), window=200).options["injection"]
      0.5
    """
    at_least("window", window, 2)
    if not 0 < tournament <= 1:
        raise ValueError(f"tournament is a share of the window, above 0 and at most 1; received {tournament}.")
    at_least("mutations", mutations, 1)
    if not 0 <= injection <= 1:
        raise ValueError(f"injection is a probability, from 0 to 1; received {injection}.")
    if selection not in ("pareto", "average", "first"):
        raise ValueError(f"selection is pareto, average or first; received {selection!r}.")

    require_choice("pareto", space)

    def winner(members, rng):
        size = max(1, round(tournament * len(members)))
        drawn = [members[i] for i in rng.choice(len(members), size, replace=False)]
        scores = np.array([member[2] for member in drawn])
        if selection == "pareto":
            return drawn[int(rng.choice(front(scores)))]
        return drawn[int(np.argmax(scores[:, 0] if selection == "first" else scores.mean(axis=1)))]

    def propose(members, rng):
        if not members or rng.random() < injection:
            return Proposal(space.sample(rng))
        index, choices, _ = winner(members, rng)
        program = space.decode(choices)
        for _ in range(mutations):
            program = space.mutate(program, rng)
        return Proposal(program, (index,))

    def ask(state, n):
        rng = rng_from(state["rng"])
        proposals = [propose(state["members"], rng) for _ in range(n)]
        return proposals, {**state, "rng": rng.bit_generator.state}

    def tell(state, trials):
        scored = [
            [trial.index, list(trial.program.choices), list(trial.objectives.values())]
            for trial in trials
            if trial.status == "ok"
        ]
        return {**state, "members": [*state["members"], *scored][-window:]}

    options = {
        **{"window": window, "tournament": tournament, "mutations": mutations, "injection": injection},
        **{"selection": selection},
    }
    return Controller("pareto", options, lambda seed: {"rng": rng_state(seed), "members": []}, ask, tell)
