"""The verdict of a report: what was verified, in words that promise no more than the intervals."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

from actsearch.analysis import Difference, Verification
from actsearch.language import Program
from actsearch.pages.material import Material, Verified

State = Literal["found", "none", "unverified", "empty"]
Names = Callable[[Program], Sequence[str]]
"""Names of the published units that a program computes."""


class Finding(NamedTuple):
    """A new function that beat every baseline of a task.

    Attributes:
      program: the function.
      task: where.
      differences: from each baseline, with intervals that hold for all comparisons at once.
    """

    program: Program
    task: str
    differences: tuple[Difference, ...]


class Verdict(NamedTuple):
    """What a report says first.

    Attributes:
      state: "found", "none", "unverified" or "empty".
      headline: one sentence.
      remarks: further sentences.
      findings: the best first; empty unless "found".
    """

    state: State
    headline: str
    remarks: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def verdict(material: Material, names: Names) -> Verdict:
    """Returns the verdict on runs.

    Args:
      material: the runs with their verifications.
      names: of a program among published units; a unit that is known already is no finding.
    """
    if material.verified:
        return _verified(material.verified, names)
    scored = [trial for run in material.runs for trial in run.trials if trial.status == "ok"]
    if scored:
        where = shlex.join(str(run.directory) for run in material.runs)
        return Verdict(
            "unverified",
            "Nothing is verified yet.",
            (
                "The scores below are those that the search chose by: the best of many is flattered by luck.",
                f"To train the best again with fresh seeds, on test data: actsearch verify {where}",
            ),
        )
    trials = sum(len(run.trials) for run in material.runs)
    what = f"None of {trials:,} candidates has a score." if trials else "No candidate has been evaluated yet."
    return Verdict("empty", what, ("There is nothing to verify; the funnel says what became of the candidates.",))


def _verified(verified: Sequence[Verified], names: Names) -> Verdict:
    known = {program: bool(names(program)) for one in verified for program in one.result.programs}
    findings = [finding for one in verified for finding in _findings(one.result) if not known[finding.program]]
    findings.sort(key=lambda finding: -min(one.simultaneous.low for one in finding.differences))
    candidates = {p for one in verified for p in _candidates(one.result) if not known[p]}
    tasks = list(dict.fromkeys(task for one in verified for task in one.result.tasks))
    remarks = [_how(one) + _best_published(one, known, names) for one in verified]
    if any(len(one.result.seeds) < 2 for one in verified):
        remarks.append("One seed says nothing of luck: verify with several.")
    if findings:
        count = len({finding.program for finding in findings})
        where = f"on {'the task' if len(tasks) == 1 else f'at least one of {len(tasks)} tasks'}"
        headline = f"{count} of {_count(len(candidates), 'new function')} beat every baseline {where}."
        return Verdict("found", headline, tuple(remarks), tuple(findings))
    if not candidates:
        return Verdict("none", "Only published functions were verified; there is no new finding.", tuple(remarks))
    tried = f"{_count(len(candidates), 'new function')} on {_count(len(tasks), 'task')}"
    return Verdict("none", f"Nothing beat the baselines: {tried}, and none above every baseline.", tuple(remarks))


def _candidates(result: Verification) -> set[Program]:
    return {row.program for row in result.rows} - {row.program for row in result.rows if row.trained.baseline}


def _findings(result: Verification) -> list[Finding]:
    """Returns the rows whose every simultaneous interval is above 0."""
    return [
        Finding(row.program, row.task, row.differences)
        for row in result.rows
        if not row.trained.baseline and row.differences and all(one.simultaneous.low > 0 for one in row.differences)
    ]


def _how(one: Verified) -> str:
    result = one.result
    comparisons = sum(len(row.differences) for row in result.rows)
    return (
        f"{one.name}: {_count(len(result.seeds), 'fresh seed')}, {result.part} data, {', '.join(result.tasks)}; "
        f"intervals hold at {result.confidence:.0%} for all {_count(comparisons, 'comparison')} at once."
    )


def _best_published(one: Verified, known: Mapping[Program, bool], names: Names) -> str:
    """Returns a sentence on the best published function, where it is no baseline: a finding may be below it."""
    ranked = one.result.ranked
    best = next((program for program in ranked if known[program]), None)
    if best is None or best not in _candidates(one.result):
        return ""
    above = sum(not known[program] for program in ranked[: ranked.index(best)])
    return f" The best published function is {names(best)[0]}, with {_count(above, 'new one')} above it on average."


def _count(number: int, noun: str) -> str:
    """Returns a number with its noun.

    Example:
      >>> _count(1, "task"), _count(2, "task")
      ('1 task', '2 tasks')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
