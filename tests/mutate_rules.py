"""Takes the rules out one at a time and runs the tests that pass by them; prints whose removal nobody noticed.

    python -m tests.mutate_rules [TABLE...]      many minutes; exit 1 if a removal went unnoticed

A table is any Rules, tuple, dict or frozenset of names, patterns or records at the top of a module below analyse/. A
first run of all tests notes which rules each test asks for; a rule is tried with the tests that ask for it.
"""

# ruff: noqa: T201 - it prints a table

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from asyncspy import analyse
from asyncspy.analyse.stacks.pattern import Pattern, Rules
from asyncspy.analyse.waits import pools

SLOW = "test_every_stack"
AT_MOST = 150
"""Of the slow tests that pass by a rule, so many are run: a rule that none of them needs is unnoticed."""

NAMELESS = (SLOW, "test_calls", "test_remedies", "test_confidence")
"""Tests that no set of names can matter to, but for those of the module that writes code."""

LEFT_OUT = ("test_properties.py", "stacks/test_chains.py")
NOT_RULES = re.compile(r"\.(confidence$|hang\.)")
"""Modules without rules, and the parts of hang, whose rules are tested on live pages."""
MADE_OF = {"_CALLS": ["CALLS"], "MACHINERY": ["SINKS", "_GUARD_RULES"]}
"""Tables that hold others' rows beside their own: a row goes from both."""

EVERYTHING = "_KNOWN"
"""The table that all patterns are in."""

MERGED = {"SERVERS", "DJANGO_INTERNALS"}
"""Tables that only go into others when a module is loaded."""

WRITING = ("rewrite.", "remedies.", "blocking_calls.")
"""Modules whose names end up in what is to be typed."""

ROWS = (str, re.Pattern, pools.ThreadPool)
"""What a table that is no Rules may hold."""


@dataclass(frozen=True)
class Rule:
    """One row of a table, and how to take it out; what that gives puts it back."""

    table: str
    row: str
    key: object
    remove: Callable[[], Callable[[], None]]


def modules() -> list[ModuleType]:
    names = [found.name for found in pkgutil.walk_packages(analyse.__path__, f"{analyse.__name__}.")]
    return [importlib.import_module(name) for name in names if not NOT_RULES.search(name)]


def tables() -> dict[str, Any]:
    """Every table by the module that defines it and its name."""
    found = {}
    for module in modules():
        for name in re.findall(r"^(_?[A-Z][A-Z_]*)\b.*=", inspect.getsource(module), re.MULTILINE):
            value = getattr(module, name, None)
            if type(value) in {Rules, frozenset, tuple, list, dict} and name not in MERGED:
                found[f"{module.__name__.rpartition('.')[2]}.{name}"] = value
    return found


def rules() -> Iterator[Rule]:
    """Every row of every table."""
    known = tables()
    for shown, table in known.items():
        if isinstance(table, Rules):
            elsewhere = {pattern for other in _others(shown, known) for pattern, _ in other}
            holders = [table, *(other for copy, other in known.items() if _name(shown) in MADE_OF.get(_name(copy), ()))]
            holders += [other for copy, other in known.items() if _name(copy) == EVERYTHING]
            for pattern, _ in list(table):
                if pattern not in elsewhere:
                    yield Rule(shown, f"{pattern.function} ({pattern.file})", pattern, _from_rules(pattern, holders))
        elif all(isinstance(row, ROWS) for row in table):
            for row in sorted(table, key=str):
                yield Rule(shown, _shown(row), None, _from_names(table, row))


def _name(shown: str) -> str:
    return shown.rpartition(".")[2]


def _shown(row: Any) -> str:
    return str(getattr(row, "pattern", None) or getattr(row, "name", row))


def _others(shown: str, known: dict[str, Any]) -> list[Rules[Any]]:
    """The tables whose rows are not this one's own."""
    if _name(shown) == EVERYTHING:
        return [table for other, table in known.items() if isinstance(table, Rules) and other != shown]
    return [table for other, table in known.items() if _name(other) in MADE_OF.get(_name(shown), ())]


def _from_rules(pattern: Pattern, held_by: Sequence[Rules[Any]]) -> Callable[[], Callable[[], None]]:
    def remove() -> Callable[[], None]:
        before = [(table, dict(table._by_name)) for table in held_by]
        for table in held_by:
            table._by_name = {name: [row for row in rows if row[0] != pattern] for name, rows in table._by_name.items()}

        def restore() -> None:
            for table, rows in before:
                table._by_name = rows

        return restore

    return remove


def _from_names(table: Any, row: Any) -> Callable[[], Callable[[], None]]:
    def remove() -> Callable[[], None]:
        kept = [one for one in table if one != row]
        shorter = {one: table[one] for one in kept} if isinstance(table, dict) else type(table)(kept)
        held = [(module, name) for module in modules() for name, value in vars(module).items() if value is table]
        for module, name in held:
            setattr(module, name, shorter)

        def restore() -> None:
            for module, name in held:
                setattr(module, name, table)

        return restore

    return remove


def forget() -> None:
    """Clear every cache of the rules."""
    for module in modules():
        for value in vars(module).values():
            if isinstance(value, Rules):
                value._match.cache_clear()
            elif hasattr(value, "cache_clear") and not isinstance(value, type):
                value.cache_clear()


class Mutation:
    """A pytest plugin: collects as usual, and then runs the tests once per rule."""

    def __init__(self, wanted: Sequence[str]) -> None:
        self.wanted = wanted
        self.unnoticed: list[Rule] = []
        self.asked: dict[Pattern, set[int]] = defaultdict(set)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = sorted(session.items, key=lambda item: SLOW in item.nodeid)
        self._watch(items)
        started = time.monotonic()
        chosen = [rule for rule in rules() if not self.wanted or rule.table.rpartition(".")[2] in self.wanted]
        for number, rule in enumerate(chosen, 1):
            forget()
            restore = rule.remove()
            print(f"\r{number} of {len(chosen)}", end="", file=sys.stderr)
            if not self._is_noticed(rule, items):
                self.unnoticed.append(rule)
            restore()
        forget()
        per_table: dict[str, int] = defaultdict(int)
        for rule in chosen:
            per_table[rule.table] += 1
        self._print(per_table, time.monotonic() - started)
        return True

    def _watch(self, items: Sequence[pytest.Item]) -> None:
        """Run all once, and note which rules each test had a match of."""
        fits, current = Rules._fits, [-1]

        def noting(table: Rules[Any], function: str, file: str, pattern: Pattern) -> bool:
            fitting = fits(table, function, file, pattern)
            if fitting:
                self.asked[pattern].add(current[0])
            return fitting

        Rules._fits = noting  # type: ignore[assignment,method-assign]
        for number, item in enumerate(items):
            forget()
            current[0] = number
            if not _passes(item):
                pytest.exit(f"{item.nodeid} fails before anything was taken out")
        Rules._fits = fits  # type: ignore[method-assign]

    def _is_noticed(self, rule: Rule, items: Sequence[pytest.Item]) -> bool:
        if isinstance(rule.key, Pattern):
            named = ".".join(rule.key.function.split(".")[-2:])
            numbers = sorted(self.asked[rule.key])
            slow = [number for number in numbers if SLOW in items[number].nodeid]
            first = [number for number in slow if f"-{named}" in items[number].nodeid]
            numbers = [*first, *numbers[: len(numbers) - len(slow)], *slow[:: max(1, len(slow) // AT_MOST)]]
        else:
            nameless = [] if rule.table.startswith(WRITING) else NAMELESS
            numbers = [number for number, item in enumerate(items) if not any(name in item.nodeid for name in nameless)]
            numbers.sort(key=lambda number: "test_ownership" not in items[number].nodeid)
        return any(not _passes(items[number]) for number in numbers)

    def _print(self, per_table: dict[str, int], seconds: float) -> None:
        print(f"\n\n{'table':32}{'rules':>7}{'unnoticed':>11}")
        for table, number in per_table.items():
            print(f"{table:32}{number:>7}{sum(rule.table == table for rule in self.unnoticed):>11}")
        print(f"{'all':32}{sum(per_table.values()):>7}{len(self.unnoticed):>11}   in {seconds:.0f} s\n")
        for rule in self.unnoticed:
            print(f"unnoticed: {rule.table}  {rule.row}")


def _passes(item: pytest.Item) -> bool:
    """Run one test; what its module and session have set up stays."""
    holder: Any = item.parent
    item.session._setupstate.teardown_exact(holder)
    return not any(report.failed for report in runtestprotocol(item, log=False, nextitem=holder))


def main() -> int:
    plugin = Mutation([name.rpartition(".")[2] for name in sys.argv[1:]])
    left_out = [f"--ignore=tests/analyse/{name}" for name in LEFT_OUT]
    code = pytest.main(["-q", "-p", "no:cacheprovider", *left_out, "tests/analyse"], [plugin])
    return int(code) or bool(plugin.unnoticed)


if __name__ == "__main__":
    sys.exit(main())
