"""The language model of GPT-2's and nanoGPT's shape."""

from actsearch.language import ActsearchError
from actsearch.nn.transformer import SiteKind, TransformerConfig

VOCABULARY = 50_257
"""Tokens of GPT-2's byte pairs."""


def gpt2(
    vocabulary: int = VOCABULARY,
    *,
    length: int = 1_024,
    width: float = 1.0,
    depth: float = 1.0,
    site: SiteKind = "ffn",
) -> TransformerConfig:
    """Returns the smallest GPT-2 (Radford et al. 2019), as nanoGPT has it: 124 million weights, 12 blocks of width 768.

    Args:
      vocabulary: number of tokens.
      length: most tokens of an input.
      width: multiplies the 64 features of each of the 12 heads, above 0.
      depth: multiplies the 12 blocks, above 0.
      site: as Transformer's.

    Raises:
      ActsearchError: a factor out of range.

    Example:
      >>> gpt2(width=0.25, depth=0.5).features, gpt2(depth=0.5).blocks
      (192, 6)
    """
    if not (width > 0 and depth > 0):
        raise ActsearchError(f"width and depth must be above 0; received {width} and {depth}.")
    features, blocks = 12 * max(1, round(64 * width)), max(1, round(12 * depth))
    return TransformerConfig(vocabulary, length, features, heads=12, blocks=blocks, site=site, tied=True)
