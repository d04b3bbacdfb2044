"""A decoder-only Transformer for language models; its sites are the activation, the gate, or the normaliser."""

import dataclasses
from typing import Any, Literal, get_args

import jax
import jax.numpy as jnp
from flax import nnx

from actsearch.language import ActsearchError
from actsearch.nn.initial import normal
from actsearch.nn.layer import LayerFactory

SiteKind = Literal["ffn", "gate", "norm"]
"""What candidates stand for in a Transformer."""

FEW_TOKENS = 1_024
"""Most tokens of a vocabulary whose embedding is a product with one-hot rows."""


def gpt2_normal(features: int, parts: int = 1) -> nnx.Initializer:
    """Returns GPT-2's initial weights, 0.02 at its width of 768, for a width; `parts` are added on one shortcut."""
    return normal(0.02 * (768 / features / parts) ** 0.5)


def per_token(layer: Any, *arrays: jax.Array) -> jax.Array:
    """Returns a layer's output for arrays [batch, length, features], each token an example of its own.

    The layer is given [batch * length, 1, features]: so a statistic over positions has one position, and no program
    can look ahead. Statistics over the batch run over all tokens in training, and in evaluation are moving averages.
    """
    y: jax.Array = layer(*(x.reshape(-1, 1, x.shape[-1]) for x in arrays))
    return y.reshape(arrays[0].shape)


class Attention(nnx.Module):
    """Multi-head self-attention (Vaswani et al. 2017, section 3.2).

    Args:
      features: of the input, of the output, and of all heads together; divisible by `heads`.
      heads: number of heads.
      init: of the output's kernel.
      causal: whether a position attends to itself and those before it alone.
      rngs: for the initial weights.
    """

    def __init__(self, features: int, heads: int, init: nnx.Initializer, *, causal: bool = True, rngs: nnx.Rngs):
        self.heads, self.causal = heads, causal
        self.projection = nnx.Linear(features, 3 * features, kernel_init=gpt2_normal(features), rngs=rngs)
        self.output = nnx.Linear(features, features, kernel_init=init, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        batch, length, features = x.shape
        projected = self.projection(x).reshape(batch, length, 3, self.heads, features // self.heads)
        query, key, value = jnp.moveaxis(projected, (2, 3), (0, 2))  # each [batch, heads, length, features of a head]
        scores = query @ key.swapaxes(-1, -2) / (features // self.heads) ** 0.5
        if self.causal:
            seen = jnp.tril(jnp.ones((1, 1, length, length), bool))
            scores = jnp.where(seen, scores, -jnp.inf)
        weights = jax.nn.softmax(scores.astype(jnp.float32)).astype(x.dtype)
        return self.output((weights @ value).swapaxes(1, 2).reshape(x.shape))


class FeedForward(nnx.Module):
    """Linear, activation, linear, of four times the width inside; the activation is a site, or GELU.

    Arguments as TransformerBlock's; `init` is that of the last kernel.
    """

    def __init__(self, features: int, layer: LayerFactory | None, init: nnx.Initializer, *, rngs: nnx.Rngs):
        self.up = nnx.Linear(features, 4 * features, kernel_init=gpt2_normal(features), rngs=rngs)
        self.layer = None if layer is None else layer(4 * features)
        self.down = nnx.Linear(4 * features, features, kernel_init=init, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        h = self.up(x)
        return self.down(nnx.gelu(h) if self.layer is None else per_token(self.layer, h))


class GatedFeedForward(nnx.Module):
    """Two linear maps joined by `layer(gate, up)`, and a third (Shazeer 2020, GLU variants improve Transformer).

    Two thirds of the width of FeedForward, rounded, so that the number of weights is that of FeedForward.
    """

    def __init__(self, features: int, layer: LayerFactory, init: nnx.Initializer, *, rngs: nnx.Rngs):
        inner = round(8 * features / 3)
        self.gate = nnx.Linear(features, inner, kernel_init=gpt2_normal(features), rngs=rngs)
        self.up = nnx.Linear(features, inner, kernel_init=gpt2_normal(features), rngs=rngs)
        self.layer = layer(inner)
        self.down = nnx.Linear(inner, features, kernel_init=init, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.down(per_token(self.layer, self.gate(x), self.up(x)))


class TransformerBlock(nnx.Module):
    """Attention and feed-forward, each behind a normaliser and beside a shortcut.

    Args:
      features: of the input and the output.
      heads: number of heads; a divisor of `features`.
      layer: makes the layer of a site from its number of features.
      site: as Transformer's.
      init: of the kernels that end on the shortcut.
      causal: as Attention's.
      rngs: for the initial weights.

    Raises:
      ActsearchError: an unknown site.
    """

    def __init__(
        self,
        features: int,
        heads: int,
        layer: LayerFactory,
        site: SiteKind,
        init: nnx.Initializer,
        *,
        causal: bool = True,
        rngs: nnx.Rngs,
    ):
        if site not in get_args(SiteKind):
            raise ActsearchError(f"A Transformer's site is one of {', '.join(get_args(SiteKind))}; received {site!r}.")
        self.norm1 = normalizer(features, layer, site, rngs)
        self.attention = Attention(features, heads, init, causal=causal, rngs=rngs)
        self.norm2 = normalizer(features, layer, site, rngs)
        if site == "gate":
            self.feed_forward: nnx.Module = GatedFeedForward(features, layer, init, rngs=rngs)
        else:
            self.feed_forward = FeedForward(features, layer if site == "ffn" else None, init, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = x + self.attention(per_token(self.norm1, x))
        y: jax.Array = x + self.feed_forward(per_token(self.norm2, x))
        return y


class Transformer(nnx.Module):
    """A decoder-only pre-norm Transformer, tokens int32 [batch, length] -> logits [batch, length, vocabulary].

    Logits at a position depend on the tokens up to it, in evaluation for every program at the sites; in training, too,
    for every program without statistics over the batch.

    Initial weights as GPT-2's (Radford et al. 2019, section 2.3, and its code): normal of standard deviation 0.02 at
    its width of 768, kernels that end on a shortcut over the square root of their number, biases 0. Ours: positions,
    too, begin with 0.02, as in nanoGPT, where GPT-2's code has 0.01; at another width the deviation is that times
    sqrt(768 / features), so that sites see the scale that they see there; and the head is not the embedding transposed,
    unless it is `tied`.

    Args:
      vocabulary: number of tokens.
      length: most tokens of an input.
      features: width.
      heads: of the attention; a divisor of `features`.
      blocks: number of blocks.
      layer: makes the layer of a site from its number of features.
      site: "ffn": the activation of the feed-forward; "gate": what joins the two halves of a gated feed-forward, a
        layer that is called with two arrays; "norm": every normaliser, in the place of LayerNorm, beside GELU.
      init_scale: factor on every initial matrix. A network of a few blocks trains without normalisers at GPT-2's
        weights, and does not at four times these.
      tied: whether the head is the embedding transposed, without bias, as in GPT-2.
      rngs: for the initial weights.

    Raises:
      ActsearchError: an unknown site, or heads that do not divide the features.
    """

    def __init__(
        self,
        vocabulary: int,
        length: int,
        features: int,
        heads: int,
        blocks: int,
        layer: LayerFactory,
        *,
        site: SiteKind = "ffn",
        init_scale: float = 1.0,
        tied: bool = False,
        rngs: nnx.Rngs,
    ):
        if features % heads:
            raise ActsearchError(f"heads must divide the features, {features}; received {heads}.")
        init, last = gpt2_normal(features), gpt2_normal(features, 2 * blocks)
        self.tokens = nnx.Embed(vocabulary, features, embedding_init=init, rngs=rngs)
        self.positions = nnx.Embed(length, features, embedding_init=init, rngs=rngs)
        self.blocks = nnx.List([TransformerBlock(features, heads, layer, site, last, rngs=rngs) for _ in range(blocks)])
        self.norm = normalizer(features, layer, site, rngs)
        self.head = None if tied else nnx.Linear(features, vocabulary, kernel_init=init, rngs=rngs)
        matrices = nnx.state(self, lambda path, value: isinstance(value, nnx.Param) and value.ndim == 2)
        nnx.update(self, jax.tree.map(lambda matrix: init_scale * matrix, matrices))

    def __call__(self, tokens: jax.Array) -> jax.Array:
        length = self.positions.num_embeddings
        if tokens.shape[1] > length:
            raise ActsearchError(
                f"This Transformer takes up to {length} tokens; received {tokens.shape[1]}: make one of another length."
            )
        table = self.tokens.embedding[...]
        # A product with one-hot rows: on CPU the gradient of a look-up is far slower.
        few = len(table) <= FEW_TOKENS
        x = jax.nn.one_hot(tokens, len(table), dtype=table.dtype) @ table if few else table[tokens]
        x = x + self.positions.embedding[None, : tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        x = per_token(self.norm, x)
        logits: jax.Array = x @ table.T if self.head is None else self.head(x)
        return logits


@dataclasses.dataclass(frozen=True)
class TransformerConfig:
    """A Transformer's arguments as a value that can be compared and pickled; called with a layer factory it makes one.

    Attributes:
      vocabulary: number of tokens.
      length: most tokens of an input.
      features: width.
      heads: of the attention; a divisor of `features`.
      blocks: number of blocks.
      site: as Transformer's.
      init_scale: as Transformer's.
      tied: as Transformer's.

    Example:
      >>> network = TransformerConfig(10, 8, 16, 2, 1)(lambda features: nnx.relu, rngs=nnx.Rngs(0))
      >>> network(jnp.zeros((3, 8), jnp.int32)).shape
      (3, 8, 10)
    """

    vocabulary: int
    length: int
    features: int
    heads: int
    blocks: int
    site: SiteKind = "ffn"
    init_scale: float = 1.0
    tied: bool = dataclasses.field(default=False, metadata={"later": True})

    def __call__(self, layer: LayerFactory, *, rngs: nnx.Rngs) -> Transformer:
        """Returns the network with `layer(features)` at each site."""
        return Transformer(**vars(self), layer=layer, rngs=rngs)


def normalizer(features: int, layer: LayerFactory, site: SiteKind, rngs: nnx.Rngs) -> nnx.Module:
    """Returns what normalises: the candidate's layer where normalisers are the sites, else LayerNorm."""
    return layer(features) if site == "norm" else nnx.LayerNorm(features, epsilon=1e-5, rngs=rngs)
