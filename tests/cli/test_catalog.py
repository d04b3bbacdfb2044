"""What `actsearch catalog` says of published units."""

import json

from actsearch.catalog import CATALOG, MODULES
from actsearch.cli import main


def test_all_units_and_the_words_to_find_them_by(capsys):
    assert main(["catalog"]) == 0
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert all(any(line.split()[:1] == [name] for line in lines) for name in (*CATALOG, *MODULES))
    unverified = sum(not unit.verified for unit in (*CATALOG.values(), *MODULES.values()))
    total = len(CATALOG) + len(MODULES)
    assert f"{total} of {total} units; {unverified} not verified against a public source." in out
    assert "property: smooth, monotone, bounded" in out


def test_a_query_in_one_word_or_several(capsys):
    for query in (["gated trained"], ["gated", "trained"]):
        main(["catalog", *query])
        out = capsys.readouterr().out
        assert "Published units: gated trained" in out
        assert "xswiglu" in out
        assert "geglu  " not in out.replace("xgeglu", "")


def test_the_page_of_a_unit(capsys):
    main(["catalog", "crrelu"])
    out = capsys.readouterr().out
    assert "formula       scalar epsilon = 0.01; relu(x) + epsilon * x * exp(-x^2 / 2)\n" in out
    assert "parameters    epsilon = 0.01, one\n" in out
    assert "special cases epsilon = 0: relu\n" in out
    assert "verified      yes\n" in out
    main(["catalog", "celu"])
    assert "special cases always: elu\n" in capsys.readouterr().out
    main(["catalog", "relu"])
    assert "see also      leaky_relu, " in capsys.readouterr().out
    main(["catalog", "kan_bspline"])
    out = capsys.readouterr().out
    assert "class         actsearch.nn.units.KAN\n" in out
    assert "verified      no\n" in out


def test_json(capsys):
    main(["catalog", "swish 2017", "--json"])
    rows = {row["unit"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["swish"]["parameters"] == {"beta": {"start": 1.0, "values": "one per channel"}}
    assert rows["swish"]["special_cases"] == ["beta = 1: silu", "beta = 0: 0.5 * x"]
    main(["catalog", "gdn", "--json"])
    assert json.loads(capsys.readouterr().out)[0]["kind"] == "module"


def test_nothing_found_and_a_word_that_says_nothing(capsys):
    assert main(["catalog", "even", "periodic"]) == 0
    assert capsys.readouterr().out.startswith("0 of ")
    assert main(["catalog", "smoth"]) == 2
    assert (
        "No published unit is 'smoth' by name, paper, year or property; did you mean smooth?" in capsys.readouterr().err
    )
