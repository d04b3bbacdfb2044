"""Every entry of the catalog: its record, and activations against JAX's own functions."""

import functools
import itertools
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from actsearch import fingerprint, parse, to_function
from actsearch.catalog import BASELINES, CATALOG, GATES, LAYER_BASELINES, LAYERS, SWISH_PAPER, Entry
from actsearch.catalog.activations import ACTIVATIONS
from actsearch.catalog.layers import PUBLISHED_LAYERS
from actsearch.catalog.naming import FINGERPRINTS
from actsearch.engine import FINGERPRINT_VERSION

ALIASES = {"softsign": "soft_sign", "gelu_tanh": "gelu", "tanh": "tanh"}
OWN = [name for name, entry in CATALOG.items() if entry.source.startswith("jax.nn")]


@pytest.mark.parametrize("name", CATALOG)
def test_a_record_says_where_it_comes_from(name):
    entry = CATALOG[name]
    assert isinstance(entry, Entry)
    assert entry.name == name
    assert entry.paper
    assert entry.source
    assert entry.verified in (True, False)
    assert parse(str(entry.program), inputs=entry.program.arguments) == entry.program


@functools.cache
def fingerprints(version):
    """Returns the fingerprint of each entry, of those of an older version the ones that it can tell."""
    names = CATALOG if version == 2 else {**ACTIVATIONS, **PUBLISHED_LAYERS}
    return {name: fingerprint(CATALOG[name].program, version) for name in CATALOG if name in names}


def test_stored_fingerprints_are_those_of_today():
    """`actsearch.catalog.naming.store_fingerprints()` writes them anew."""
    stored = json.loads(FINGERPRINTS.read_text())
    assert stored["version"] == FINGERPRINT_VERSION == 2
    assert stored["fingerprints"] == {str(CATALOG[name].program): value for name, value in fingerprints(2).items()}


@pytest.mark.parametrize("version", [1, 2])
def test_no_two_entries_are_one_function_unless_they_say_so(version):
    """Version 1 is that of older archives; it ends at +-5, where a cut ReLU begins to differ."""
    known = {}
    for name, value in fingerprints(version).items():
        known.setdefault(value, []).append(name)
    declared = [
        {name, case.of} for name, entry in CATALOG.items() for case in entry.special if not entry.program.parameters
    ]
    declared += [{"relu", "relu6"}] * (version == 1)
    assert all(set(names) in declared for names in known.values() if len(names) > 1)


def test_groups():
    groups = BASELINES, SWISH_PAPER, LAYERS, GATES
    assert all(set(group) <= CATALOG.keys() for group in groups)
    assert not any(set(one) & set(other) for one, other in itertools.combinations(groups, 2))
    assert {*LAYER_BASELINES} <= {*LAYERS}
    assert {CATALOG[name].program.kind for name in GATES} == {"gate"}
    assert len(SWISH_PAPER) == 8


def test_glu_is_jaxs_with_its_halves_exchanged():
    x, y = np.random.default_rng(0).normal(size=(2, 5, 3))
    theirs = jax.nn.glu(jnp.asarray(np.concatenate([y, x], axis=1)))
    np.testing.assert_allclose(to_function(CATALOG["glu"].program)(x, y), theirs, rtol=1e-6)


@pytest.mark.parametrize("name", OWN)
def test_what_is_said_to_be_jaxs_is(name):
    x = np.concatenate([np.linspace(-8, 8, 161), [-30.0, 30.0]])
    options = {"gelu": {"approximate": False}}.get(name, {})
    with jax.enable_x64(True):
        theirs = getattr(jax.nn, ALIASES.get(name, name))(jnp.asarray(x), **options)
        ours = to_function(CATALOG[name].program)(jnp.asarray(x))
    np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-12)


def test_the_list_of_jaxs_is_long_enough():
    assert len(OWN) >= 14
