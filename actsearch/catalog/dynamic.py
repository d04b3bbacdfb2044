"""Published stand-ins for a normalisation without statistics: gamma h(alpha x + s) + shift, of an S-shaped h.

`alpha`, 0.5 at first, and `s`, 0 at first, are one value a layer; `gamma` and `shift` one a channel. `dyt` and `derf`
in `layers`, older rows that committed results rest on, have `alpha` and `s` per channel.
"""

from collections.abc import Mapping
from types import MappingProxyType

from actsearch.catalog.entry import Entry, by_name, entry

_DYT = "Zhu, Chen, He, LeCun, Liu 2025, Transformers without Normalization"
_DERF = "Chen et al. 2025, Stronger Normalization-Free Transformers"
_LOG = "log(1 + max(u, 0)) - log(1 + max(-u, 0))"
_NONE: Mapping[str, Mapping[str, float]] = MappingProxyType({})


def _dynamic(name: str, h: str, notes: str = "", special: Mapping[str, Mapping[str, float]] = _NONE) -> Entry:
    """Returns the row of one function h(u) of Derf's list of S-shaped functions."""
    text = f"scalar alpha = 0.5; scalar s = 0; u = alpha * x + s; ({h}) * gamma + shift"
    return entry(name, text, _DERF, source="the paper's public text", notes=notes, special=special)


_PLAIN = {"alpha": 1, "s": 0, "gamma": 1, "shift": 0}

_ENTRIES = (
    entry(
        "dyt_scalar",
        "scalar alpha = 0.5; tanh(alpha * x) * gamma + shift",
        _DYT,
        source="the paper's public text",
        notes="replaces LayerNorm; large language models need alpha tuned",
        special={"tanh": {"alpha": 1, "gamma": 1, "shift": 0}},
    ),
    _dynamic("derf_scalar", "erf(u)", special={"erf(x)": _PLAIN}),
    _dynamic("dyn_arctan", "2 / pi * atan(u)", special={"2 / pi * atan(x)": _PLAIN}),
    _dynamic("dyn_cubsign", "u^3 / (abs(u)^3 + 1)", "slope 0 at 0; in float16 use |u| < 40"),
    _dynamic(
        "dyn_exproot",
        "expm1(min(signed_sqrt(u), 0)) - expm1(min(-signed_sqrt(u), 0))",
        "sign(u) (1 - exp(-sqrt|u|)); its infinite slope at 0 is defined as 0",
    ),
    _dynamic("dyn_expsign", "expm1(min(u, 0)) - expm1(min(-u, 0))", "sign(u) (1 - exp(-|u|)), with its slope 1 at 0"),
    _dynamic("dyn_isru", "u / sqrt(u^2 + 1)", "in float16 use |u| < 256"),
    _dynamic("dyn_linear_clip", "clip(u, -1, 1)", special={"hard_tanh": _PLAIN}),
    _dynamic(
        "dyn_logquad_clip",
        "clip(log(1 + max(u, 0)^2) - log(1 + max(-u, 0)^2), -1, 1)",
        "sign(u) log(u^2 + 1), clipped; slope 0 at 0",
    ),
    _dynamic("dyn_logsign_clip", f"clip({_LOG}, -1, 1)", "sign(u) log(|u| + 1), clipped"),
    _dynamic(
        "dyn_power23_clip",
        "clip(pow(max(u, 0), 0.6666666666666666) - pow(max(-u, 0), 0.6666666666666666), -1, 1)",
        "sign(u) |u|^(2/3), clipped; its infinite slope at 0 is defined as 0",
    ),
    _dynamic(
        "dyn_relsign", "u / (sqrt(u^2 + 1) + 1)", "in float16 use |u| < 256", special={"tanh(asinh(x) / 2)": _PLAIN}
    ),
    _dynamic("dyn_saturlog", f"softsign({_LOG})", "sign(u) L / (L + 1) with L = log(|u| + 1); nears 1 very slowly"),
    _dynamic("dyn_satursin", "sin(clip(u, -pi / 2, pi / 2))"),
    _dynamic("dyn_smoothsign", "softsign(u)", special={"softsign": _PLAIN}),
)

DYNAMIC = by_name(_ENTRIES)
"""Published stand-ins for normalisation without statistics, by name."""
