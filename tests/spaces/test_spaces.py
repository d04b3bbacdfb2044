"""Every space keeps the contract of Space, and the published one has the published operators and counts."""

import collections
import dataclasses
import itertools
import types

import jax.numpy as jnp
import numpy as np
import pytest

from actsearch import language, parse
from actsearch.engine import identity
from actsearch.language import ActsearchError, ParseError, Primitive
from actsearch.spaces import SPACES, act_bench, custom, get_space, register, registry, swish
from actsearch.spaces.swish_space import BINARY, UNARY

CUSTOM = {
    "custom-1": lambda: custom(["x", "1", "param a = 0.25; a * x"], ["*", "x - y^2"]),
    "custom-2": lambda: custom(["x", "sigmoid", "beta * x"], ["*", "max"], units=2),
    "one-binary": lambda: custom(["x", "tanh"], ["+"]),  # a slot with nothing to choose
}
every_space = pytest.mark.parametrize("make", [*SPACES.values(), *CUSTOM.values()], ids=[*SPACES, *CUSTOM])


@every_space
class TestContract:
    def test_samples_are_legal_genotypes_of_the_space(self, make):
        space, rng = make(), np.random.default_rng(0)
        for _ in range(300):
            genotype = space.sample(rng)
            program = space.decode(genotype)
            assert genotype == space.genotype(genotype.choices)
            assert genotype.space == space.name
            assert space.decode(genotype.choices) == program
            assert set(program.inputs) <= set(space.template.inputs)
            assert parse(str(program), inputs=space.template.inputs) == program

    def test_encode_is_the_inverse_of_decode(self, make):
        space, rng = make(), np.random.default_rng(5)
        for _ in range(100):
            program = space.decode(space.sample(rng))
            encoded = space.encode(program)
            assert encoded is not None
            assert space.decode(encoded) == program

    def test_encode_finds_nothing_for_a_foreign_program(self, make):
        deep = "sin(cos(sin(cos(sin(cos(sin(cos(x))))))))"
        assert make().encode(parse(f"max({deep}, mish({deep}))")) is None

    def test_every_option_is_sampled(self, make):
        space, rng = make(), np.random.default_rng(1)
        choices = np.array([space.sample(rng).choices for _ in range(1000)])
        assert [len(set(column)) for column in choices.T] == [len(d.options) for d in space.decisions]

    def test_a_mutation_changes_one_choice_or_those_of_one_slot(self, make):
        space, rng = make(), np.random.default_rng(2)
        genotype, changed = space.sample(rng), collections.Counter()
        for _ in range(600):
            child = space.mutate(genotype, rng)
            pairs = enumerate(zip(genotype.choices, child.choices, strict=True))
            positions = [i for i, (old, new) in pairs if old != new]
            if space.mutation == "choice":
                assert len(positions) == 1
            assert len({space.decisions[i].name.split(".")[0] for i in positions}) <= 1
            assert space.genotype(child.choices) == child
            changed.update(positions)
            genotype = child
        assert len(changed) == len(space.decisions)

    def test_a_seed_fixes_what_is_drawn(self, make):
        def story(seed):
            space, rng = make(), np.random.default_rng(seed)
            genotypes = [space.sample(rng) for _ in range(10)]
            return genotypes + [space.mutate(genotype, rng) for genotype in genotypes]

        assert story(4) == story(4)
        assert story(4) != story(5)

    def test_enumerate_is_lazy_and_at_finds_its_places(self, make):
        space = make()
        genotypes = space.enumerate()
        assert isinstance(genotypes, types.GeneratorType)  # three units have more programs than any memory
        for index, genotype in enumerate(itertools.islice(genotypes, 200)):
            assert space.at(index) == genotype
        last = space.at(space.count() - 1)
        assert last.choices == tuple(len(d.options) - 1 for d in space.decisions)

    @pytest.mark.parametrize("outside", [-1, 0])
    def test_at_refuses_a_place_outside(self, make, outside):
        space = make()
        index = outside if outside < 0 else space.count()
        with pytest.raises(ValueError, match=rf"places 0 to {space.count() - 1}; received {index}\."):
            space.at(index)

    def test_decisions_are_named_once_and_offer_a_choice(self, make):
        names = [decision.name for decision in make().decisions]
        assert len(set(names)) == len(names)
        for decision in make().decisions:
            assert len(set(decision.options)) == len(decision.options) > 1

    def test_decode_names_the_mistake(self, make):
        space = make()
        legal = [0] * len(space.decisions)
        with pytest.raises(
            ValueError, match=rf"Expected {len(legal)} choices, one per decision; received {len(legal) - 1}"
        ):
            space.decode(legal[1:])
        for position, decision in enumerate(space.decisions):
            for wrong in (-1, len(decision.options)):
                message = rf"^{decision.name} takes 0 to {len(decision.options) - 1}; received {wrong}\."
                with pytest.raises(ValueError, match=message):
                    space.decode([*legal[:position], wrong, *legal[position + 1 :]])

    def test_programs_and_foreign_genotypes_are_refused(self, make):
        space, rng = make(), np.random.default_rng(0)
        other = custom(["x", "relu"], ["*", "+"], units=4).sample(rng)
        for verb in (space.decode, lambda genotype: space.mutate(genotype, rng)):
            with pytest.raises(ActsearchError, match=r"takes its own genotypes; received one of custom\(x, relu"):
                verb(other)
            with pytest.raises(ActsearchError, match=r"received the program 'relu\(x\)': write space.encode"):
                verb(parse("relu(x)"))

    def test_the_digest_is_that_of_the_content(self, make):
        space = make()
        assert space.digest == make().digest
        assert dataclasses.replace(space, name="other").digest == space.digest
        narrower = space.template.slots[-1]._replace(options=space.template.slots[-1].options[:1])
        changed = dataclasses.replace(space.template, slots=(*space.template.slots[:-1], narrower))
        if changed != space.template:
            assert dataclasses.replace(space, template=changed).digest != space.digest


def test_a_mutation_never_crosses_into_another_space():
    """Both have three decisions with options enough; the mutation would be legal, and another program's."""
    genotype = swish().encode(parse("min(softplus(x), asinh(x))"))
    with pytest.raises(ActsearchError, match="act-bench takes its own genotypes; received one of swish-1"):
        act_bench().mutate(genotype, np.random.default_rng(0))


@pytest.mark.parametrize("name", ["custom-1", "one-binary"])
def test_enumerate_yields_each_choice_vector_once(name):
    space = CUSTOM[name]()
    choices = [genotype.choices for genotype in space.enumerate()]
    assert len(choices) == len(set(choices)) == space.count()
    assert choices == sorted(choices)


# Ramachandran, Zoph and Le 2017, section 2: written here a second time, by hand, from the paper's list.
PUBLISHED_UNARY = """x; -x; abs(x); x^2; x^3; sqrt(x); beta * x; x + beta; log_abs(x); exp(x); sin(x); cos(x); sinh(x);
    cosh(x); tanh(x); asinh(x); atan(x); sinc(x); max(x, 0); min(x, 0); sigmoid(x); softplus(x); exp(-x^2); erf(x);
    beta"""
PUBLISHED_BINARY = """x + y; x * y; x - y; x / (y + 1e-7); max(x, y); min(x, y); sigmoid(x) * y; exp(-beta * (x - y)^2);
    exp(-beta * abs(x - y)); beta * x + (1 - beta) * y"""


def test_published_names():
    assert ",".join(UNARY) == (
        "x,-x,abs,square,cube,sqrt,beta * x,x + beta,log_abs,exp,sin,cos,sinh,cosh,tanh,asinh,atan,sinc,relu,minzero,"
        "sigmoid,softplus,gauss,erf,beta"
    )
    assert " ".join(BINARY) == "+ * - safe_div max min sigmul rbf laplace mix"
    assert (len(UNARY), len(BINARY)) == (25, 10)


def test_published_operators_compute_the_published_functions():
    slots = swish().template.slots
    unary, _, binary = (slot.options for slot in slots)
    for option, text in zip(unary, PUBLISHED_UNARY.split(";"), strict=True):
        assert identity(option).fingerprint == identity(parse(text)).fingerprint, option
    # sin stands for the second operand: any function that is not the first one tells the two apart.
    space = custom(["x", "sin"], BINARY)
    for choice, text in enumerate(PUBLISHED_BINARY.split(";")):
        expected = parse(text.replace("y", "sin(x)"))
        assert identity(space.decode((0, 1, choice))).fingerprint == identity(expected).fingerprint, text
    assert len(binary) == 10


@pytest.mark.parametrize(("units", "count"), [(1, 6_250), (2, 25_000 * 6_250), (3, 25_000 * 6_250 * 56_250)])
def test_counts(units, count):
    # The second unit chooses between x and unit 1 for each operand, the third one among three registers.
    assert swish(units).count() == count


def test_a_nested_unit_reads_the_one_before():
    space = swish(2)
    names = [decision.name for decision in space.decisions]
    assert names[3:] == ["unit2.unary1.x", "unit2.unary1", "unit2.unary2.x", "unit2.unary2", "unit2.binary"]
    assert space.decisions[3].options == ("x", "unit1.binary")
    tanh, relu, times, plus = (UNARY.index("tanh"), UNARY.index("relu"), BINARY.index("*"), BINARY.index("+"))
    assert str(space.decode((tanh, relu, times, 1, 0, 0, 0, plus))) == "tanh(x) * relu(x) + x"
    assert str(space.decode((tanh, relu, times, 0, 0, 0, 0, plus))) == "x + x"  # what nobody reads leaves no trace


@pytest.mark.slow  # 6,250 fingerprints
def test_functional_counts_of_one_unit():
    """The public recount at beta = 0.73: 3,996 distinct functions, 3,702 of them finite on the probe."""
    space = swish()
    finite = dict(identity(space.decode(genotype)) for genotype in space.enumerate())
    assert len(finite) == pytest.approx(3_996, rel=0.01)
    assert sum(finite.values()) == pytest.approx(3_702, rel=0.01)


def test_custom_reads_every_way_to_write_an_operator():
    space = custom(["relu", "-x", "1", "beta * x", "tanh(x)"], ["*", "max", "rbf", "x - y^2"])
    unary, binary = space.template.slots[0].options, space.template.slots[2].options
    assert [str(option) for option in unary] == ["relu(x)", "-x", "1", "beta * x", "tanh(x)"]
    assert [str(option) for option in binary] == ["x * y", "max(x, y)", "rbf(x, y)", "x - y^2"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(unary=[], binary=["+"]), r"unary must be a list with at least one operator; received \[\]"),
        (dict(unary=["x"], binary=()), r"binary must be a list with at least one operator; received \(\)"),
        (dict(unary="relu", binary=["+"]), "unary must be a list .* received 'relu'"),
        (dict(unary=["x", "relu", "relu(x)"], binary=["+"]), "unary names an operator twice: x, relu, relu"),
        (dict(unary=["x"], binary=["+", "x + y"]), "binary names an operator twice"),
        (
            dict(unary=["param a = 1; a * x", "scalar a = 2; a * x"], binary=["+"]),
            "Parameter 'a' has two meanings among the options, 'param a = 1' and 'scalar a = 2', which one program",
        ),
        (dict(unary=["x"], binary=["+"], units=0), "units must be an integer from 1 to 4; received 0"),
        (dict(unary=["x"], binary=["+"], units=5), "units must be an integer from 1 to 4; received 5"),
        (dict(unary=["x"], binary=["+"], units=1.0), "units must be an integer from 1 to 4; received 1.0"),
    ],
)
def test_custom_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        custom(**arguments)


def test_custom_points_at_a_bad_formula():
    with pytest.raises(ParseError, match="sigmoid"):  # the nearest known name
        custom(["sigmiod(x)"], ["+"])
    with pytest.raises(ParseError):
        custom(["x * y"], ["+"])  # a unary has one operand


def test_get_space():
    assert get_space("swish-2").name == "swish-2"
    with pytest.raises(ValueError, match="Unknown space 'swish'; write one of swish-1, swish-2, swish-3"):
        get_space("swish")


@pytest.mark.parametrize("mutation", ["choice", "slot"])
def test_a_space_of_one_program_has_one_mutant(mutation):
    space = dataclasses.replace(custom(["x"], ["+"]), mutation=mutation)
    (genotype,) = space.enumerate()
    assert space.mutate(genotype, np.random.default_rng(0)) == genotype


def test_an_unknown_mutation_is_refused():
    with pytest.raises(ActsearchError, match=r'mutation is "choice" or "slot"; received \'slots\'\.'):
        dataclasses.replace(swish(), mutation="slots")


class TestRegister:
    @pytest.fixture(autouse=True)
    def names(self, monkeypatch):
        """A registry that forgets what a test adds."""
        added = dict(registry._SPACES)
        monkeypatch.setattr(registry, "_SPACES", added)
        monkeypatch.setattr(registry, "SPACES", added)

    def test_a_registered_space_has_its_name(self):
        def make():
            return dataclasses.replace(custom(["x", "relu"], ["+"]), name="hinges")

        register("hinges", make)
        register("hinges", make)
        assert get_space("hinges") == make()

    def test_a_name_stays_what_it_is(self):
        with pytest.raises(ActsearchError, match="There is a space 'swish-1' already; register yours under another"):
            register("swish-1", act_bench)

    def test_an_empty_name(self):
        with pytest.raises(ActsearchError, match="The name of a space is no empty text; received ''"):
            register("", act_bench)

    def test_a_space_instead_of_a_function(self):
        with pytest.raises(ActsearchError, match="takes a function without arguments that makes the space; received"):
            register("mine", custom(["x"], ["+"]))

    def test_a_space_of_another_name(self):
        register("mine", act_bench)
        with pytest.raises(ActsearchError, match="registered as 'mine' is named 'act-bench': give it the name"):
            get_space("mine")


def test_the_registry_is_read_only():
    with pytest.raises(TypeError):
        SPACES["mine"] = act_bench


def test_a_registered_primitive_counts_by_its_function():
    def digest(factor):
        language.register(Primitive("scaled_tanh", 1, lambda x: jnp.tanh(factor * x)))
        try:
            return custom(["x", "scaled_tanh"], ["+"]).digest
        finally:
            language.unregister("scaled_tanh")

    assert digest(1) == digest(1)
    assert digest(1) != digest(2)
