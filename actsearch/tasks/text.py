"""Language models of characters: a small decoder-only Transformer on the frozen text; seconds a candidate.

Scored by likelihood. Candidates are the activation of the feed-forward, or every normaliser. Sizes and lengths are
ours. Rates are the best of two or three that were tried, one or two seeds each: with ReLU (AdamW 3e-3 and 1e-2; Muon
1e-2 and 3e-2, beside AdamW at 1e-2) and with LayerNorm (1e-2, 2e-2 and 3e-2). From GPT-2's initial weights two blocks
train without any normaliser as well as with one, so the task of normalisers begins with weights four times as large.
"""

from typing import Any

from actsearch.nn import TransformerConfig
from actsearch.nn.transformer import SiteKind
from actsearch.tasks.datasets.python_docs import VOCABULARY, python_docs
from actsearch.tasks.language_modelling import LanguageModel
from actsearch.tasks.recipe import Muon, Recipe

_ADAMW = Recipe(learning_rate=1e-2, algorithm="adamw", schedule="cosine", warmup=0.05, weight_decay=0.01)


def text_ffn() -> LanguageModel:
    """Returns two blocks of width 32 with the candidate as activation, context 48, AdamW, 800 steps."""
    return _task("text-ffn", "ffn", "activation of the feed-forward")


def text_ffn_short() -> LanguageModel:
    """Returns text-ffn with a quarter of the steps."""
    return _task("text-ffn-short", "ffn", "activation of the feed-forward, a quarter of the steps", steps=200)


def text_ffn_long() -> LanguageModel:
    """Returns text-ffn with four times the steps."""
    return _task("text-ffn-long", "ffn", "activation of the feed-forward, four times the steps", steps=3_200)


def text_ffn_wide() -> LanguageModel:
    """Returns text-ffn at twice the width."""
    return _task("text-ffn-wide", "ffn", "activation of the feed-forward, width 64", features=64)


def text_ffn_muon() -> LanguageModel:
    """Returns text-ffn with Muon for the hidden matrices; embeddings and head have AdamW at text-ffn's rate."""
    muon = Recipe(learning_rate=3e-2, algorithm=Muon(adamw_rate=1e-2), momentum=0.95, schedule="cosine", warmup=0.05)
    return _task("text-ffn-muon", "ffn", "activation of the feed-forward, Muon", recipe=muon)


def text_gate() -> LanguageModel:
    """Returns two blocks of width 32 with the candidate as gate of feed-forwards of two thirds of the width."""
    return _task("text-gate", "gate", "gate of the feed-forward", kind="gate")


def text_norm() -> LanguageModel:
    """Returns two blocks of width 32 with the candidate as each of their five normalisers, beside GELU."""
    groups = 4  # of width 8, that of a head; 32 would leave one feature in each
    words = "normalisers, initial weights four times GPT-2's"
    return _task("text-norm", "norm", words, init_scale=4.0, kind="layer", groups=groups)


def _task(
    name: str,
    site: SiteKind,
    words: str,
    *,
    features: int = 32,
    init_scale: float = 1.0,
    steps: int = 800,
    recipe: Recipe = _ADAMW,
    **fields: Any,
) -> LanguageModel:
    return LanguageModel(
        name=name,
        summary=f"characters of Python's documentation, Transformer of 2 blocks, {words}",
        corpus=python_docs,
        length=48,
        network=TransformerConfig(VOCABULARY, 48, features, heads=4, blocks=2, site=site, init_scale=init_scale),
        steps=steps,
        batch_size=16,
        recipe=recipe,
        **fields,
    )
