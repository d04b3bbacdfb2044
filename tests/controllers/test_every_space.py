"""Every controller proposes legal programs of the published spaces, large ones and those of layers too."""

import pytest

from actsearch.controllers import CONTROLLERS, get_controller
from actsearch.spaces import get_space
from actsearch.trials.trial import Trial

SMALL = {
    "ppo": {"hidden": 4, "batch": 4},
    "gflownet": {"hidden": 4, "batch": 4, "updates": 1},
    "surrogate": {"pool": 64},
}


@pytest.mark.parametrize("space", ["swish-2", "evonorm-s"])
@pytest.mark.parametrize("name", [name for name in CONTROLLERS if name != "exhaustive"])
def test_proposes(name, space):
    space = get_space(space)
    controller = get_controller(name, space, **SMALL.get(name, {}))
    state, told = controller.init(0), []
    for _ in range(3):
        proposals, state = controller.ask(state, 6)
        assert len(proposals) == 6
        for proposal in proposals:
            assert space.decode(proposal.program.choices) == proposal.program
        rows = ({"score": 0.5, "a/score": 0.5, "b/score": 0.5},)
        trials = [Trial(len(told) + i, p.program, f"{i}", "ok", i / 6, rows) for i, p in enumerate(proposals)]
        told += trials
        state = controller.tell(state, trials)
