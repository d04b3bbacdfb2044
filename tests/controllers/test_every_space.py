"""Every controller proposes legal programs of the published spaces, large ones and those of layers too."""

import pytest

from actsearch.controllers import CONTROLLERS, get_controller
from actsearch.spaces import get_space
from tests.helpers.playing import PlayEvaluator, play

SMALL = {
    "ppo": {"hidden": 4, "batch": 4},
    "gflownet": {"hidden": 4, "batch": 4, "updates": 1},
    "surrogate": {"pool": 64},
}


LONG = {"surrogate", "ppo", "gflownet"}  # up to half a minute each on a space that cannot be enumerated
NAMES = [
    pytest.param(name, marks=pytest.mark.slow if name in LONG else []) for name in CONTROLLERS if name != "exhaustive"
]


@pytest.mark.parametrize("space", ["swish-2", "evonorm-s"])
@pytest.mark.parametrize("name", NAMES)
def test_proposes(name, space):
    space, evaluator = get_space(space), PlayEvaluator(stage=lambda choices: "ok")
    controller = get_controller(name, **SMALL.get(name, {}))
    proposals, *_ = play(controller, 0, 3, space=space, size=6, evaluator=evaluator)
    assert len(proposals) == 18
    assert all(space.decode(proposal.genotype) == proposal.program for proposal in proposals)
