"""`python -m actsearch.cli` is `actsearch`."""

import sys

from actsearch.cli import main

if __name__ == "__main__":
    sys.exit(main())
