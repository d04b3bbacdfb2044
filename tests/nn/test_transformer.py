"""The Transformer: sites where they belong, attention as published, and no position that sees a later one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from actsearch import parse
from actsearch.language import ActsearchError
from actsearch.language.reductions import INDEX_SETS
from actsearch.nn import Layer, TransformerConfig, sites
from actsearch.nn.transformer import Attention, per_token

VOCABULARY, LENGTH, FEATURES = 11, 7, 12
TOKENS = np.random.default_rng(0).integers(0, VOCABULARY, (3, LENGTH)).astype(np.int32)
WORDS = ["batch_mean", "instance_std", "layer_rms", "group_std", "feature_mean"]
"""One statistic over each index set."""


def config(site):
    return TransformerConfig(VOCABULARY, LENGTH, FEATURES, heads=2, blocks=1, site=site)


def network(site, program):
    return config(site)(lambda features: Layer(parse(program), features, groups=4), rngs=nnx.Rngs(0))


def gated(gate, up):
    return jax.nn.sigmoid(gate) * up


def changed(run):
    """Returns which logits [changed position, position] a change of one token reaches, of any example."""
    others = np.repeat(TOKENS[None], LENGTH, axis=0)
    for position, other in enumerate(others):
        other[:, position] = (other[:, position] + 1) % VOCABULARY
    differences = jax.jit(jax.vmap(run))(others) - run(TOKENS)[None]
    return np.any(np.abs(differences) > 1e-5, axis=(1, 3))


@pytest.mark.parametrize(
    ("site", "features"),
    [("ffn", [48]), ("gate", [32]), ("norm", [12] * 3)],
)
def test_sites(site, features):
    assert [row.features for row in sites(lambda layer: config(site)(layer, rngs=nnx.Rngs(0)))] == features


@pytest.mark.parametrize("site", ["ffn", "gate", "norm"])
def test_logits(site):
    layer = gated if site == "gate" else jnp.tanh
    logits = jax.eval_shape(lambda: config(site)(lambda features: layer, rngs=nnx.Rngs(0))(TOKENS))
    assert (logits.shape, logits.dtype) == ((3, LENGTH, VOCABULARY), jnp.float32)


def test_a_shorter_input_has_the_first_logits_of_a_longer_one():
    model = network("ffn", "tanh(x)")
    np.testing.assert_allclose(model(TOKENS[:, :4]), model(TOKENS)[:, :4], rtol=1e-4, atol=1e-6)


def test_a_longer_input_is_refused():
    with pytest.raises(ActsearchError, match=f"takes up to {LENGTH} tokens; received {LENGTH + 1}: make one of a"):
        network("ffn", "tanh(x)")(jnp.zeros((1, LENGTH + 1), jnp.int32))


def test_a_gate_is_called_with_gate_and_up():
    model = config("gate")(lambda features: lambda gate, up: gate, rngs=nnx.Rngs(0))
    before = model(TOKENS)
    model.blocks[0].feed_forward.up.kernel[...] *= 3
    np.testing.assert_array_equal(model(TOKENS), before)
    model.blocks[0].feed_forward.gate.kernel[...] *= 3
    assert np.abs(model(TOKENS) - before).max() > 1e-3


def test_attention_is_that_of_the_paper():
    """softmax(Q K^T / sqrt(d)) V of each head over the positions up to its own, computed one by one."""
    attention = Attention(6, 2, nnx.initializers.normal(1.0), rngs=nnx.Rngs(0))
    x = np.random.default_rng(1).normal(size=(2, 5, 6)).astype(np.float32)
    projected = x @ np.asarray(attention.projection.kernel[...])
    heads = np.zeros_like(x)
    for batch, head, position in np.ndindex(2, 2, 5):
        columns = slice(3 * head, 3 * head + 3)
        query, key, value = (projected[batch, :, 6 * part : 6 * part + 6][:, columns] for part in range(3))
        weights = np.exp(key[: position + 1] @ query[position] / np.sqrt(3))
        heads[batch, position, columns] = weights @ value[: position + 1] / weights.sum()
    np.testing.assert_allclose(attention(x), heads @ np.asarray(attention.output.kernel[...]), rtol=1e-3, atol=1e-5)


def test_every_index_set_is_tried():
    assert [word.split("_")[0] for word in WORDS] == list(INDEX_SETS)


@pytest.mark.parametrize("word", ["x", *WORDS])
@pytest.mark.parametrize("site", ["ffn", "norm"])
def test_no_position_sees_a_later_one(site, word):
    """Whatever statistic a candidate uses; those over the batch in evaluation, where they are constants."""
    model = network(site, word if word == "x" else f"x + 3 * {word}(x) * gamma")
    if word.startswith("batch"):
        model(TOKENS)  # evaluation needs moving averages
        model.eval()
    reached = changed(lambda tokens: nnx.clone(model)(tokens))
    assert not np.tril(reached, -1).any()
    assert reached.diagonal().all()


def test_a_site_outside_per_token_would_look_ahead():
    """What the protection is for: a statistic over the positions of a sequence."""
    layer = Layer(parse("x + layer_mean(x)"), 4)
    x, other = np.ones((2, 1, 3, 4), np.float32)
    other[0, 2] += 1
    assert np.abs(layer(x) - layer(other))[0, :2].max() > 0
    assert np.abs(per_token(layer, x) - per_token(layer, other))[0, :2].max() == 0


def test_starts_at_the_scale_of_gpt2():
    model = TransformerConfig(50, 16, 192, 4, 3)(lambda features: jnp.tanh, rngs=nnx.Rngs(0))
    block = model.blocks[0]
    kernels = block.attention.projection.kernel, block.feed_forward.up.kernel, model.tokens.embedding
    shortcuts = block.attention.output.kernel, block.feed_forward.down.kernel
    assert [float(jnp.std(kernel[...])) for kernel in kernels] == pytest.approx([0.04] * 3, rel=0.03)
    assert [float(jnp.std(kernel[...])) for kernel in shortcuts] == pytest.approx([0.04 / 6**0.5] * 2, rel=0.03)
    assert not np.asarray(block.feed_forward.up.bias[...]).any()


def test_the_initial_scale_multiplies_matrices_alone():
    def weights(scale):
        config = TransformerConfig(10, 8, 16, 2, 1, "norm", init_scale=scale)
        model = config(lambda features: Layer(parse("x * gamma"), features), rngs=nnx.Rngs(0))
        return jax.tree.leaves(nnx.state(model, nnx.Param))

    ranks = set()
    for plain, wide in zip(weights(1.0), weights(4.0), strict=True):
        np.testing.assert_array_equal(wide, plain * (4 if plain.ndim == 2 else 1))
        ranks.add(plain.ndim)
    assert ranks == {1, 2}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"site": "head"}, "site is one of ffn, gate, norm; received 'head'"),
        ({"heads": 5}, "heads must divide the features, 12; received 5"),
    ],
)
def test_bounds(change, message):
    arguments = {"vocabulary": 9, "length": 4, "features": 12, "heads": 2, "blocks": 1} | change
    with pytest.raises(ActsearchError, match=message):
        TransformerConfig(**arguments)(lambda features: jnp.tanh, rngs=nnx.Rngs(0))
