"""Version 1 of fingerprints, which archives and tables hold: it stays as it is, digit by digit."""

import hashlib

import numpy as np
import pytest

from actsearch import fingerprint, parse
from actsearch.engine import identity
from actsearch.spaces import get_space

LAYER = "param beta = 0; x / max(batch_std(x), v1 * x + instance_std(x)) * gamma + beta"
SAMPLES = {"swish-1": 110, "swish-2": 80, "act-bench": 50, "evonorm-b": 60}
DIGEST = "ea7afaf4600b2dc374187b7ae5510ec88a73a436c620fb70367a21cf1facf89e"
"""SHA-256 of the samples' programs, fingerprints and whether they are finite, by the code before version 2."""


@pytest.mark.parametrize(
    ("text", "expected", "finite"),
    [
        ("relu(x)", "3e3f07d3c44d5b44f3f2e9981a6b3645", True),
        ("x * sigmoid(beta * x)", "53aa32395dfa66310289429f8fb6a000", True),
        ("param a = 0.25; max(x, a * x)", "6bc7c0dae5dbc9bfb0a0ab26b753f1d1", True),
        ("sqrt(x)", "57a3e5e98a4d8c70a169119e6713bc98", False),
        ("alpha * x + beta", "892123d54384a005cd8bce5b20d1ba12", True),
        ("layer_mean(x)", "192a597712e2ef6e944f602546729f96", True),
        ("x - layer_mean(x) + layer_mean(x)", "cca571ecd96b37cdebf2db733ac8f28d", True),
        (LAYER, "f3251bc8ddbc9d88b473f035a362f825", True),
    ],
)
def test_golden_values(text, expected, finite):
    assert identity(parse(text), version=1) == (expected, finite)


def test_samples_of_the_spaces():
    lines = []
    for name, count in SAMPLES.items():
        space, rng = get_space(name), np.random.default_rng(7)
        for program in (space.decode(space.sample(rng)) for _ in range(count)):
            lines.append("{} {} {}".format(program, *identity(program, version=1)))
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest() == DIGEST


def test_what_version_2_mended():
    """The probe ended at 5, and the names of parameters counted."""
    cut, swish = ("relu(x)", "min(relu(x), 6)"), ("x * sigmoid(beta * x)", "x * sigmoid(alpha * x)")
    for texts, version, classes in ((cut, 1, 1), (cut, 2, 2), (swish, 1, 2), (swish, 2, 1)):
        assert len({fingerprint(parse(text), version) for text in texts}) == classes


def test_no_other_version():
    with pytest.raises(ValueError, match=r"fingerprints have the versions 1, 2; received 3"):
        fingerprint(parse("x"), version=3)
