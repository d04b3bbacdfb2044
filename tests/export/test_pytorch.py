"""The modules for PyTorch equal actsearch in float64: value, gradient in everything, running averages, evaluation."""

import numpy as np
import pytest

from actsearch import Layer
from actsearch.catalog import CATALOG
from actsearch.export import TARGETS, trained_values
from actsearch.export.module import module as module_of
from actsearch.export.subject import Subject
from actsearch.language import INPUTS, PRIMITIVES, parse
from actsearch.spaces import SPACES, get_space
from tests.helpers.exported import call_of, expected, inputs_of, load, parameters_of, weights_of

torch = pytest.importorskip("torch", reason="needs PyTorch: pip install 'actsearch[torch]'")
SAMPLED = ("swish-2", "act-bench", "evonorm-b", "evonorm-s", "gate-2", "norm")
EACH = 167  # of six spaces: a thousand programs


def made(program):
    """Returns the exported module of a program for 4 channels, its names of parameters, and those of its averages."""
    subject = Subject(program, "unit", (), tested=False)
    one = module_of(subject, TARGETS["torch"].dialect)
    unit = load(TARGETS["torch"].write(subject)).Unit(
        *[4] * one.has_channels, **{"dim": -1} if one.has_channels else {}
    )
    names = dict(zip(dict(program.parameters), one.parameters, strict=True))
    return unit.double(), names, [average.name for average in one.body.averages]


def computed(program):
    """Returns of a module what `expected` returns of actsearch."""
    unit, names, averages = made(program)
    with torch.no_grad():
        for name, value in parameters_of(program).items():
            getattr(unit, names[name]).copy_(torch.tensor(value))
    inputs = {name: torch.tensor(one, requires_grad=True) for name, one in inputs_of(program).items()}
    value = unit(*inputs.values())
    leaves = inputs | {name: getattr(unit, safe) for name, safe in names.items()}
    gradients = dict.fromkeys(leaves)
    if value.requires_grad:
        total = (value * torch.tensor(weights_of(program))).sum()
        gradients = dict(zip(leaves, torch.autograd.grad(total, list(leaves.values()), allow_unused=True), strict=True))
    gradients = {name: np.zeros(leaves[name].shape) if one is None else one.numpy() for name, one in gradients.items()}
    if not averages:
        return value.detach().numpy(), gradients, None, None
    kept = np.stack([getattr(unit, name).numpy() for name in averages])
    return value.detach().numpy(), gradients, kept, unit.eval()(*inputs.values()).detach().numpy()


def assert_equal(program):
    (value, gradients, *rest), known = computed(program), expected(program)
    number = np.isfinite(known[0])
    close(value, known[0], program)
    for name, gradient in gradients.items():
        # Where a value is no number its slope is none either; sums over channels then are none at all.
        where = number if gradient.shape == number.shape and not program.reductions else np.array(number.all())
        close(gradient, np.where(where, known[1][name], np.nan), f"{name} of {program}", anywhere=where)
    for one, other in zip(rest, known[2:], strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            close(one, other, program)


def close(actual, known, what, anywhere=True):
    """Asserts equality to 1e-6 relative to the largest number, since sums of large and small ones round to it."""
    size = np.max(np.abs(known), where=np.isfinite(known), initial=1)
    actual, known = (np.where(anywhere, one, 0) for one in (actual, known))
    np.testing.assert_allclose(actual / size, known / size, 1e-6, 1e-6, err_msg=str(what))


@pytest.mark.parametrize("name", ["leaky_relu", "hard_swish", "prelu", "swish", "evonorm_b0", "evonorm_s0", "swiglu"])
def test_equal_to_actsearch(name):
    assert_equal(CATALOG[name].program)


@pytest.mark.slow
@pytest.mark.parametrize("name", CATALOG)
def test_the_catalogue(name):
    assert_equal(CATALOG[name].program)


@pytest.mark.slow
@pytest.mark.parametrize("name", PRIMITIVES)
def test_every_primitive_with_arrays_and_numbers(name):
    assert_equal(call_of(name))
    for operands in (("x", "0.5", "2"), ("-0.5", "x", "beta")):
        if PRIMITIVES[name].arity > 1:
            assert_equal(parse(f"{name}({', '.join(operands[: PRIMITIVES[name].arity])})"))


@pytest.mark.slow
@pytest.mark.parametrize("space", SAMPLED)
def test_samples_of_the_spaces(space):
    assert space in SPACES
    space, rng = get_space(space), np.random.default_rng(0)
    for _ in range(EACH):
        assert_equal(space.decode(space.sample(rng)))


@pytest.mark.slow
@pytest.mark.parametrize("name", CATALOG)
def test_is_one_graph_for_the_compiler(name):
    program = CATALOG[name].program
    unit, _, _ = made(program)
    inputs = [torch.tensor(one, requires_grad=True) for one in inputs_of(program).values()]
    torch.compiler.reset()
    compiled = torch.compile(unit, fullgraph=True, backend="aot_eager")(*inputs)
    torch.testing.assert_close(compiled, made(program)[0](*inputs), rtol=1e-9, atol=1e-9, equal_nan=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mish", "swish", "evonorm_b0", "swiglu"])
def test_compiles_whole(name):
    program = CATALOG[name].program
    torch.set_num_threads(1)
    unit, _, averages = made(program)
    inputs = [torch.tensor(one, requires_grad=True) for one in inputs_of(program).values()]
    eager = unit(*inputs)
    (slope,) = torch.autograd.grad(eager.sum(), inputs[0])
    again, _, _ = made(program)
    compiled = torch.compile(again, fullgraph=True)(*inputs)
    (compiled_slope,) = torch.autograd.grad(compiled.sum(), inputs[0])
    torch.testing.assert_close(compiled, eager, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(compiled_slope, slope, rtol=1e-9, atol=1e-9)
    for average in averages:
        torch.testing.assert_close(getattr(again, average), getattr(unit, average), rtol=1e-9, atol=1e-9)


def test_trained_values_are_a_state_dict():
    """A layer that was trained in Flax evaluates in PyTorch to the same."""
    program = parse("param lambda = 2; x / batch_std(x) * lambda + batch_mean(x^2) * sigmoid(beta * x)")
    layer = Layer(program, 4)
    inputs = inputs_of(program)["x"].astype(np.float32)
    for _ in range(3):
        layer(inputs)
    layer.parameters["lambda"][...] = np.float32([1, 2, 3, 4])
    layer.eval()
    values = trained_values(program, "torch", layer.parameters, layer.statistics)
    unit = made(program)[0].float().eval()
    unit.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in values.items()})
    np.testing.assert_allclose(unit(torch.from_numpy(inputs)).detach(), layer(inputs), 1e-5, 1e-5)


def test_channels_may_be_on_any_axis():
    unit, _, _ = made(parse("x / batch_std(x) * gamma + group_mean(x)"))
    x = torch.randn(3, 2, 2, 4, dtype=torch.float64)
    last = unit(x)
    unit.dim = 1
    torch.testing.assert_close(unit(x.movedim(-1, 1)).movedim(1, -1), last)


def test_batch_norm_is_that_of_pytorch():
    unit, _, _ = made(CATALOG["batch_norm_relu"].program)
    x = torch.randn(8, 4, 5, dtype=torch.float64)
    unit.dim = 1
    torch.testing.assert_close(unit(x), torch.relu(torch.nn.BatchNorm1d(4).double()(x)))


def test_half_precision_is_rounded_last():
    unit, _, _ = made(CATALOG["layer_norm"].program)
    x = (torch.randn(3, 4) + 100).bfloat16()
    value = unit.float()(x)
    assert value.dtype == torch.bfloat16
    assert value.float().mean(-1).abs().max() < 0.02


def test_a_statistic_of_space_needs_space():
    with pytest.raises(ValueError, match=r"needs an axis besides batch and channels; received shape \(3, 4\)"):
        made(parse("x / instance_std(x)"))[0](torch.zeros(3, 4))


def test_a_programs_names_hide_none_of_pytorchs():
    reserved = TARGETS["torch"].dialect.reserved
    assert {name for name in dir(torch.nn.Module()) if not name.startswith("_")} - {"T_destination"} <= reserved


def test_a_gate_reads_two_inputs():
    unit, _, _ = made(parse("y * sigmoid(beta * x)", inputs=INPUTS))
    x, y = torch.randn(2, 5, 4, dtype=torch.float64).unbind(0)
    torch.testing.assert_close(unit(x, y), y * torch.sigmoid(x))
