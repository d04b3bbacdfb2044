"""Regularized (aging) evolution, after Real, Aggarwal, Huang and Le (2019, arXiv 1802.01548)."""

from actsearch.controllers.base import Controller, Proposal, at_least, require_choice, rng_from, rng_state
from actsearch.spaces import Space


def regularized_evolution(
    space: Space, *, population: int = 100, sample: int = 25, mutation: float = 1.0
) -> Controller:
    """Returns aging evolution: the best of a random sample breeds, the oldest member dies.

    The first `population` members are random. Each later proposal is a mutation of the best of `sample` members drawn
    without replacement. Only trials with a score become members, so a rejected program takes no one's place; a
    diverged one has score 0.

    Args:
      space: where programs come from.
      population: members kept, at least 2; the paper's default is 100.
      sample: members in a tournament, 1 to `population`; the paper's default is 25.
      mutation: probability that a proposal is a mutation and not a fresh random program; the paper always mutates.

    Raises:
      ValueError: a hyperparameter out of range, or a space without decisions.

    Source: Real et al. 2019, algorithm 1. Different here: proposals come in batches, bred from the population as it was
    when the batch was asked for, as the paper's parallel workers do.

    Example:
      >>> from actsearch.spaces import swish
      >>> regularized_evolution(swish(), population=50, sample=10).options["sample"]
      10
    """
    at_least("population", population, 2)
    at_least("sample", sample, 1)
    if sample > population:
        raise ValueError(f"sample must be from 1 to population ({population}); received {sample}.")
    if not 0 <= mutation <= 1:
        raise ValueError(f"mutation is a probability, from 0 to 1; received {mutation}.")

    require_choice("evolution", space)

    def init(seed):
        return {"rng": rng_state(seed), "members": []}

    def propose(members, rng):
        if len(members) < population or rng.random() >= mutation:
            return Proposal(space.sample(rng))
        tournament = rng.choice(len(members), sample, replace=False)
        # The younger of two equals wins, so that ties do not keep old members breeding.
        index, choices, _ = max((members[i] for i in tournament), key=lambda member: (member[2], member[0]))
        return Proposal(space.mutate(space.decode(choices), rng), (index,))

    def ask(state, n):
        rng = rng_from(state["rng"])
        proposals = [propose(state["members"], rng) for _ in range(n)]
        return proposals, {**state, "rng": rng.bit_generator.state}

    def tell(state, trials):
        scored = [[t.index, list(t.program.choices), t.score] for t in trials if t.score is not None]
        return {**state, "members": [*state["members"], *scored][-population:]}

    options = {"population": population, "sample": sample, "mutation": mutation}
    return Controller("evolution", options, init, ask, tell, least=population + 1)
