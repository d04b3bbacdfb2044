"""Vision Transformers (Dosovitskiy et al. 2021), ViT-Ti and ViT-S among them; sites as a language model's."""

import dataclasses

import jax
import jax.numpy as jnp
from flax import nnx

from actsearch.language import ActsearchError
from actsearch.nn.layer import LayerFactory
from actsearch.nn.transformer import SiteKind, TransformerBlock, gpt2_normal, normalizer, per_token

SIZES = {"Ti": (192, 3), "S": (384, 6), "B": (768, 12)}
"""Name -> width and heads; of depth 12 (Touvron et al. 2021, table 1; Steiner et al. 2022)."""


class VisionTransformer(nnx.Module):
    """Patches and a class token, pre-norm blocks without a mask, a normaliser, and a head on the class token.

    Ours: initial weights as Transformer's, where the published code has others; no dropout; LayerNorm's epsilon 1e-5.

    Args:
      classes: number of outputs.
      image: side of the images in pixels, a multiple of `patch`.
      patch: side of a patch.
      features: width.
      heads: of the attention; a divisor of `features`.
      blocks: number of blocks.
      layer: makes the layer of a site from its number of features.
      in_features: channels of the image.
      site: as Transformer's.
      rngs: for the initial weights.

    Raises:
      ActsearchError: patches that do not tile the image, heads that do not divide the features, or an unknown site.
    """

    def __init__(
        self,
        classes: int,
        image: int,
        patch: int,
        features: int,
        heads: int,
        blocks: int,
        layer: LayerFactory,
        *,
        in_features: int = 3,
        site: SiteKind = "ffn",
        rngs: nnx.Rngs,
    ):
        if image % patch or features % heads:
            raise ActsearchError(
                f"patch divides image, and heads divide features; received {patch}, {image}, {heads} and {features}."
            )
        self.patch, init = patch, gpt2_normal(features)
        self.embed = nnx.Linear(patch**2 * in_features, features, kernel_init=init, rngs=rngs)
        self.token = nnx.Param(jnp.zeros((1, 1, features)))
        self.positions = nnx.Param(init(rngs.params(), (1, 1 + (image // patch) ** 2, features)))
        last = gpt2_normal(features, 2 * blocks)
        self.blocks = nnx.List(
            [TransformerBlock(features, heads, layer, site, last, causal=False, rngs=rngs) for _ in range(blocks)]
        )
        self.norm = normalizer(features, layer, site, rngs)
        self.head = nnx.Linear(features, classes, kernel_init=init, rngs=rngs)

    def __call__(self, images: jax.Array) -> jax.Array:
        x = self.embed(patches(images, self.patch))
        token = jnp.broadcast_to(self.token[...], (len(x), 1, x.shape[-1]))
        x = jnp.concatenate([token, x], axis=1) + self.positions[...]
        for block in self.blocks:
            x = block(x)
        return self.head(per_token(self.norm, x)[:, 0])


def patches(images: jax.Array, side: int) -> jax.Array:
    """Returns the pixels of each patch, [n, patches, side * side * channels], of images [n, height, width, channels].

    Example:
      >>> patches(jnp.arange(16).reshape(1, 4, 4, 1), 2)[0].tolist()
      [[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 12, 13], [10, 11, 14, 15]]
    """
    n, height, width, channels = images.shape
    tiles = images.reshape(n, height // side, side, width // side, side, channels).swapaxes(2, 3)
    return tiles.reshape(n, -1, side * side * channels)


@dataclasses.dataclass(frozen=True)
class VisionTransformerConfig:
    """A VisionTransformer's arguments as a value to compare and pickle; called with a layer factory it makes one.

    Attributes:
      classes: number of outputs.
      image: side of the images in pixels.
      patch: side of a patch.
      features: width.
      heads: of the attention.
      blocks: number of blocks.
      in_features: channels of the image.
      site: as Transformer's.
    """

    classes: int
    image: int
    patch: int
    features: int
    heads: int
    blocks: int
    in_features: int = 3
    site: SiteKind = "ffn"

    def __call__(self, layer: LayerFactory, *, rngs: nnx.Rngs) -> VisionTransformer:
        """Returns the network with `layer(features)` at each site."""
        return VisionTransformer(**vars(self), layer=layer, rngs=rngs)


def vit(
    size: str = "S",
    classes: int = 1_000,
    *,
    image: int = 224,
    patch: int = 16,
    width: float = 1.0,
    depth: float = 1.0,
    site: SiteKind = "ffn",
) -> VisionTransformerConfig:
    """Returns ViT-Ti, ViT-S or ViT-B: 5.7, 22.1 or 86.6 million weights at 224 pixels with patches of 16.

    Args:
      size: "Ti", "S" or "B".
      classes: number of outputs.
      image: side of the images in pixels.
      patch: side of a patch.
      width: multiplies the features of each head, above 0.
      depth: multiplies the 12 blocks, above 0.
      site: as Transformer's.

    Raises:
      ActsearchError: an unknown size, or a factor out of range.
    """
    if size not in SIZES or not (width > 0 and depth > 0):
        raise ActsearchError(
            f"A ViT is of the size {', '.join(SIZES)}, width and depth above 0; received {size!r}, {width} and {depth}."
        )
    features, heads = SIZES[size]
    features = heads * max(1, round(width * features / heads))
    return VisionTransformerConfig(classes, image, patch, features, heads, max(1, round(12 * depth)), site=site)
