"""What a user changes in code changes its description, and nothing else does; the same in every process."""

import functools
import os
import subprocess
import sys
import textwrap

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from actsearch.language import ActsearchError
from actsearch.language.code import code_digest, describe

RECIPE = """
    import dataclasses
    import functools
    import jax
    import jax.numpy as jnp
    import numpy as np
    import optax
    from flax import nnx
    from actsearch.tasks import Data, Task

    RATE = 0.01
    NAMES = {"b", "a", "c"}

    def scaled(x):
        return again(x) * 1 if len(NAMES) > 9 else x

    def again(x):
        return scaled(x)

    class Network(nnx.Module):
        def __init__(self, layer, rngs, *, width=4):
            self.first, self.unit = nnx.Linear(1, width, rngs=rngs), layer(width)
            self.last = nnx.Linear(width, 1, rngs=rngs)

        def __call__(self, x):
            return self.last(self.unit(self.first(x)))

    class Sine(Task):
        rate: float = 0.5

        @functools.cache
        def data(self):
            x = np.linspace(-3, 3, 30, dtype=np.float32)[:, None]
            return Data(*[(x, np.sin(x))] * 3)

        def init(self, layer, key):
            return Network(layer, nnx.Rngs(params=key))

        def optimizer(self, rate_scale=1.0):
            return optax.adam(self.rate * RATE * rate_scale)

        def loss(self, network, batch, key=None, *, strength=1.5):
            return jnp.mean((scaled(network(batch[0])) - batch[1]) ** 2) * strength

        def metrics(self, network, examples):
            return {"loss": self.loss(network, examples)}

        def score(self, metrics):
            return float(np.exp(-metrics["loss"]))

    def task():
        return Sine(name="sine", steps=3)
"""

CHANGES = {
    "class attribute": ("rate: float = 0.5", "rate: float = 10"),
    "constant": ("RATE = 0.01", "RATE = 1"),
    "skip connection": ("return self.last(", "return x + self.last("),
    "helper": ("again(x) * 1", "again(x) * 100"),
    "helper of a helper": ("return scaled(x)", "return scaled(x) + 1"),
    "default": ("rate_scale=1.0", "rate_scale=2.0"),
    "keyword default": ("strength=1.5", "strength=5.0"),
    "default of the network": ("width=4", "width=5"),
}


def digest_in(source):
    """Returns the digest of the recipe's task; every recipe is of a module of one name."""
    namespace = {"__name__": "recipe"}
    exec(textwrap.dedent(source), namespace)
    return namespace["task"]().digest


@pytest.mark.parametrize("change", CHANGES)
def test_a_recipe_changes_with(change):
    assert RECIPE.count(CHANGES[change][0]) == 1
    assert digest_in(RECIPE.replace(*CHANGES[change])) != digest_in(RECIPE)


def test_words_around_code_do_not_count():
    commented = RECIPE.replace("RATE = 0.01", "# the rate\n    RATE = 0.01\n    UNUSED = 3")
    assert digest_in(commented) == digest_in(RECIPE)


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_a_recipe_is_the_same_in_every_process(hash_seed):
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "JAX_PLATFORMS": "cpu"}
    code = "from tests.language.test_code import RECIPE, digest_in; print(digest_in(RECIPE))"
    output = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert output.stdout.strip() == digest_in(RECIPE)


class Scaled:
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, x):
        return self.factor * x


def power(n):
    return lambda x: x**n


PAIRS = {
    "closures": (power(2), power(3)),
    "objects": (Scaled(2), Scaled(3)),
    "partials": (functools.partial(power, 2), functools.partial(power, 3)),
    "methods": (Scaled(2).__call__, Scaled(3).__call__),
    "closures of libraries": (optax.adam(0.1), optax.adam(0.2)),
    "functions of libraries": (jnp.tanh, jnp.sin),
    "operators": (jnp.add, jnp.multiply),
    "arrays": (np.zeros(2), np.zeros(3)),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_values_differ(pair):
    first, second = PAIRS[pair]
    assert code_digest(first) != code_digest(second)
    assert code_digest(first) == code_digest(first)
    assert " at 0x" not in repr(describe(first))


def test_equal_values_are_equal():
    assert code_digest(Scaled(2)) == code_digest(Scaled(2))
    assert code_digest(power(2)) == code_digest(power(2))


def test_what_has_no_text_is_refused():
    with pytest.raises(ActsearchError, match=r"<object object at 0x.*> is known by its place in memory alone"):
        describe({"field": object()})


def test_a_value_that_holds_itself_ends():
    loop = []
    loop.append(loop)
    assert describe(loop) == (("itself",),)
