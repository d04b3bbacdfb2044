"""The command line: one file for each group of commands, `app` for what joins them."""

from actsearch.cli.app import main

__all__ = ["main"]
