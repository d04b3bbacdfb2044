"""How PyTorch writes formulas: rows and helpers whose slopes at kinks are actsearch's."""

from actsearch.export.row import INFIX, POWERS, Dialect, Row, Statistics, calls, python_number
from actsearch.language import Precedence

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
_SAME = (
    "abs",
    "exp",
    "sin",
    "cos",
    "sinh",
    "cosh",
    "tanh",
    "sign",
    "asinh",
    "atan",
    "sigmoid",
    "erf",
    "erfc",
    "expm1",
    "log",
)
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
        "gauss": Row("torch.exp(-{:atom}**2)"),
        "signed_log": Row("torch.sign({0}) * torch.log(torch.abs({0}) + 1e-7)", _PRODUCT),
        "log_sigmoid": Row("F.logsigmoid({})"),
        "bessel_i0e": Row("torch.special.i0e({})"),
        "bessel_i1e": Row("torch.special.i1e({})"),
        "elu": Row("F.elu({})"),
        "leaky_relu": Row("torch.where({0} >= 0, {0}, 0.01 * {0:sign})"),
        "hard_sigmoid": Row("F.hardsigmoid({})"),
        "hard_swish": Row("F.hardswish({})"),
        "step": Row("({:sum} >= 0).to(x.dtype)"),
        "clip": Row("torch.maximum(torch.minimum({0:array}, {2:array}), {1:array})"),
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

_RESERVED = (
    "x y self dim eps momentum groups num_features batch space example value dtype averaged "  # of our classes
    "add_module apply bfloat16 buffers call_super_init children compile cpu cuda double dump_patches eval "
    "extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu "
    "load_state_dict modules mtia named_buffers named_children named_modules named_parameters parameters "
    "register_backward_hook register_buffer register_forward_hook register_forward_pre_hook "
    "register_full_backward_hook register_full_backward_pre_hook register_load_state_dict_post_hook "
    "register_load_state_dict_pre_hook register_module register_parameter register_state_dict_post_hook "
    "register_state_dict_pre_hook requires_grad_ set_extra_state set_submodule share_memory state_dict to "
    "to_empty train training type xpu zero_grad "  # of nn.Module
)

DIALECT = Dialect(
    rows=_ROWS,
    helpers=_HELPERS,
    imports=_IMPORTS,
    number=python_number,
    filled="torch.full_like(x, {})",
    expanded="{:atom}.expand_as(x)",
    statistics=_STATISTICS,
    reserved=frozenset(_RESERVED.split()),
)
