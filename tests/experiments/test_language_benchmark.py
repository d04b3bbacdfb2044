"""The benchmark of the language measures every space; no timing is asserted."""

import json

from actsearch.spaces import SPACES
from experiments.benchmarks import language


def test_every_space_is_measured():
    rates = language.rates("swish-1", count=3)
    assert list(rates) == ["swish-1 samples a second", "swish-1 mutations a second"]
    assert all(rate > 0 for rate in rates.values())


def test_work_is_done_as_often_as_counted():
    calls = []
    language.rate(lambda: calls.append(None), count=5)
    assert len(calls) == 3 * 5


def test_the_committed_results_are_of_known_spaces():
    figures = json.loads(language.OUT.read_text())["figures"]
    assert {name.split()[0] for name in figures if name.endswith("a second")} <= set(SPACES)
