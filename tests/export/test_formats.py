"""What every format must do: say which primitives it lacks, write files that need nothing of actsearch, read well."""

import ast
import re
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from actsearch.catalog import CATALOG
from actsearch.export import TARGETS, export_formula, formats_of, jax_dialect, trained_values
from actsearch.export.subject import Subject
from actsearch.export.writer import write
from actsearch.language import INPUTS, PRIMITIVES, ActsearchError, Primitive, parse, register, unregister
from tests.helpers.exported import call_of, known_calls, load, values_and_slopes

STATISTICS = {name for name, row in PRIMITIVES.items() if row.reduction}
OVER_BATCH = {name for name in STATISTICS if name.startswith("batch_")}
BESSEL = {"bessel_i0e", "bessel_i1e"}
LACKS = {
    "jax": OVER_BATCH,
    "python": OVER_BATCH,
    "onnx": STATISTICS | BESSEL,
    "c": STATISTICS | BESSEL,
    "sympy": STATISTICS,
}
"""All that a format lacks; a new primitive has a row in every other."""

SHOWN = ["silu", "swish", "swiglu", "evonorm_b0", "evonorm_s0", "rms_norm"]


@pytest.mark.parametrize("target", TARGETS)
def test_a_format_lacks_what_is_listed_alone(target):
    assert {name for name in PRIMITIVES if TARGETS[target].missing(call_of(name))} == LACKS.get(target, set())


@pytest.mark.parametrize("target", [name for name in TARGETS if name != "onnx"])
@pytest.mark.parametrize("name", SHOWN)
def test_a_file_says_what_it_is_and_imports_others_alone(name, target):
    program = CATALOG[name].program
    if TARGETS[target].missing(program):
        with pytest.raises(ActsearchError, match=r"flax, linen, equinox, torch, latex"):
            export_formula(program, target)
        return
    text = export_formula(program, target, self_test=False)
    words = " ".join(text.replace("% ", "").replace("* ", "").split())
    assert f"{name}: {program}".replace("* ", "") in words
    assert CATALOG[name].paper in words
    if target not in ("c", "latex"):
        assert "actsearch" not in {word.split(".")[0] for word in imported(text)}
        assert max(map(len, text.splitlines())) <= 120


def imported(text):
    nodes = list(ast.walk(ast.parse(text)))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return names + [node.module for node in nodes if isinstance(node, ast.ImportFrom)]


def test_the_files_test_themselves_without_actsearch(tmp_path):
    """One process for all: it imports JAX once, and cannot import actsearch."""
    chosen = {"flax": "evonorm_b0", "linen": "evonorm_b0", "jax": "evonorm_s0", "python": "evonorm_s0"}
    assert run_self_tests(tmp_path, {target: [CATALOG[name].program] for target, name in chosen.items()}) == 4


def run_self_tests(folder, programs):
    """Runs the exported files of programs by target in one process; returns how many agreed."""
    for target, ones in programs.items():
        for number, program in enumerate(ones):
            if not TARGETS[target].missing(program):
                (folder / f"{target}{number}.py").write_text(export_formula(program, target))
    code = """
import pathlib, runpy, sys
sys.modules["actsearch"] = None
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.py")):
    print(path.name)
    runpy.run_path(str(path), run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr[-3000:]
    return done.stdout.count("agrees with actsearch")


@pytest.mark.slow
@pytest.mark.parametrize("target", ["jax", "flax", "linen", "python"])
def test_every_file_of_the_catalogue_tests_itself(tmp_path, target):
    programs = [entry.program for entry in CATALOG.values()] + [call_of(name) for name in PRIMITIVES]
    written = [program for program in programs if not TARGETS[target].missing(program)]
    assert run_self_tests(tmp_path, {target: written}) == len(written)


def test_a_changed_file_fails_its_own_test(tmp_path):
    text = export_formula(CATALOG["squared_relu"].program, "python")
    (tmp_path / "changed.py").write_text(text.replace("np.maximum", "np.minimum"))
    done = subprocess.run([sys.executable, tmp_path / "changed.py"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "Not equal to tolerance" in done.stderr


def test_jax_has_the_values_and_slopes_of_every_row_of_its_own():
    """The other primitives are written as the very functions of the table."""
    inputs, known = known_calls()
    files = [load(source(call_of(name), "jax")).unit for name in jax_dialect.ROWS]
    with jax.enable_x64(True):
        actual = values_and_slopes(files, inputs)
    for name, both in zip(jax_dialect.ROWS, actual, strict=True):
        np.testing.assert_allclose(both, known[name], 1e-12, 1e-12, err_msg=name)


class Named(ast.NodeTransformer):
    """Puts expressions in the place of names."""

    def __init__(self, known):
        self.known = known

    def visit_Name(self, node):
        return self.known.get(node.id, node)

    def visit_Attribute(self, node):
        return node if node.attr == "dtype" else self.generic_visit(node)  # that of x is any operand's


def tree(target, formula):
    """Returns the expression that a formula of x, y and beta becomes, its local names written out."""
    body = write(parse(formula, inputs=INPUTS), TARGETS[target].dialect, {name: name for name in ("x", "y", "beta")})
    known = {}
    for statement in [*body.statements, f"result_ = {body.result}"]:
        (assignment,) = ast.parse(statement).body
        known[assignment.targets[0].id] = Named(known).visit(assignment.value)
    return known["result_"]


@pytest.mark.parametrize("target", ["python", "torch", "jax", "sympy", "onnx"])
@pytest.mark.parametrize("inner", ["-x", "x^3", "x + 1", "2 * x"])
def test_an_operand_keeps_together_whatever_is_around_it(target, inner):
    operand = tree(target, inner)
    for name, row in PRIMITIVES.items():
        if row.reduction or TARGETS[target].dialect.lacks(name):
            continue
        names = ["x", "y", "beta"][: row.arity]
        for place, replaced in enumerate(names):
            whole = tree(target, f"{name}({', '.join([*names[:place], inner, *names[place + 1 :]])})")
            parts = Named({replaced: operand}).visit(tree(target, f"{name}({', '.join(names)})"))
            assert ast.dump(whole) == ast.dump(parts), (name, place)


def test_numpy_has_the_values_of_every_primitive():
    inputs, known = known_calls()
    for name, (expected, _) in known.items():
        program = call_of(name)
        with np.errstate(all="ignore"):
            actual = load(source(program, "python")).unit(*inputs[: len(program.arguments)])
        np.testing.assert_allclose(actual, expected, 1e-7, 1e-9, err_msg=name)


def source(program, target):
    """Returns a file without its test, of a unit that has no name."""
    return TARGETS[target].write(Subject(program, "unit", (), tested=False))


class TestWhatAReaderSees:
    def body(self, text, target="jax"):
        """Returns the lines of the function or call, without its docstring."""
        code = source(parse(text, inputs=INPUTS), target)
        match = re.search(r"(?:def unit|def forward)\(.*?\):\n(.*?)\n(?:\n|\Z)", code, re.DOTALL)
        return [line.strip() for line in match[1].splitlines() if '"""' not in line]

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("x * sigmoid(beta * x)", "return x * jax.nn.sigmoid(beta * x)"),
            ("sigmul(x + 1, -x)", "return jax.nn.sigmoid(x + 1) * -x"),
            ("(x + 1)^2 - (x - 2 * 3)", "return (x + 1)**2 - (x - 6)"),
            ("-(x^2)", "return -x**2"),
            ("(-x)^2", "return (-x)**2"),
            ("x / (1 + exp(-x))", "return x / (1 + jnp.exp(-x))"),
            ("1 / x", "return div(1, x)"),
            ("x - log(0)", 'return x - float("-inf")'),
            ("1000000 * x + 0 * x", "return 1000000.0 * x + 0 * x"),
            ("2 * 3", "return jnp.full_like(x, 6)"),
            ("beta + 1", "return jnp.broadcast_to(beta + 1, x.shape)"),
        ],
    )
    def test_a_formula_is_written_as_by_hand(self, text, line):
        assert self.body(text) == [line]

    def test_what_is_used_twice_has_a_name(self):
        assert self.body("tanh(x) * (1 - tanh(x))") == ["t1 = jax.nn.tanh(x)", "return t1 * (1 - t1)"]
        assert self.body("mix(sin(x), x, cos(x))") == ["t1 = jnp.cos(x)", "return t1 * jnp.sin(x) + (1 - t1) * x"]

    def test_what_is_long_is_written_in_several_lines(self):
        lines = self.body(" + ".join(f"sigmoid({n} * x) * tanh(x - {n})" for n in range(2, 9)))
        assert len(lines) > 3
        assert max(map(len, lines)) < 110

    def test_a_statistic_of_a_statistic_runs_over_a_whole_tensor(self):
        lines = self.body("instance_std(feature_mean(x)) + x")
        assert (
            "instance_std = jnp.sqrt(jnp.var(jnp.broadcast_to(feature_mean, x.shape), space, keepdims=True) + epsilon)"
            in lines
        )

    def test_averages_of_one_kind_have_different_names(self):
        lines = self.body("batch_mean(x) + batch_mean(x^2)", "torch")
        assert "batch_mean = self.averaged(self.running_mean, torch.mean(x, batch))" in lines
        assert "batch_mean_2 = self.averaged(self.running_mean_2, torch.mean(x**2, batch))" in lines

    @pytest.mark.parametrize("target", ["jax", "torch", "python", "c", "sympy", "flax", "linen", "equinox"])
    def test_parameters_that_mean_something_to_the_language_have_another_name(self, target):
        code = source(parse("param lambda = 1; param _b = 0; lambda * x + _b"), target).split('"""', 2)[-1]
        assert re.search(r"\blambda_ \* x \+ (self\.)?_b_", code)
        if target != "c":
            ast.parse(code)

    def test_no_two_parameters_have_one_name(self):
        (line,) = self.body("param lambda = 1; param lambda_ = 2; lambda * x + lambda_")
        assert line == "return lambda__ * x + lambda_"

    def test_a_function_never_calls_itself(self, monkeypatch):
        monkeypatch.setattr("actsearch.export.subject.identify", lambda program: ())
        assert "def sinc_unit(x):" in export_formula(parse("sinc(x)"), "jax", name="sinc", self_test=False)
        assert "class FUnit(nn.Module)" in export_formula(parse("silu(x)"), "torch", name="f", self_test=False)
        assert "double tanh_unit(double x)" in export_formula(parse("tanh(x)"), "c", self_test=False)

    def test_the_header_says_where_a_formula_comes_from(self, monkeypatch):
        monkeypatch.setattr("actsearch.export.subject.identify", lambda program: (CATALOG["swish"],))
        text = export_formula(parse("sigmul(alpha * x, x)"), "latex")
        assert "\n% Computes the same as swish: Ramachandran" in text
        monkeypatch.setattr("actsearch.export.subject.identify", lambda program: ())
        text = export_formula(parse("sin(x) - 3"), "latex", origin="Found by search: trial 3.")
        assert "\n% Found by search: trial 3.\n% No unit of actsearch's catalogue" in text


class TestTrainedValues:
    PROGRAM = parse("param train = 1; x / batch_std(x) * train + batch_rms(x)")

    def test_names_are_those_of_the_module(self):
        values = trained_values(self.PROGRAM, "flax", {"train": [1, 2]}, [[3, 4], [5, 6]])
        assert {name: value.tolist() for name, value in values.items()} == {
            "train_": [1, 2],
            "running_var": [3, 4],
            "running_mean_square": [5, 6],
        }
        code = source(self.PROGRAM, "flax")
        assert all(f"self.{name} = nnx." in code for name in values)

    @pytest.mark.parametrize(
        ("target", "parameters", "statistics", "message"),
        [
            ("jax", {"train": 1}, [[1], [1]], "modules of flax, linen, equinox or torch; received 'jax'"),
            ("tf", {"train": 1}, [[1], [1]], "received 'tf'"),
            ("torch", {}, [[1], [1]], r"has the parameters \['train'\]; received \[\]"),
            ("torch", {"train": 1}, None, "has 2 moving averages; received 0"),
        ],
    )
    def test_mistakes(self, target, parameters, statistics, message):
        with pytest.raises(ActsearchError, match=message):
            trained_values(self.PROGRAM, target, parameters, statistics)


class TestMistakes:
    def test_an_unknown_format(self):
        with pytest.raises(ActsearchError, match=r"no format 'tensorflow'.*; write one of jax, flax"):
            export_formula(parse("x"), "tensorflow")

    def test_a_primitive_that_a_format_lacks(self):
        with pytest.raises(
            ActsearchError, match=r"c has no bessel_i0e; jax, flax, linen, equinox, torch, sympy, latex"
        ):
            export_formula(parse("bessel_i0e(x)"), "c")

    def test_a_statistic_over_the_batch_in_a_function(self):
        with pytest.raises(ActsearchError, match="jax has no batch_std, for want of a moving average; flax, linen"):
            export_formula(parse("x / batch_std(x)"), "jax")

    def test_a_users_own_primitive_has_no_row(self):
        register(Primitive("log1p", 1, lambda x: jnp.log1p(x)))
        try:
            assert formats_of(parse("log1p(x)")) == ["latex"]
            with pytest.raises(ActsearchError, match="torch has no log1p; latex can say"):
                export_formula(parse("log1p(x)"), "torch")
        finally:
            unregister("log1p")

    def test_a_name_that_is_none(self):
        with pytest.raises(ActsearchError, match="needs a name as Python has it; received 'my unit'"):
            export_formula(parse("x"), "jax", name="my unit")
