"""The command about published units: `actsearch catalog`."""

from typing import Any

import tyro

from actsearch.catalog import CATALOG, MODULES, WORDS, Entry, ModuleEntry, find, properties_of
from actsearch.cli.common import Json, print_json
from actsearch.export import to_latex
from actsearch.report import Column, render, show

LONGEST = 48
"""Characters of a formula in the list; the unit's own page has all of it."""


def catalog(query: tyro.conf.Positional[tuple[str, ...]] = (), json: Json = False) -> None:
    """List published units, found by name, paper, year and property; a unit's own name shows all that is known of it.

    Properties: smooth, monotone, bounded, bounded above, bounded below, odd, even, periodic, fixed, trained, shared,
    gated, normalising, module; non- and un- before one mean its opposite.

    Example: actsearch catalog "smooth non-monotone unbounded above"

    Example: actsearch catalog gated trained

    Args:
        query: words, all of which have to hold; all units when left out.
    """
    text = " ".join(query)
    known = CATALOG.get(text) or MODULES.get(text)
    if json:
        print_json([_facts(unit) for unit in (find(text) if known is None else (known,))])
    elif known is not None:
        _print_unit(known)
    else:
        _print_list(find(text), text)


def _print_list(units: tuple[Entry | ModuleEntry, ...], query: str) -> None:
    if units:
        rows = [
            (unit.name, _short(_formula(unit)), _short(unit.paper), "" if unit.verified else "no") for unit in units
        ]
        columns = [Column("unit"), Column("formula"), Column("paper"), Column("verified")]
        show(render(rows, columns, f"Published units: {query}" if query else "Published units"))
    unverified = sum(not unit.verified for unit in units)
    print(f"{len(units)} of {len(CATALOG) + len(MODULES)} units; {unverified} not verified against a public source.")
    if not query:
        print(f"Search by name, paper, year or property: {', '.join(WORDS)}.")
    print("All of one: actsearch catalog NAME.")


def _print_unit(unit: Entry | ModuleEntry) -> None:
    for name, value in _facts(unit).items():
        if value not in ("", [], {}):
            print(f"{name.replace('_', ' '):13} {_said(value)}")
    others = [other.name for other in find(unit.name) if other != unit]
    if others:
        print(f"{'see also':13} {', '.join(others)}")


def _facts(unit: Entry | ModuleEntry) -> dict[str, Any]:
    """Returns all that is known of a unit, as JSON has it."""
    facts: dict[str, Any] = {"unit": unit.name, "formula": _formula(unit)}
    if isinstance(unit, Entry):
        shared, otherwise = unit.program.shared, "as it starts" if unit.program.parameters else "always"
        facts |= {
            "kind": unit.program.kind,
            "latex": to_latex(unit.program),
            "parameters": {
                name: {"start": start, "values": "one" if name in shared else "one per channel"}
                for name, start in unit.program.parameters
            },
            "special_cases": [
                f"{', '.join(f'{name} = {value:g}' for name, value in case.at) or otherwise}: {case.of}"
                for case in unit.special
            ],
        }
    else:
        facts |= {"kind": "module", "class": f"actsearch.nn.units.{unit.module}"}
    facts |= {"properties": sorted(properties_of(unit)), "paper": unit.paper, "source": unit.source}
    return facts | {"notes": unit.notes, "verified": unit.verified}


def _formula(unit: Entry | ModuleEntry) -> str:
    return str(unit.program) if isinstance(unit, Entry) else unit.formula


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _said(value: Any) -> str:
    """Returns a fact for people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return "; ".join(f"{name} = {row['start']:g}, {row['values']}" for name, row in value.items())
    return "; ".join(value) if isinstance(value, list) else str(value)
