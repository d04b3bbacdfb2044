"""The target `torch`: an `nn.Module` that keeps its channels on any axis and follows `train()` and `eval()`."""

from actsearch.export.module import SMALLER_GROUPS, Module, class_source, filled, module, used
from actsearch.export.numbers import numbers
from actsearch.export.python_file import comparison, indented, listed, python_file
from actsearch.export.row import INFIX, POWERS, Dialect, Row, Statistics, calls, python_number
from actsearch.export.python_file import axes_used
from actsearch.export.subject import Subject
from actsearch.export.target import Target
from actsearch.language import Precedence
from actsearch.language.reductions import EPSILON, GROUPS

_HELPERS = {
    "sqrt": '''def sqrt(x):
    """Square root, with slope 0 at 0."""
    zero = x == 0
    return torch.where(zero, 0, torch.sqrt(torch.where(zero, 1, x)))''',
    "signed_sqrt": '''def signed_sqrt(x):
    """sgn(x) sqrt|x|, with slope 0 at 0."""
    return torch.sign(x) * sqrt(torch.abs(x))''',
    "sinc": '''def sinc(x):
    """sin(x) / x, and 1 at 0; near 0 by its series, since the quotient loses the digits of its derivative there."""
    small = torch.abs(x) < 0.5
    s = torch.where(small, x, 0).square()
    series = torch.ones_like(s)
    for n in (14, 12, 10, 8, 6, 4, 2):
        series = 1 - s / (n * (n + 1)) * series
    safe = torch.where(small, 1, x)
    return torch.where(small, series, torch.sin(safe) / safe)''',
    "power": '''def power(a, b):
    """a**b; its slope is 0 in b where a <= 0, and in a at 0 where it is infinite."""
    positive, steep = a > 0, (a == 0) & (b < 1)
    above = torch.pow(torch.where(positive, a, 1), b)
    below = torch.pow(torch.where(positive | steep, 1, a), b.detach())
    return torch.where(positive, above, torch.where(steep, torch.pow(a.detach(), b.detach()), below))''',
    "group_mean": '''def group_mean(x, groups):
    """Mean over space and a group of channels, repeated for each channel of the group."""
    grouped = x.unflatten(-1, (groups, -1))
    mean = grouped.mean((*range(1, x.ndim - 1), -1), keepdim=True)
    return mean.expand(*mean.shape[:-1], grouped.shape[-1]).flatten(-2)''',
    "group_var": '''def group_var(x, groups):
    """Biased variance over space and a group of channels, repeated for each channel of the group."""
    return group_mean((x - group_mean(x, groups)).square(), groups)''',
    "axes_of_space": '''def axes_of_space(x):
    """Axes between batch and channels."""
    if x.ndim < 3:
        raise ValueError(f"needs an axis besides batch and channels; received shape {tuple(x.shape)}")
    return tuple(range(1, x.ndim - 1))''',
}

_PRODUCT = Precedence.PRODUCT
_SAME = ("abs", "exp", "sin", "cos", "sinh", "cosh", "tanh", "asinh", "atan", "sigmoid", "erf", "erfc", "expm1", "log")
_FUNCTIONAL = ("relu", "selu", "silu", "gelu", "mish", "softsign")

_ROWS = (
    INFIX
    | POWERS
    | calls(_SAME, "torch.")
    | calls(_FUNCTIONAL, "F.")
    | calls(("sqrt", "signed_sqrt", "sinc"), "")
    | {
        "log_abs": Row("torch.log(torch.abs({}) + 1e-7)"),
        "minzero": Row("-F.relu(-{:sign})", Precedence.SIGN),
        "softplus": Row("F.softplus({}, threshold=40)"),
        "gauss": Row("torch.exp(-{:power}**2)"),
        "signed_log": Row("torch.sign({0}) * torch.log(torch.abs({0}) + 1e-7)", _PRODUCT),
        "log_sigmoid": Row("F.logsigmoid({})"),
        "bessel_i0e": Row("torch.special.i0e({})"),
        "bessel_i1e": Row("torch.special.i1e({})"),
        "elu": Row("F.elu({})"),
        "leaky_relu": Row("torch.where({0} >= 0, {0}, 0.01 * {0:sign})"),
        "hard_sigmoid": Row("F.hardsigmoid({})"),
        "hard_swish": Row("F.hardswish({})"),
        "max": Row("torch.maximum({:array}, {:array})"),
        "min": Row("torch.minimum({:array}, {:array})"),
        "sigmul": Row("torch.sigmoid({:array}) * {:sign}", _PRODUCT),
        "rbf": Row("torch.exp(-{2:sign} * ({0} - {1:product})**2)"),
        "laplace": Row("torch.exp(-{2:sign} * torch.abs({0} - {1:product}))"),
        "pow": Row("power({:array}, {:array})"),
    }
)

_IMPORTS = {
    "torch": "import torch",
    "F": "import torch.nn.functional as F",
    "nn": "from torch import nn",
}

_STATISTICS = Statistics(
    moments={
        "mean": "torch.mean({x}, {axes})",
        "rms": "torch.mean(torch.square({x}), {axes})",
        "std": "torch.var({x}, {axes}, correction=0)",
    },
    group_moments={
        "mean": "group_mean({x}, self.groups)",
        "rms": "group_mean(torch.square({x}), self.groups)",
        "std": "group_var({x}, self.groups)",
    },
    keep=", keepdim=True",
    root="torch.sqrt({} + self.eps)",
    average="{name} = self.averaged(self.{average}, {moment})",
)

DIALECT = Dialect(
    rows=_ROWS,
    helpers=_HELPERS,
    imports=_IMPORTS,
    number=python_number,
    filled="torch.full_like(x, {})",
    expanded="{:atom}.expand_as(x)",
    statistics=_STATISTICS,
    reserved=frozenset(
        "x y self dim eps momentum groups num_features batch space example forward training parameters buffers modules "
        "children named_parameters named_buffers state_dict load_state_dict train eval apply to type half float double "
        "bfloat16 cuda cpu xpu ipu mtia compile share_memory zero_grad requires_grad_ add_module register_buffer "
        "register_parameter register_module get_parameter get_buffer get_submodule set_submodule extra_repr "
        "averaged".split()
    ),
)

_AVERAGED = '''def averaged(self, average, moment):
    """Moment of the batch in training, which updates its moving average; in evaluation the average."""
    if not self.training:
        return average
    with torch.no_grad():
        average.lerp_(moment.to(average.dtype), self.momentum)
    return moment'''

_SETTINGS = {
    "dim": (1, "axis of the channels: 1 in images [N, C, H, W], -1 in Transformers [N, T, C]."),
    "eps": (EPSILON, "added inside the roots of statistics."),
    "momentum": (0.1, "share of the new batch in the moving averages, as in nn.BatchNorm2d."),
    "groups": (GROUPS, "most groups of channels; lowered to the largest divisor of their number."),
}


def pytorch_module(subject: Subject) -> str:
    """Returns a file with an `nn.Module`."""
    return python_file(subject, DIALECT, "PyTorch 2", _definition(subject), lambda: _test(subject))


def _definition(subject: Subject) -> str:
    one = module(subject, DIALECT, "self.{}")
    settings = used(one, _SETTINGS)
    arguments = (
        {}
        if not one.has_channels
        else {"num_features": "number of channels.", **{k: v[1] for k, v in settings.items()}}
    )
    members = [
        *([_init(one)] if one.has_channels else []),
        _forward(subject, one),
        *([_AVERAGED] if one.body.averages else []),
    ]
    return class_source(subject, "nn.Module", arguments, members)


def _init(one: Module) -> str:
    settings = used(one, _SETTINGS)
    lines = ["super().__init__()", *(f"self.{name} = {name}" for name in settings if name != "groups")]
    if "groups" in settings:
        lines.append(f"self.groups = {SMALLER_GROUPS.format(most='groups', channels='num_features')}")
    for name, value in one.parameters.items():
        lines.append(f"self.{name} = nn.Parameter({filled(value, 'num_features', 'torch')})")
    for name, value in one.body.averages:
        lines.append(f'self.register_buffer("{name}", {filled(value, "num_features", "torch")})')
    options = [f"{name}={default}" for name, (default, _) in settings.items()]
    return f"def __init__({', '.join(['self', 'num_features', *options])}):\n" + indented(lines)


def _forward(subject: Subject, one: Module) -> str:
    arguments = subject.program.arguments
    lines = [f"{name} = {name}.movedim(self.dim, -1)" for name in arguments if one.has_channels]
    if lines:
        lines[0] += "  # channels last, where parameters broadcast"
    if one.has_statistics:
        lines.append("dtype = x.dtype")
        lines += [f"{name} = {name}.to(torch.promote_types(dtype, torch.float32))" for name in arguments]
    lines += [*axes_used(one.body.code), *one.body.statements]
    back = ".movedim(-1, self.dim)" if one.has_channels else ""
    narrow = ".to(dtype)" if one.has_statistics else ""
    lines += [f"value = {one.body.result}", f"return value{narrow}{back}"] if back else [f"return {one.body.result}"]
    return f"def forward({', '.join(['self', *arguments])}):\n" + indented(lines)


def _test(subject: Subject) -> str:
    known, name = numbers(subject.program), subject.name
    arguments = f"{known.channels}, dim=-1" if module(subject, DIALECT).has_channels else ""
    pairs = {"value": known.value} | ({} if known.slope is None else {"slope": known.slope})
    if known.evaluated is not None:
        pairs[f"module.eval()({', '.join(known.inputs)})"] = known.evaluated
    compare = "torch.testing.assert_close(actual, torch.tensor(expected, dtype=torch.float64), rtol=1e-6, atol=1e-6, equal_nan=True)"
    lines = [
        *(
            f"{one} = torch.tensor({listed(values, 'torch.')}, dtype=torch.float64)"
            for one, values in known.inputs.items()
        ),
        *([] if known.slope is None else ["x.requires_grad_()"]),
        f"module = {subject.class_name}({arguments}).double()",
        f"value = module({', '.join(known.inputs)})",
        *([] if known.slope is None else ["(slope,) = torch.autograd.grad(value.sum(), x)"]),
        *comparison(pairs, compare, "torch."),
        f'print("{name} agrees with actsearch")',
    ]
    return "\n".join(lines)


TARGET = Target("torch", ".py", pytorch_module, DIALECT)
