"""The written pages of the repository: README and its like, and the source of the site."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "experiments/**/*.md")
    for page in ROOT.glob(pattern)
    if "_build" not in page.parts  # where `make docs` puts the site
)
