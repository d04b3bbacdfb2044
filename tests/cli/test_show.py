"""What `actsearch show` says a formula is known as."""

from actsearch import parse
from actsearch.catalog import Entry
from actsearch.cli import formulas, main


def test_a_cut_relu_is_relu6_alone(capsys):
    main(["show", "min(relu(x), 6)"])
    assert "known as     relu6\n" in capsys.readouterr().out


def test_what_is_from_memory_is_said_to_be_unverified(capsys, monkeypatch):
    entries = (
        Entry("checked", parse("x"), "a paper", "its text"),
        Entry("recalled", parse("x"), "a paper", "memory of the paper", verified=False),
    )
    monkeypatch.setattr(formulas, "identify", lambda program: entries)
    main(["show", "x"])
    out = capsys.readouterr().out
    assert "known as     checked, recalled\n" in out
    assert "unverified   recalled\n" in out


def test_a_formula_of_two_inputs_is_a_gate(capsys, tmp_path):
    main(["show", "y * silu(x)", "--out", str(tmp_path / "gate")])
    out = capsys.readouterr().out
    assert "kind         gate\n" in out
    assert "known as     swiglu\n" in out
    assert r"y \cdot \operatorname{SiLU}(x)" in out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gate.png", "gate.svg"]  # no curve
