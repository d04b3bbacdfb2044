"""What joins the commands of `actsearch`.

Results go to standard output, progress to standard error. Exit codes: 0 done, 1 `doctor` found something broken, 2 the
user's mistake, 130 interrupted.
"""

import errno
import importlib
import os
import shlex
import sys
from collections.abc import Callable, Sequence

from actsearch import __version__

DESCRIPTION = """Discover activation functions and normalization-activation layers.

Results go to standard output, progress to standard error. Exit codes: 0 done, 1 doctor found something broken, 2 your
mistake, 130 interrupted.
--debug shows the traceback of a mistake; --version the version.
"""

COMMANDS = {
    "search": "search",
    "plan": "plan",
    "watch": "watch",
    "verify": "verify",
    "rank": "rank",
    "train": "train",
    "compare": "compare",
    "report": "report",
    "top": "runs",
    "audit": "runs",
    "check": "runs",
    "merge": "runs",
    "score": "formulas",
    "show": "formulas",
    "card": "card",
    "novelty": "card",
    "transform": "transform",
    "tasks": "lists",
    "data": "data",
    "new-task": "new_task",
    "spaces": "lists",
    "catalog": "catalog",
    "export": "runs",
    "export-formula": "formats",
    "doctor": "doctor",
}
"""The module of each command, in the order of --help."""

FORMULA_COMMANDS = ("score", "show", "card", "novelty", "transform", "verify", "train", "export-formula")
"""Commands whose arguments may begin with a minus sign that belongs to a formula."""

LONG_COMMANDS = ("search", "plan", "verify", "rank", "train", "score", "audit", "report")
"""Commands that repeat what they were asked for at once: JAX takes a second to import, on a cold disk many."""


class Interrupted(KeyboardInterrupt):
    """An interruption that says what is kept."""


def main(args: list[str] | None = None) -> int:
    """Runs a command.

    Args:
      args: without the program's name; those of the process by default.

    Returns:
      The exit code.
    """
    _open_outputs()
    args = list(sys.argv[1:] if args is None else args)
    if args == ["--version"]:
        print(f"actsearch {__version__}")
        return 0
    if args and args[0] in LONG_COMMANDS and not {"-h", "--help"}.intersection(args):
        print(f"actsearch {__version__}: {shlex.join(args)}", file=sys.stderr)
    from actsearch.language import ActsearchError

    debug = "--debug" in args
    try:
        code = _run(_guarded([arg for arg in args if arg != "--debug"]))
        sys.stdout.flush()
        return code or 0
    except ActsearchError as error:
        if debug:
            raise
        print(f"actsearch: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as interruption:
        print(f"actsearch: {interruption if str(interruption) else 'interrupted.'}", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader, such as `head`, has seen enough
        _drop_output()
        return 0
    except OSError as error:
        if error.errno != errno.ENOSPC or debug:
            raise
        print(
            f"actsearch: The disk is full: {error}. Free some space, then give the same command again.", file=sys.stderr
        )
        _drop_output()
        return 2


def _open_outputs() -> None:
    """Gives a process whose standard output or error is closed, as a daemon's may be, one that forgets."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115, for as long as the process lasts


def _drop_output() -> None:
    """Forgets what standard output did not take, which else would be written, and fail, once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(args: list[str]) -> int | None:
    """Parses arguments and calls the command that they name; returns its exit code, None for 0."""
    import tyro

    from actsearch.evaluation import use_all_cores, use_compilation_cache

    use_all_cores()
    use_compilation_cache()
    code: int | None = tyro.extras.subcommand_cli_from_dict(
        commands(args[:1]),
        prog="actsearch",
        description=DESCRIPTION,
        args=args,
        config=(tyro.conf.CascadeSubcommandArgs,),
    )
    return code


def commands(named: Sequence[str] = ()) -> dict[str, Callable[..., int | None]]:
    """Returns the commands by name: the one that is named, where there is one, since importing all takes 0.5 s."""
    chosen = [name for name in COMMANDS if name in named] or COMMANDS
    return {
        name: getattr(importlib.import_module(f"actsearch.cli.{COMMANDS[name]}"), name.replace("-", "_"))
        for name in chosen
    }


def _guarded(args: list[str]) -> list[str]:
    """Puts a space before a formula that begins with a minus sign, which else would be read as an option."""
    if not args or args[0] not in FORMULA_COMMANDS:
        return args
    return [f" {arg}" if _is_formula(arg) else arg for arg in args]


def _is_formula(arg: str) -> bool:
    """Returns whether an argument that begins with a minus sign is a formula; no option has these letters."""
    signs = arg.startswith("-") and arg not in ("-h", "--help", "-o")
    return signs and (not arg.startswith("--") or any(letter in arg for letter in "()*/^ +")) and "=" not in arg
