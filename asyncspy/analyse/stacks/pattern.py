"""Match frames against tables of rules, which name frames of Django, asgiref or the standard library.

Recordings spell one frame in many ways: py-spy ≥ 0.4.3 on Python ≥ 3.11 prints `QuerySet.count`, older ones print
`count`; files come whole, shortened to `django/db/models/query.py`, or to `query.py` when the target lived in another
root. A rule states the full spelling; the table accepts shorter ones as far as they still identify the frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

from asyncspy.model.stacks import Frame, Stack

T = TypeVar("T")

COMMON_NAMES = frozenset(
    "_run add clear count create delete dispatch execute executemany exists first get handle inner last load login "
    "render run save send set start update wait".split()
)
"""Function names that any code may have: with a bare file name and no class, they prove nothing."""


class Pattern(NamedTuple):
    """A qualified function and its file; `*.name` is that method of any class."""

    function: str
    file: str


def last_segment(function: str) -> str:
    """`inner` of `async_unsafe.<locals>.decorator.<locals>.inner`."""
    return function.rpartition(".")[2]


def same_file(file: str, rule_file: str) -> bool:
    """Whether a recorded file name, whole or shortened by directories, is the rule's file."""
    return file == rule_file or file.endswith("/" + rule_file)


class Rules(Generic[T]):
    """A table from patterns to their meanings; the first rule that fits a frame wins.

    `lenient` accepts a common name in a bare file as well: for rules whose miss would raise a false alarm.
    """

    def __init__(self, rules: Iterable[tuple[Pattern, T]], *, lenient: bool = False) -> None:
        self._by_name: dict[str, list[tuple[Pattern, T]]] = {}
        self._lenient = lenient
        for pattern, meaning in rules:
            self._by_name.setdefault(last_segment(pattern.function), []).append((pattern, meaning))
        self._match = lru_cache(maxsize=100_000)(self._look_up)

    def __iter__(self) -> Iterator[tuple[Pattern, T]]:
        for entries in self._by_name.values():
            yield from entries

    def match(self, frame: Frame) -> T | None:
        """The meaning of this frame, if any rule fits it; its line does not matter."""
        return self._match(frame.function, frame.file)

    def _look_up(self, function: str, file: str) -> T | None:
        for pattern, meaning in self._by_name.get(last_segment(function), ()):
            if self._fits(function, file, pattern):
                return meaning
        return None

    def _fits(self, function: str, file: str, pattern: Pattern) -> bool:
        qualified = "." in function
        if qualified and not _same_function(function, pattern.function):
            return False
        file = file.replace("\\", "/")
        if same_file(file, pattern.file):
            return True
        if "/" in file or file != pattern.file.rpartition("/")[2]:
            return False
        return qualified or self._lenient or not _is_common(function)


def _same_function(function: str, rule: str) -> bool:
    return function == rule or (rule.startswith("*.") and last_segment(function) == rule[2:])


def _is_common(name: str) -> bool:
    return name in COMMON_NAMES or (name.startswith("__") and name.endswith("__"))


def patterns(file: str, functions: str) -> list[Pattern]:
    """The patterns of functions of one file, whose names are separated by spaces."""
    return [Pattern(function, file) for function in functions.split()]


def rules_by_meaning(table: Mapping[T, Mapping[str, str]]) -> Rules[T]:
    """Build rules from a table of what functions mean: for each meaning the files, with the functions of each."""
    return Rules(
        (pattern, meaning)
        for meaning, files in table.items()
        for file, functions in files.items()
        for pattern in patterns(file, functions)
    )


def any_of(*patterns: Pattern, lenient: bool = False) -> Rules[bool]:
    """Build rules that only tell whether a frame fits one of these patterns."""
    return Rules(((pattern, True) for pattern in patterns), lenient=lenient)


def distinct_frames(stacks: Iterable[Stack]) -> set[Frame]:
    """Return each frame once: far fewer than stand on all stacks together."""
    return set().union(*(stack.frames for stack in stacks))
