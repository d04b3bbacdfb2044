"""Image files: encoded where arrays are given, kept as they are where their size is free."""

import io
import struct
from typing import TYPE_CHECKING

import numpy as np

from actsearch.language import ActsearchError

if TYPE_CHECKING:
    from PIL import Image


def encode(image: np.ndarray | bytes, shape: tuple[int, int, int] | None) -> bytes:
    """Returns an image file.

    Args:
      image: uint8 [height, width, channels], or the bytes of an image file.
      shape: that the image must have; then it is a PNG. None: any, kept as it is where it is a JPEG with one or three
        colours, else a JPEG at quality 100, as TFDS has it for the few of ImageNet that are not.

    Raises:
      ActsearchError: it has another shape, or is no image.
    """
    from PIL import Image, UnidentifiedImageError

    if not isinstance(image, bytes) and (image.dtype != np.uint8 or image.ndim != 3 or image.shape[-1] not in (1, 3)):
        raise ActsearchError(
            f"An image is uint8 [height, width, 1 or 3], or a file; received {image.dtype} {list(image.shape)}."
        )
    try:
        picture = Image.open(io.BytesIO(image)) if isinstance(image, bytes) else _picture(image)
        if shape is None:
            kept = isinstance(image, bytes) and picture.format == "JPEG" and picture.mode in ("RGB", "L")
            return image if kept else _saved(picture.convert("RGB"), "JPEG", quality=100)  # type: ignore[return-value]
        picture = picture.convert("L" if shape[2] == 1 else "RGB")
    except UnidentifiedImageError as error:
        raise ActsearchError("An image cannot be read: it is no image file.") from error
    except (OSError, SyntaxError, ValueError, struct.error) as error:  # of a damaged one Pillow raises several kinds
        raise ActsearchError(f"An image cannot be read: {error}.") from error
    if picture.size != (shape[1], shape[0]):
        raise ActsearchError(f"An image has {picture.size[0]} x {picture.size[1]} pixels, not {shape[1]} x {shape[0]}.")
    return _saved(picture, "PNG")


def decode(data: bytes, shape: tuple[int, int, int] | None = None) -> np.ndarray:
    """Returns the pixels of a file, uint8 [height, width, channels]; one channel where `shape` has one, else 3."""
    from PIL import Image

    picture = Image.open(io.BytesIO(data))
    if shape is not None and shape[2] == 1:
        return np.asarray(picture.convert("L"))[..., None]
    return np.asarray(picture.convert("RGB"))


def _picture(image: np.ndarray) -> "Image.Image":
    from PIL import Image

    return Image.fromarray(np.ascontiguousarray(image[..., 0] if image.shape[-1] == 1 else image))


def _saved(picture: "Image.Image", kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
