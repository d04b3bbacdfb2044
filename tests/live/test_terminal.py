"""The view of a terminal: lines in a file, a table on a terminal, and the end when all runs have finished."""

import io

import pytest

from actsearch.archive import Archive, keep
from actsearch.archive.run import PROCESS
from actsearch.cli import main
from actsearch.language import parse
from actsearch.live import Follower, watch_terminal
from actsearch.trials import Trial
from tests.report.test_progress import Terminal


def grow(directory, first, count):
    with Archive.write(directory, {"space": "swish-1"}) as archive:
        archive.append([Trial(i, parse("relu(x)"), str(i), "ok", 0.5 + i / 100) for i in range(first, first + count)])


@pytest.fixture
def directory(tmp_path):
    grow(tmp_path / "[red]mine", 0, 2)
    keep(tmp_path / "[red]mine", PROCESS, {"budget": 6, "done": 0, "began": 0.0, "devices": ["2 x cpu"]})
    return tmp_path / "[red]mine"


def test_lines_until_the_end(directory):
    stream = io.StringIO()
    sizes = iter([0, 2, 2])
    counts = [2]

    def sleep(seconds):
        size = next(sizes)
        if size:
            grow(directory, counts[0], size)
        counts[0] += size

    watch_terminal([Follower(directory)], every=1.0, stream=stream, sleep=sleep)
    shown = [line.split("  ")[:3] for line in stream.getvalue().splitlines()]
    assert shown == [
        ["[red]mine", "stopped", "2/6"],
        ["[red]mine", "stopped", "4/6"],
        ["[red]mine", "finished", "6/6"],
    ], "a line for each change"


def test_a_terminal_shows_names_as_they_are(directory):
    stream = Terminal()
    watch_terminal([Follower(directory), Follower(directory.parent / "later")], once=True, stream=stream)
    shown = stream.getvalue()
    assert all(
        word in shown for word in ("[red]mine", "stopped", "2/6", "0.5100", "relu(x)", "ok 2", "2 x cpu", "waiting")
    )


def test_the_command_looks_once(directory, capsys):
    assert main(["watch", str(directory), "--once"]) == 0
    assert capsys.readouterr().out.startswith("[red]mine  stopped  2/6  best 0.5100  relu(x)")
    assert main(["watch", str(directory), "--once", "--browser"]) == 0
    assert capsys.readouterr().out.startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ([], "received none"),
        (["runs", "--every", "0"], "above 0, at most a day (86400); received 0."),
        (["runs", "--port", "-1"], "at least 0"),
    ],
    ids=["no run", "no time", "no port"],
)
def test_mistakes(args, words, capsys):
    assert main(["watch", *args]) == 2
    assert words in capsys.readouterr().err
