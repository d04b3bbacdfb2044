"""The space of gates has the GLU family, and nests units over both inputs."""

import numpy as np
import pytest

from actsearch import parse
from actsearch.catalog import CATALOG, GATES
from actsearch.engine import find_member
from actsearch.language import INPUTS, ActsearchError
from actsearch.spaces import Template, custom, gate, swish


@pytest.mark.parametrize("name", GATES)
def test_published_gates_are_members(name):
    space = gate()
    genotype = space.encode(CATALOG[name].program)
    assert genotype is not None
    assert space.decode(genotype) == CATALOG[name].program


def test_a_gate_is_found_by_what_it_computes():
    space = custom(["x", "sigmoid", "silu"], ["*", "+"], inputs=INPUTS)
    genotype = find_member(space, parse("y * x / (1 + exp(-x))", inputs=INPUTS))
    assert str(space.decode(genotype)) == "silu(x) * y"


def test_the_first_unit_reads_each_input_once():
    names = [decision.name for decision in gate(2).decisions]
    assert names[:4] == ["unit1.unary1", "unit1.unary2", "unit1.binary", "unit2.unary1.x"]
    assert gate(2).decisions[3].options == ("x", "y", "unit1.binary")
    assert gate(2).count() == 27**4 * 10**2 * 3**2


def test_the_second_unit_reads_what_its_choices_say():
    space = custom(["x", "sin"], ["*", "+"], units=2, inputs=INPUTS)
    assert str(space.decode((0, 1, 0, 1, 1, 2, 0, 1))) == "t1 = sin(y); t1 + x * t1"


def test_kinds():
    assert gate().kind == "gate"
    assert swish().kind == "activation"


def test_a_template_of_gates_is_another():
    slots = gate().template.slots[:1]
    assert Template(slots, INPUTS).content != Template(slots).content


def test_a_template_reads_x_first():
    with pytest.raises(ActsearchError, match=r"reads \('x',\) or \('x', 'y'\); received \('y',\)"):
        Template(swish().template.slots, ("y",))


def test_a_bank_of_gates_reads_both_inputs():
    texts = ("x * y", "relu(x)", "sin(y)")
    bank = Template.bank([parse(text, inputs=INPUTS) for text in texts])
    assert [str(bank.decode((choice,))) for choice in range(3)] == [*texts]
    assert bank.inputs == INPUTS


def test_the_same_draws_from_the_same_seed():
    first, second = (gate().sample(np.random.default_rng(3)) for _ in range(2))
    assert first == second
