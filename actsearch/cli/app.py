"""The command line: `actsearch search | compare | top | audit | score | show | tasks | space | export`.

Results go to standard output, progress to standard error. Exit codes: 0 done, 2 the user's mistake, 130 interrupted.
"""

import sys

import tyro

from actsearch.archive.archive import ArchiveError
from actsearch.archive.checkpoint import CheckpointError
from actsearch.cli.compare import compare
from actsearch.cli.formulas import score, show
from actsearch.cli.lists import space, tasks
from actsearch.cli.runs import audit, export, top
from actsearch.cli.search import search
from actsearch.evaluation import use_all_cores

COMMANDS = (search, compare, top, audit, score, show, tasks, space, export)
MISTAKES = (ValueError, TypeError, ArchiveError, CheckpointError, OSError, ImportError)


def main(args: list[str] | None = None) -> int:
    """Runs a command; returns its exit code."""
    use_all_cores()
    commands = {command.__name__: command for command in COMMANDS}
    try:
        tyro.extras.subcommand_cli_from_dict(commands, prog="actsearch", description=__doc__, args=args)
    except MISTAKES as error:
        print(f"actsearch: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("actsearch: interrupted; the same command goes on where this one stopped.", file=sys.stderr)
        return 130
    return 0
