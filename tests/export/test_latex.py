"""Names of parameters as LaTeX: digits at the end become an index, digits elsewhere stay."""

import pytest

from actsearch import parse
from actsearch.export.latex import to_latex


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("beta", r"\beta"),
        ("v1", "v_{1}"),
        ("v_10", "v_{10}"),
        ("alpha2", r"\alpha_{2}"),
        ("slope", r"\mathrm{slope}"),
        ("a1b2", r"\mathrm{a1b2}"),
    ],
)
def test_names(name, shown):
    assert to_latex(parse(f"param {name} = 1; {name} * x")) == rf"{shown} \cdot x"
