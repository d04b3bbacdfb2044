"""The progress of a search: lines in a file, and the best so far by the rule of the run."""

import io

from actsearch.language import parse
from actsearch.report import ProgressLog
from actsearch.trials import Trial


def trial(index, formula, score, status="ok", fidelity=1.0):
    return Trial(index, parse(formula), str(index), status, score, fidelity=fidelity)


def shown(batches, **settings):
    stream = io.StringIO()
    with ProgressLog("swish-1", stream=stream, **settings) as log:
        for number, batch in enumerate(batches, start=1):
            log.update(batch, done=number, budget=len(batches), fresh=number, seconds=number / 2)
    return stream.getvalue().splitlines()


def test_each_line_has_the_best_of_all_batches():
    batches = [[trial(0, "x", None, "failed")], [trial(1, "relu(x)", 0.9)], [trial(2, "x", 0.8)]]
    assert shown(batches, seconds_between=0) == [
        "swish-1  1/3  2.0/s  1 s left  no score yet",
        "swish-1  2/3  2.0/s  0 s left  best 0.9000  relu(x)",
        "swish-1  3/3  2.0/s  done  best 0.9000  relu(x)",
    ]


def test_a_higher_fidelity_comes_before_a_higher_score():
    batches = [[trial(0, "x", 0.99, fidelity=1 / 9)], [trial(1, "relu(x)", 0.8)], [trial(2, "x", 0.95, fidelity=1 / 9)]]
    assert [line.split("best ")[1] for line in shown(batches, seconds_between=0)] == [
        "0.9900  x",
        "0.8000  relu(x)",
        "0.8000  relu(x)",
    ]


def test_of_equal_scores_the_one_that_the_ranking_names_is_shown():
    first, second = (Trial(i, parse(f"x + {i}"), str(i), "ok", 0.9, ({"loss": 1.0 - i},), (0,)) for i in (0, 1))
    assert shown([[first], [second]], seconds_between=0)[-1].endswith("best 0.9000  1 + x")


def test_between_two_lines_there_is_time_but_the_last_one_is_shown():
    (line,) = shown([[trial(i, "x", 0.5)] for i in range(5)], seconds_between=1e9)
    assert line.startswith("swish-1  5/5")


def test_a_search_that_only_replays_its_store_does_not_say_that_it_is_done():
    stream = io.StringIO()
    log = ProgressLog("swish-1", seconds_between=0, stream=stream)
    log.update([trial(0, "x", 0.5)], done=1, budget=2, fresh=0, seconds=0.0)
    assert stream.getvalue() == "swish-1  1/2  0.0/s  time left unknown  best 0.5000  x\n"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


def test_a_terminal_shows_a_bar():
    stream = Terminal()
    with ProgressLog("swish-1", stream=stream) as log:
        log.update([trial(0, "relu(x)", 0.9)], done=1, budget=4, fresh=1, seconds=0.5)
    assert "1/4" in stream.getvalue()
    assert "best 0.9000  relu(x)" in stream.getvalue()


def test_a_task_whose_path_has_brackets_is_shown_as_it_is():
    stream = Terminal()
    with ProgressLog("swish-1 on [/a]{b}[red].py:make", stream=stream) as log:
        log.update([trial(0, "relu(x)", 0.9)], done=1, budget=4, fresh=1, seconds=0.5)
    assert "swish-1 on [/a]{b}[red].py:make" in stream.getvalue()
