"""The target `onnx`: a model of one function of [rows, channels], its parameters as initializers.

Rows are written as nested calls of ONNX operators, which are read once more here and become the nodes of the graph.
"""

import ast
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from actsearch.export.row import Dialect, Row, python_number
from actsearch.export.subject import Subject
from actsearch.export.target import Target
from actsearch.export.writer import write
from actsearch.language import ActsearchError

OPSET = 20
"""The first with Gelu; ONNX 1.15 and newer read it."""

_SAME = ("Abs", "Sqrt", "Exp", "Sin", "Cos", "Sinh", "Cosh", "Tanh", "Asinh", "Atan", "Relu", "Sigmoid", "Softplus")
_MORE = ("Erf", "Log", "Elu", "Gelu", "Mish", "Softsign", "Neg", "Reciprocal")

_ROWS = (
    {name.lower(): Row(f"{name}({{}})") for name in (*_SAME, *_MORE)}
    | {name: Row(f"{name.capitalize()}({{}}, {{}})") for name in ("add", "mul", "sub", "div", "max", "min", "pow")}
    | {
        name: Row(f"Pow({{}}, {n})")
        for n, name in enumerate(("square", "cube", "power4", "power5", "power6", "power7", "power8"), 2)
    }
    | {
        "safe_div": Row("Div({}, Add({}, 1e-7))"),
        "log_abs": Row("Log(Add(Abs({}), 1e-7))"),
        "minzero": Row("Min({}, 0)"),
        "sinc": Row("Where(Equal({0}, 0), 1, Div(Sin({0}), Where(Equal({0}, 0), 1, {0})))"),
        "gauss": Row("Exp(Neg(Mul({0}, {0})))"),
        "signed_sqrt": Row("Mul(Sign({0}), Sqrt(Abs({0})))"),
        "signed_log": Row("Mul(Sign({0}), Log(Add(Abs({0}), 1e-7)))"),
        "erfc": Row("Sub(1, Erf({}))"),
        "expm1": Row("Mul(Tanh(Div({0}, 2)), Add(Exp({0}), 1))"),
        "log_sigmoid": Row("Neg(Softplus(Neg({})))"),
        "selu": Row("Selu({}, alpha=1.6732632423543772, gamma=1.0507009873554805)"),
        "silu": Row("Mul({0}, Sigmoid({0}))"),
        "leaky_relu": Row("LeakyRelu({}, alpha=0.01)"),
        "hard_sigmoid": Row("HardSigmoid({}, alpha=0.16666666666666666, beta=0.5)"),
        "hard_swish": Row("HardSwish({})"),
        "sign": Row("Sign({})"),
        "step": Row("Where(GreaterOrEqual({}, 0), 1, 0)"),
        "clip": Row("Max(Min({0}, {2}), {1})"),
        "sigmul": Row("Mul(Sigmoid({}), {})"),
        "rbf": Row("Exp(Neg(Mul({2}, Pow(Sub({0}, {1}), 2))))"),
        "laplace": Row("Exp(Neg(Mul({2}, Abs(Sub({0}, {1})))))"),
        "mix": Row("Add(Mul({2}, {0}), Mul(Sub(1, {2}), {1}))"),
    }
)

DIALECT = Dialect(rows=_ROWS, helpers={}, imports={}, number=python_number, expanded="Expand({}, Shape(x))")


def onnx_model(subject: Subject) -> bytes:
    """Returns a model, serialised, whose numbers are float32.

    Raises:
      ActsearchError: the package `onnx` is missing.
    """
    try:
        import onnx
    except ImportError:
        raise ActsearchError("An ONNX model needs the package onnx: pip install 'actsearch[onnx]'.") from None
    program, helper = subject.program, onnx.helper
    names = {name: f"parameter_{name}" for name, _ in program.parameters}
    body = write(program, DIALECT, names | {name: name for name in program.arguments})
    graph = _Graph(helper)
    for statement in [*body.statements, f"value = Identity({body.result})"]:
        graph.assign(statement)
    parameters = [
        helper.make_tensor(names[name], onnx.TensorProto.FLOAT, [1], [value]) for name, value in program.parameters
    ]
    shape = ["rows", "channels"]
    infos = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name in [*program.arguments, "value"]
    ]
    made = helper.make_graph(
        graph.nodes,
        subject.name,
        infos[:-1],
        infos[-1:],
        parameters + graph.constants,
        "\n".join(subject.lines("ONNX")),
    )
    model = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="actsearch", ir_version=9
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


class _Graph:
    """The nodes of a graph, made from nested calls."""

    def __init__(self, helper: Any):
        self.helper = helper
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.fresh: Iterator[str] = (f"n{number}" for number in itertools.count(1))

    def assign(self, statement: str) -> None:
        """Adds the nodes of `name = expression`."""
        (tree,) = ast.parse(statement).body
        assert isinstance(tree, ast.Assign)
        assert isinstance(tree.targets[0], ast.Name)
        self.read(tree.value, tree.targets[0].id)

    def read(self, tree: ast.expr, name: str | None = None) -> str:
        """Adds the nodes of an expression and returns the name of its value."""
        match tree:
            case ast.Name(id=known):
                return known
            case ast.Call(func=ast.Name(id="float")) | ast.Constant() | ast.UnaryOp():
                return self._constant(_value(tree))
            case ast.Call(func=ast.Name(id=operator)):
                inputs = [self.read(one) for one in tree.args]
                options = {str(one.arg): _value(one.value) for one in tree.keywords}
                output = name or next(self.fresh)
                self.nodes.append(self.helper.make_node(operator, inputs, [output], **options))
                return output
        raise AssertionError(ast.dump(tree))

    def _constant(self, value: float) -> str:
        name = next(self.fresh)
        self.constants.append(self.helper.make_tensor(name, 1, [], [np.float32(value)]))
        return name


def _value(tree: ast.expr) -> float:
    """Returns the number that an expression is, `float("inf")` among them."""
    if isinstance(tree, ast.Call):
        return float(ast.literal_eval(tree.args[0]))
    return float(ast.literal_eval(tree))


TARGET = Target("onnx", ".onnx", onnx_model, DIALECT)
