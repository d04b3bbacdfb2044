"""`actsearch plan`: the estimate for people and for machines, and what a mistake is told."""

import json

import pytest

from actsearch.analysis import Plan, Work
from actsearch.cli import main


@pytest.fixture
def asked(monkeypatch):
    """What the command asks to be planned."""
    received = []

    def make_plan(space, tasks, controller, budget, **options):
        received.append((space.name, [task.name for task in tasks], controller, budget, options))
        return Plan((Work("search", "digits-mlp", 1, 2, 3600, 1.0),), "1 x cpu", 1.0)

    monkeypatch.setattr("actsearch.cli.plan.make_plan", make_plan)
    return received


def test_prints_hours_and_money(asked, capsys):
    command = ["plan", "--budget", "2000", "--verify", "cifar10-deep", "--seeds", "5", "--price", "3"]
    assert main([*command, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["hours"], facts["dollars"]) == ([1.0, 2.0], [3.0, 6.0])
    ((space, tasks, controller, budget, options),) = asked
    assert (space, tasks, budget, options["programs"], options["seeds"]) == ("swish-1", ["mnist1d-mlp"], 2000, 6, 5)
    assert [task.name for task in options["verify"]][1] == "cifar10-wrn-28-10"
    assert "SuccessiveHalving" in repr(controller)
    assert main(command) == 0
    assert "3 to 6" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--task", "tabular-swish1-digits-mlp"], "is a table, which trains nothing"),
        (["--price", "-1"], "--price is dollars an hour"),
        (["--count", "0"], "--count must be at least 1"),
    ],
)
def test_a_mistake(asked, capsys, options, message):
    assert main(["plan", *options]) == 2
    assert message in capsys.readouterr().err
