"""Initial weights are Flax's own, to the last bit, whatever their shape, and a new shape compiles no new draw."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from actsearch.nn.initial import MOST, he_normal, normal

PAIRS = {
    "he_normal": (he_normal, nnx.initializers.he_normal()),
    "normal": (normal(0.02), nnx.initializers.normal(0.02)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_weights_are_those_of_flax(name):
    ours, theirs = PAIRS[name]
    key = jax.random.key(7)
    for shape, dtype in (((3, 1, 8, 16), None), ((5, 7), jnp.bfloat16), ((MOST + 1, 1), jnp.float32)):
        np.testing.assert_array_equal(ours(key, shape, dtype), theirs(key, shape, dtype))


def test_a_further_shape_compiles_no_draw(caplog):
    key = jax.random.key(7)
    he_normal(key, (11, 13))
    with jax.log_compiles():
        he_normal(key, (13, 12))
    compiled = [record.getMessage() for record in caplog.records if "Finished XLA" in record.getMessage()]
    assert any("_cut" in line for line in compiled)
    assert not any("normal" in line for line in compiled)
