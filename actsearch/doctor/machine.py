"""What is installed and where things are kept; nothing here computes."""

import os
import platform
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from actsearch import __version__
from actsearch.data import count_cores
from actsearch.doctor.finding import Finding, size
from actsearch.evaluation import CACHE_BYTES, cache_folder, folder_bytes, use_compilation_cache

PACKAGES = ("jax", "jaxlib", "flax", "optax", "numpy")
ACCELERATORS = {"cuda": ("jax-cuda12-plugin", "jax-cuda13-plugin"), "tpu": ("libtpu",)}
"""The packages by which JAX sees a kind of accelerator; one of them is enough."""

EXTRAS = {
    "data": ("mlxtend", "scikit-image"),
    "imagenet": ("grain",),
    "ray": ("ray",),
    "tensorboard": ("tensorboardX",),
    "wandb": ("wandb",),
    "mlflow": ("mlflow-skinny", "alembic", "sqlalchemy"),
    "notebooks": ("ipykernel", "nbclient", "nbformat"),
    "report": ("altair", "jinja2", "latex2mathml", "vl-convert-python"),
    "torch": ("torch",),
    "onnx": ("onnx", "onnxruntime"),
    "equinox": ("equinox",),
}
"""The packages of the other optional extras."""


def versions() -> Finding:
    """Finds the versions of Python and of the packages that compute."""
    facts = {"python": platform.python_version(), "actsearch": __version__}
    missing = [name for name in PACKAGES if not is_installed(name)]
    facts |= {name: version(name) for name in PACKAGES if name not in missing}
    text = ", ".join(f"{name} {number}" for name, number in facts.items())
    if missing:
        return Finding("versions", "broken", f"{text}; missing: pip install {' '.join(missing)}", facts)
    return Finding("versions", "ok", text, facts)


def is_installed(package: str) -> bool:
    """Returns whether a package is installed; it is not imported."""
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


def cores() -> Finding:
    """Finds the cores that this process may use."""
    usable, all_ = count_cores(), os.cpu_count() or 1
    text = f"{usable}" if usable == all_ else f"{usable} of the machine's {all_}"
    return Finding("cores", "ok", text, {"cores": usable, "machine": all_})


def cache() -> Finding:
    """Finds the folder in which compiled programs are kept, and its size."""
    folder, root = use_compilation_cache(), cache_folder()
    if folder is None:
        remedy = "" if root is None else f": {root} cannot be written, or JAX's own setting is off; see ACTSEARCH_CACHE"
        return Finding("cache", "note", f"off, every search compiles{remedy}", {"folder": None, "bytes": 0})
    if root is not None and folder.is_relative_to(root):
        taken = folder_bytes(root)
        text, folder = f"{root}, {size(taken)}, at most {size(CACHE_BYTES)} from one search to the next", root
    else:
        taken = folder_bytes(folder)
        text = f"{folder}, {size(taken)}, set by you for JAX"
    return Finding("cache", "ok", text, {"folder": str(folder), "bytes": taken})


def extras() -> Iterator[Finding]:
    """Finds which of the optional extras are installed."""
    for extra in (*ACCELERATORS, *EXTRAS):
        installed = has_extra(extra)
        text = "installed" if installed else f"not installed; {install(extra)}"
        yield Finding(f"extra {extra}", "ok" if installed else "note", text, {"installed": installed})


def has_extra(extra: str) -> bool:
    """Returns whether an extra is installed, by itself or with JAX."""
    if extra in ACCELERATORS:
        return any(map(is_installed, ACCELERATORS[extra]))
    return all(map(is_installed, EXTRAS[extra]))


def install(extra: str) -> str:
    """Returns the line that installs an extra."""
    return f'pip install "actsearch[{extra}]"'
