"""BibTeX of what a report rests on: the library, the papers of the space, the controllers and the units in it."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from actsearch.archive import Run
from actsearch.catalog import CATALOG

_SWISH = ("ramachandran2017searching", "Ramachandran, Prajit and Zoph, Barret and Le, Quoc V.", 2017, "1710.05941")
_EVONORM = ("liu2020evolving", "Liu, Hanxiao and Brock, Andrew and Simonyan, Karen and Le, Quoc V.", 2020, "2004.02967")
_REAL = (
    "real2019regularized",
    "Real, Esteban and Aggarwal, Alok and Huang, Yanping and Le, Quoc V.",
    2019,
    "1802.01548",
)
_PPO = (
    "schulman2017proximal",
    "Schulman, John and Wolski, Filip and Dhariwal, Prafulla and Radford, Alec and Klimov, Oleg",
    2017,
    "1707.06347",
)
_ASHA = (
    "li2020system",
    "Li, Liam and Jamieson, Kevin and Rostamizadeh, Afshin and Gonina, Ekaterina and Hardt, Moritz and Recht, Benjamin "
    "and Talwalkar, Ameet",
    2020,
    "1810.05934",
)
_SURROGATE = ("bingham2023efficient", "Bingham, Garrett and Miikkulainen, Risto", 2023, "2301.05785")
_FLOW = ("chen2023order", "Chen, Yihang and Mauch, Lukas", 2023, "2310.00386")
_DYT = (
    "zhu2025transformers",
    "Zhu, Jiachen and Chen, Xinlei and He, Kaiming and LeCun, Yann and Liu, Zhuang",
    2025,
    "2503.10622",
)
_GLU = ("shazeer2020glu", "Shazeer, Noam", 2020, "2002.05202")

_PAPERS = {
    _SWISH: "Searching for Activation Functions",
    _EVONORM: "Evolving Normalization-Activation Layers",
    _REAL: "Regularized Evolution for Image Classifier Architecture Search",
    _PPO: "Proximal Policy Optimization Algorithms",
    _ASHA: "A System for Massively Parallel Hyperparameter Tuning",
    _SURROGATE: "Efficient Activation Function Optimization through Surrogate Modeling",
    _FLOW: "Order-Preserving GFlowNets",
    _DYT: "Transformers without Normalization",
    _GLU: "GLU Variants Improve Transformer",
}

_USED = {
    "swish": _SWISH,
    "act": _SURROGATE,
    "evonorm": _EVONORM,
    "norm": _DYT,
    "gate": _GLU,
    "evolution": _REAL,
    "ppo": _PPO,
    "gflownet": _FLOW,
    "successive_halving": _ASHA,
    "surrogate": _SURROGATE,
    "pareto": _EVONORM,
}
"""The first word of a space's name, or a controller's name -> its paper."""

_ENTRY = re.compile(r"(?P<authors>.+?) (?P<year>(?:19|20)\d\d), (?P<title>.+)")


def bibtex(runs: Iterable[Run], units: Iterable[str], version: str) -> str:
    """Returns the entries of a report, the library first.

    Args:
      runs: whose spaces and controllers are cited.
      units: names of the published units that the report mentions.
      version: of actsearch.
    """
    words = [word for run in runs for word in _words(run.config)]
    papers = dict.fromkeys(_USED[word] for word in words if word in _USED)
    entries = [
        "@software{actsearch,\n"
        "  title = {actsearch: discovering activation functions and normalization-activation layers in JAX and Flax},\n"
        f"  author = {{{{The actsearch authors}}}},\n  version = {{{version}}}\n}}"
    ]
    entries += [_paper(*paper, _PAPERS[paper]) for paper in papers]
    titles = {_PAPERS[paper] for paper in papers}
    for paper in dict.fromkeys(CATALOG[name].paper for name in units):
        found = _ENTRY.fullmatch(paper)
        if found and found["title"] not in titles:
            entries.append(_unit(found))
    return "\n\n".join(entries)


def _words(config: Mapping[str, Any]) -> list[str]:
    """Returns the first word of a space's name, and the names of the controllers, of merged runs too."""
    words = [str(config.get("space")).partition("-")[0]]
    for one in (config, *(run["config"] for run in config.get("merged", ()))):
        controller = one.get("controller", {})
        while controller:
            words.append(str(controller.get("name")))
            controller = controller.get("inner", {})
    return words


def _paper(key: str, authors: str, year: int, arxiv: str, title: str) -> str:
    facts = {"title": f"{{{title}}}", "author": authors, "year": year, "eprint": arxiv, "archivePrefix": "arXiv"}
    return _entry("article", key, facts)


def _unit(found: re.Match[str]) -> str:
    """Returns the entry of a unit's paper, as the catalog names it."""
    authors = found["authors"].replace(" et al.", ", others").replace(", ", " and ")
    key = re.sub(r"\W", "", found["authors"].split()[0].lower()) + found["year"]
    return _entry("misc", key, {"title": f"{{{found['title']}}}", "author": authors, "year": found["year"]})


def _entry(kind: str, key: str, facts: Mapping[str, object]) -> str:
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in facts.items())
    return f"@{kind}{{{key},\n{lines}\n}}"
