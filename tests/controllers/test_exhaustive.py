"""Exhaustive search proposes every genotype once, in an order that the seed fixes."""

import pytest

from actsearch.controllers import Exhaustive
from actsearch.language import ActsearchError
from actsearch.spaces import swish
from tests.helpers.playing import SPACE, choices_of


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("size", [7, 48, 100])
def test_it_proposes_everything_once(shuffle, size):
    controller = Exhaustive(shuffle=shuffle)
    state, proposed = controller.init(SPACE, 0), []
    while True:
        proposals, state = controller.ask(SPACE, state, size)
        if not proposals:
            break
        proposed += choices_of(proposals)
    everything = [genotype.choices for genotype in SPACE.enumerate()]
    assert sorted(proposed) == everything
    assert (proposed == everything) is not shuffle


def test_it_refuses_a_large_space():
    with pytest.raises(
        ActsearchError, match="at most 10,000,000 programs; swish-2 has 156,250,000: use the controller"
    ):
        Exhaustive().init(swish(2), 0)
