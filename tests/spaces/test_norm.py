"""The space of normalisers has the published ones and keeps positions apart."""

import numpy as np
import pytest

from actsearch.catalog import CATALOG
from actsearch.engine import find_member
from actsearch.language.reductions import Reduction
from actsearch.spaces import norm


@pytest.mark.parametrize("name", ["layer_norm", "dyt"])
def test_published_normalisers_are_members(name):
    assert find_member(norm(), CATALOG[name].program) is not None


def test_rms_norm_is_a_member_but_for_the_offset():
    space = norm()
    genotype = space.encode(space.decode((0, 1, 0, 0)))
    assert str(space.decode(genotype)) == "x / feature_rms(x) * gamma + shift"


def test_statistics_run_over_features_alone():
    allowed = {Reduction("feature", statistic).name for statistic in ("mean", "rms", "std")}
    space = norm()
    used = {reduction.name for genotype in space.enumerate() for reduction in space.decode(genotype).reductions}
    assert used == allowed


def test_the_same_draws_from_the_same_seed():
    first, second = (norm().sample(np.random.default_rng(3)) for _ in range(2))
    assert first == second
