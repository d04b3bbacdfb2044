"""Numbers need no pictures: what importing the room brings along."""

import subprocess
import sys

HEAVY = ("matplotlib", "pandas", "rich", "scipy.stats", "sklearn", "actsearch.report")


def test_analysis_imports_nothing_heavy():
    code = f"import sys, actsearch.analysis; print(*[name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
