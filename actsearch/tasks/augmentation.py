"""Augmentation of images on the device, compiled with the training; none in evaluation, where the key is None."""

import dataclasses

import jax
import jax.numpy as jnp

from actsearch.language import ActsearchError


@dataclasses.dataclass(frozen=True)
class PadCropFlip:
    """Random crops of the padded image at its own size, half of them mirrored (He et al. 2016, section 4.2).

    Attributes:
      pad: black pixels on each side, at least 0.
      cutout: side of a black square at a random place, which may lie partly outside (DeVries and Taylor 2017); 0 for
        none.

    Raises:
      ActsearchError: a number below 0.

    Example:
      >>> images = jnp.zeros((8, 32, 32, 3), jnp.uint8)
      >>> PadCropFlip(cutout=16)(images, jax.random.key(0)).shape
      (8, 32, 32, 3)
    """

    pad: int = 4
    cutout: int = 0

    def __post_init__(self) -> None:
        if min(self.pad, self.cutout) < 0:
            raise ActsearchError(f"pad and cutout are at least 0; received {self.pad} and {self.cutout}.")

    def __call__(self, inputs: jax.Array, key: jax.Array | None) -> jax.Array:
        """Returns augmented images of [n, height, width, channels], or the images where the key is None."""
        if key is None:
            return inputs
        crop_key, mirror_key, cutout_key = jax.random.split(key, 3)
        height, width = inputs.shape[1:3]
        padded = jnp.pad(inputs, ((0, 0), (self.pad, self.pad), (self.pad, self.pad), (0, 0)))
        corners = jax.random.randint(crop_key, (len(inputs), 2), 0, 2 * self.pad + 1)
        images = mirror_half(windows(padded, corners, (height, width)), mirror_key)
        if not self.cutout:
            return images
        centres = jax.random.randint(cutout_key, (len(inputs), 2), 0, jnp.array([height, width])[None])
        return jnp.where(_squares(centres, height, width, self.cutout), 0, images)


def windows(images: jax.Array, corners: jax.Array, size: tuple[int, int]) -> jax.Array:
    """Returns a window of each image.

    Args:
      images: [n, height, width, channels].
      corners: top and left of each window, int [n, 2].
      size: height and width of the windows.
    """
    whole = (*size, images.shape[-1])
    return jax.vmap(lambda image, corner: jax.lax.dynamic_slice(image, (*corner, 0), whole))(images, corners)


def mirror_half(images: jax.Array, key: jax.Array) -> jax.Array:
    """Returns images [n, height, width, channels], each mirrored left to right with probability 1/2."""
    mirrored = jax.random.bernoulli(key, shape=(len(images), 1, 1, 1))
    return jnp.where(mirrored, images[:, :, ::-1], images)


def _squares(centres: jax.Array, height: int, width: int, side: int) -> jax.Array:
    """Returns where the squares are, bool [n, height, width, 1]: from side // 2 before the centre on."""
    top, left = centres[:, 0, None] - side // 2, centres[:, 1, None] - side // 2
    rows, columns = jnp.arange(height)[None], jnp.arange(width)[None]
    inside = ((rows >= top) & (rows < top + side))[:, :, None] & ((columns >= left) & (columns < left + side))[:, None]
    return inside[..., None]
