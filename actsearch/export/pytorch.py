"""The target `torch`: an `nn.Module` that keeps its channels on any axis and follows `train()` and `eval()`."""

from actsearch.export.module import SMALLER_GROUPS, Module, class_source, module, used
from actsearch.export.numbers import numbers
from actsearch.export.python_file import array, axes_used, comparison, indented, python_file
from actsearch.export.pytorch_dialect import DIALECT
from actsearch.export.subject import Subject
from actsearch.export.target import Target
from actsearch.language.reductions import EPSILON, GROUPS

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
    arguments = {"num_features": "number of channels."} if one.has_channels else {}
    arguments |= {name: text for name, (_, text) in settings.items()}
    members = [_forward(subject, one), *([_AVERAGED] if one.body.averages else [])]
    if one.holds or one.has_channels:
        members.insert(0, _init(one))
    return class_source(subject, "nn.Module", arguments, members)


def _init(one: Module) -> str:
    settings = used(one, _SETTINGS)
    lines = ["super().__init__()", *(f"self.{name} = {name}" for name in settings if name != "groups")]
    if "groups" in settings:
        lines.append(f"self.groups = {SMALLER_GROUPS.format(most='groups', channels='num_features')}")
    for name in one.parameters:
        lines.append(f"self.{name} = nn.Parameter({one.initial(name, 'torch', 'tensor')})")
    for name, _ in one.body.averages:
        lines.append(f'self.register_buffer("{name}", {one.initial(name, "torch", "tensor")})')
    options = [f"{name}={default}" for name, (default, _) in settings.items()]
    size = ["num_features"] * one.has_channels
    return f"def __init__({', '.join(['self', *size, *options])}):\n" + indented(lines)


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


_ARRAY = "torch.tensor({}, dtype=torch.float64)"


def _test(subject: Subject) -> str:
    known = numbers(subject.program)
    arguments = f"{known.channels}, dim=-1" if module(subject, DIALECT).has_channels else ""
    pairs = {"value": known.value} | ({} if known.slope is None else {"slope": known.slope})
    if known.evaluated is not None:
        pairs[f"module.eval()({', '.join(known.inputs)})"] = known.evaluated
    compare = "torch.testing.assert_close(actual, actual.new_tensor(expected), rtol=1e-6, atol=1e-6, equal_nan=True)"
    lines = [
        *(line for name, one in known.inputs.items() for line in array(name, _ARRAY, one, "torch.")),
        *([] if known.slope is None else ["x.requires_grad_()"]),
        f"module = {subject.class_name}({arguments}).double()",
        f"value = module({', '.join(known.inputs)})",
        *([] if known.slope is None else ["(slope,) = torch.autograd.grad(value.sum(), x)"]),
        *comparison(pairs, compare, "torch."),
        f'print("{subject.name} agrees with actsearch")',
    ]
    return "\n".join(lines)


TARGET = Target("torch", ".py", pytorch_module, DIALECT)
