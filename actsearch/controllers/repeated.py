"""Repeated evaluation of promising candidates, over any controller, so that a lucky score does not win."""

import math

from actsearch.controllers.base import Controller, Proposal
from actsearch.controllers.delivery import nothing, unheard
from actsearch.trials.ranking import added, blank, length, promising, ranked, retrained

KEPT = 300
"""Candidates remembered at least: many more than are ever promising at once."""


def repeated(controller: Controller, *, share: float = 0.1, most: int = 4) -> Controller:
    """Returns a controller that spends a share of its proposals on training promising candidates again.

    Which are promising is the rule of `actsearch.trials.ranking`: those whose upper bound is above the incumbent's
    lower bound. Each call may spend `share * n` proposals on repeats; an unused part goes to new candidates. When the
    inner controller has nothing left, all that is asked for goes to promising candidates.

    The inner controller is told first evaluations only: a search that lives on its own proposals, one score for each,
    stays what its paper says. The repeats are for choosing the incumbent, in the archive as in here. An inner
    successive halving is repeated at its longest rung, once that was reached, and knows repeats from promotions.

    Args:
      controller: proposes the rest; not itself `repeated`. Wrap successive halving, and not the other way round.
      share: of proposals, above 0 and below 1.
      most: evaluations of a candidate at most, the first one included; at least 2.

    Returns:
      The controller, under the inner one's name, with {"share", "most"} as the option "repeated".

    Raises:
      ValueError: a hyperparameter out of range, or a controller that repeats already.

    Example:
      >>> from actsearch.controllers import random_search
      >>> from actsearch.spaces import swish
      >>> from actsearch.trials.trial import Trial
      >>> controller = repeated(random_search(swish()), share=0.5)
      >>> proposals, state = controller.ask(controller.init(0), 2)
      >>> trials = [Trial(i, p.program, f"{i}", "ok", 0.8 + i / 10) for i, p in enumerate(proposals)]
      >>> proposals, state = controller.ask(controller.tell(state, trials), 2)
      >>> [(proposal.parents, proposal.repeat) for proposal in proposals]
      [((), 0), ((1,), 1)]
    """
    if not 0 < share < 1:
        raise ValueError(f"share is of the proposals, above 0 and below 1; received {share}.")
    if not isinstance(most, int) or most < 2:
        raise ValueError(f"most must be an integer of at least 2, the first evaluation included; received {most!r}.")
    if "repeated" in controller.options:
        raise ValueError(f"{controller.name} repeats its candidates already: give `repeated` the controller inside.")
    rungs = controller.options.get("successive_halving", {}).get("rungs")

    def init(seed):
        return {
            **{"inner": controller.init(seed), "heard": nothing(), "ledger": blank(), "asked": {}},
            **{"lengths": [], "owed": 0.0},
        }

    def again(state, n):
        """Returns up to n proposals of repeats, and by fingerprint how many were asked for with them."""
        if rungs and len(state["lengths"]) < rungs:
            return [], {}
        # A repeat that was asked for counts as one, lest its seeds be used twice while it is in flight.
        found = [
            one._replace(evaluations=max(one.evaluations, 1 + state["asked"].get(one.fingerprint, 0)))
            for one in ranked(state["ledger"])
        ]
        chosen = promising(found, n, most)
        rung = rungs - 1 if rungs else None
        proposals = [Proposal(one.program, (one.first,), one.evaluations, rung) for one in chosen]
        return proposals, {one.fingerprint: one.evaluations for one in chosen}

    def ask(state, n):
        owed = state["owed"] + share * n
        repeats, asked = again(state, min(n, int(owed)))
        wanted = n - len(repeats)
        fresh, inner = controller.ask(state["inner"], wanted) if wanted else ([], state["inner"])
        if len(fresh) < wanted:
            repeats, asked = again(state, n - len(fresh))
        asked = {**state["asked"], **asked}
        return [*fresh, *repeats], {**state, "inner": inner, "owed": owed - int(owed), "asked": asked}

    def tell(state, trials):
        new, heard = unheard(state["heard"], trials)
        ledger = added(state["ledger"], new, KEPT)
        lengths = {*state["lengths"], *(length(trial) for trial in new if trial.status == "ok")}
        asked = {name: count for name, count in state["asked"].items() if name in ledger["candidates"]}
        lessons = new if rungs else [trial for trial in new if not retrained(trial)]
        return {
            **{"inner": controller.tell(state["inner"], lessons), "heard": heard, "ledger": ledger, "asked": asked},
            **{"lengths": sorted(lengths)[-rungs:] if rungs else [], "owed": state["owed"]},
        }

    options = {**controller.options, "repeated": {"share": share, "most": most}}
    return Controller(controller.name, options, init, ask, tell, math.ceil(controller.least / (1 - share)))
