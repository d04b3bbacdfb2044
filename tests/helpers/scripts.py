"""Not a test: loads the scripts of experiments, which are no package, as modules."""

import importlib.util
from pathlib import Path

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


def load(path: str):
    """Returns a script of experiments as a module, such as "benchmarks/engine.py"."""
    script = EXPERIMENTS / path
    spec = importlib.util.spec_from_file_location(f"script_{script.stem}", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
