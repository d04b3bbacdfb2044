"""`python -m actsearch` is `actsearch`."""

import sys

from actsearch.cli import main

if __name__ == "__main__":
    sys.exit(main())
