"""The files for Equinox and SymPy test themselves where these libraries are installed."""

import pytest

from actsearch.catalog import CATALOG
from actsearch.export import TARGETS
from actsearch.language import PRIMITIVES
from tests.export.test_formats import run_self_tests
from tests.helpers.exported import call_of

REASONS = {"equinox": "needs Equinox: pip install 'actsearch[equinox]'", "sympy": "needs SymPy: pip install sympy"}


@pytest.mark.parametrize("name", ["swish", "evonorm_b0", "rms_norm"])
def test_equinox(tmp_path, name):
    pytest.importorskip("equinox", reason=REASONS["equinox"])
    assert run_self_tests(tmp_path, {"equinox": [CATALOG[name].program]}) == 1


@pytest.mark.slow
@pytest.mark.parametrize("target", ["equinox", "sympy"])
def test_every_file(tmp_path, target):
    pytest.importorskip(target, reason=REASONS[target])
    programs = [entry.program for entry in CATALOG.values()] + [call_of(name) for name in PRIMITIVES]
    written = [program for program in programs if not TARGETS[target].missing(program)]
    assert run_self_tests(tmp_path, {target: written}) == len(written)


def test_sympy(tmp_path):
    pytest.importorskip("sympy", reason=REASONS["sympy"])
    assert run_self_tests(tmp_path, {"sympy": [CATALOG[name].program for name in ("swish", "elu", "swiglu")]}) == 3
