"""A ranking of a table has every trained function once, best first, and finds a function however it is written."""

import pytest

from actsearch import ActsearchError, parse
from actsearch.evaluation import rank_table

NAMES = "tabular-swish1-mnist1d-mlp-likelihood", "tabular-swish1-digits-mlp"  # fingerprints of version 2, and of 1


@pytest.fixture(params=NAMES)
def ranking(request):
    return rank_table(request.param)


def test_every_function_stands_once_and_best_first(ranking):
    scores = [row.score for row in ranking.rows]
    assert scores == sorted(scores, reverse=True)
    assert [row.place for row in ranking.rows] == list(range(1, len(scores) + 1))
    assert len({row.fingerprint for row in ranking.rows}) == len(scores)


def test_a_function_is_found_however_it_is_written(ranking):
    written = [ranking.row(parse(text)) for text in ("x * sigmoid(x)", "silu(x)", "x / (1 + exp(-x))")]
    assert len(set(written)) == 1


def test_the_mean_of_the_seeds_that_count():
    whole, *single = (rank_table(NAMES[0], seeds) for seeds in (None, (0,), (1,), (2,)))
    swish = parse("x * sigmoid(beta * x)")
    assert whole.row(swish).score == pytest.approx(sum(one.row(swish).score for one in single) / 3)
    assert len({one.row(swish).score for one in single}) == 3


def test_a_function_that_diverged_with_a_seed_scores_nothing_where_that_counts():
    whole, *single = (rank_table(NAMES[1], seeds) for seeds in (None, (0,), (1,), (2,)))
    by_seed = [{row.fingerprint: row.score for row in one.rows} for one in single]
    mixed = [row for row in whole.rows if 0 < sum(scores[row.fingerprint] == 0 for scores in by_seed) < 3]
    assert mixed
    assert {row.score for row in mixed} == {0.0}


def test_what_a_table_does_not_have_is_one_sentence():
    with pytest.raises(ActsearchError, match=r"no function that computes gelu\(x\)"):
        rank_table(NAMES[0]).row(parse("gelu(x)"))
    for seeds in ((), (3,)):
        with pytest.raises(ActsearchError, match="has the seeds"):
            rank_table(NAMES[0], seeds)
