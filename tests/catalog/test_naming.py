"""Which published functions a program is known as."""

import pytest

from actsearch import parse
from actsearch.catalog import CATALOG, identify


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("max(x, 0)", ["relu"]),
        ("min(relu(x), 6)", ["relu6"]),
        ("min(relu(x), 7)", []),
        ("sigmul(x, x)", ["silu"]),
        ("x * sigmoid(beta * x)", ["swish"]),
        ("param my_slope = 1; x * sigmoid(my_slope * x)", ["swish"]),
        ("param beta = 0.5; x * sigmoid(beta * x)", []),
        ("param a = 0.25; max(x, 0) + min(x, 0) * a", ["prelu"]),
        ("x + sin(x)", []),
        ("relu(gamma * (x - batch_mean(x)) / batch_std(x) + shift)", ["batch_norm_relu"]),
        ("param b = 0; param a = 1; relu(b + a * (x - batch_mean(x)) / batch_std(x))", ["batch_norm_relu"]),
        ("relu(shift * (x - batch_mean(x)) / batch_std(x) + gamma)", []),
    ],
)
def test_names(text, names):
    assert [entry.name for entry in identify(parse(text))] == names


@pytest.mark.parametrize("name", CATALOG)
def test_an_entry_is_known_as_itself(name):
    """And as its equals: CELU at a = 1 is ELU, the gate of NAFNet the bilinear one."""
    known = {entry.name for entry in identify(CATALOG[name].program)}
    twins = [{"elu", "celu"}, {"bilinear", "simple_gate"}]
    assert known == next((twin for twin in twins if name in twin), {name})


def test_what_is_shared_counts():
    """One alpha for all channels trains otherwise than one for each."""
    text = "alpha = 0.5; tanh(alpha * x) * gamma + shift"
    assert [entry.name for entry in identify(parse(f"param {text}"))] == ["dyt"]
    assert [entry.name for entry in identify(parse(f"scalar {text}"))] == ["dyt_scalar"]
