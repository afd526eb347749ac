"""The saved form of a run: one speedscope file, with where its samples came from under a key of our own.

speedscope.app ignores keys that it does not know, so a saved recording opens there too. `sample/` writes this form,
`read/` reads it, and nobody else knows it.

A run has one or more passes: of each process, in each mode. They share the document's table of frames, and its
profiles are theirs in their order. Format 1 had one pass, whose origin was the account itself.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any, NamedTuple, TypeVar

from asyncspy.errors import InputError
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Dump, Event, Frame, Occurrences, Origin, Task, ThreadActivity
from asyncspy.recording import counted_calls

KEY = "asyncspy"
LOOKS = "asyncspy-looks"
LOOKS_FORMAT = 1
FORMAT = 2
LARGEST = 10**12
"""No count, rate, time or size in an account is beyond this; what is, was written by a hand or a fault."""

LONGEST_NANOSECONDS = 10**18

MOST_FILES, MOST_LINES, LONGEST_LINE = 500, 20_000, 1_000
"""How much source a recording may carry; what is beyond it is left out."""

EMPTY_DOCUMENT: dict[str, Any] = {
    "$schema": "https://www.speedscope.app/file-format-schema.json",
    "profiles": [],
    "shared": {"frames": []},
}
"""What is saved when there was nothing to sample: that is a result as well."""

Sources = Mapping[str, Mapping[int, str]]
"""Of each file, the lines that were worth saving."""

T = TypeVar("T", Origin, Worker, Dump)


class SavedPass(NamedTuple):
    """One process's samples in one mode: where they came from, if that was saved, and the profiles that hold them."""

    origin: Origin | None
    profiles: list[Any]


def embed(
    document: dict[str, Any],
    *origins: Origin,
    counts: Sequence[int] = (),
    sources: Sources | None = None,
    captured: Mapping[Event, Occurrences] | None = None,
) -> dict[str, Any]:
    """A speedscope document that also says where it came from; `counts` says how many profiles are each origin's."""
    profiles = document.get("profiles")
    counts = counts or [len(profiles) if isinstance(profiles, list) else 0]
    passes = [{"profiles": count, **asdict(origin)} for origin, count in zip(origins, counts, strict=True)]
    account: dict[str, Any] = {"format": FORMAT, "passes": passes}
    if sources:
        account["sources"] = _numbered(sources)
    if captured:
        account["captured"] = counted_calls.saved(captured)
    return {KEY: account, **document}


def _numbered(sources: Sources) -> dict[str, dict[str, str]]:
    return {file: {str(line): text for line, text in sources[file].items()} for file in sources}


def extract(document: dict[str, Any]) -> list[SavedPass]:
    """The passes of a speedscope document, if asyncspy saved it."""
    account = _account(document)
    profiles = document.get("profiles")
    profiles = profiles if isinstance(profiles, list) else []
    if account is None:
        return []
    if account["format"] == 1:
        return [SavedPass(_origin(account), profiles)]
    passes, start = list[SavedPass](), 0
    listed = account.get("passes")
    for told in listed if isinstance(listed, list) else []:
        count = told.get("profiles") if isinstance(told, dict) else None
        if type(count) is not int or not 0 <= count <= len(profiles) - start:
            raise InputError("this recording's account of its passes does not fit its profiles", remedy=WITHOUT_IT)
        passes.append(SavedPass(_origin(told), profiles[start : start + count]))
        start += count
    if start != len(profiles):
        raise InputError("this recording's account of its passes does not fit its profiles", remedy=WITHOUT_IT)
    return passes


def sources(document: dict[str, Any]) -> dict[str, dict[int, str]]:
    """The lines of code that were saved, as far as they are lines of code and not beyond all bounds."""
    return _lines_of((_account(document) or {}).get("sources"))


def captured(document: dict[str, Any]) -> tuple[dict[Event, Occurrences], int]:
    """The calls that were counted in the process, as far as they are sound, and how many chains were not."""
    return counted_calls.read_back((_account(document) or {}).get("captured"))


def _lines_of(saved: object) -> dict[str, dict[int, str]]:
    kept: dict[str, dict[int, str]] = {}
    room = MOST_LINES
    for file, lines in saved.items() if isinstance(saved, dict) else ():
        if len(kept) >= MOST_FILES or not isinstance(lines, dict):
            continue
        good = {int(number): text for number, text in list(lines.items())[:room] if _is_line(number, text)}
        if good:
            kept[file] = good
            room -= len(good)
    return kept


def _is_line(number: str, text: object) -> bool:
    counted = number.isascii() and number.isdigit() and len(number) < len(str(LARGEST)) and number[0] != "0"
    return counted and isinstance(text, str) and len(text) <= LONGEST_LINE and text.replace("\t", "").isprintable()


WITHOUT_IT = 'the stacks may still be good: remove the "asyncspy" key from the file and report it again'


def _account(document: dict[str, Any]) -> dict[str, Any] | None:
    saved = document.get(KEY)
    if not isinstance(saved, dict):
        return None
    version = saved.get("format")
    if not isinstance(version, int) or not 1 <= version <= FORMAT:
        raise InputError(
            f"this recording has the format {version!r}; this asyncspy reads formats up to {FORMAT}",
            remedy="upgrade asyncspy: pip install --upgrade asyncspy",
        )
    return saved


def _origin(saved: dict[str, Any]) -> Origin:
    target = saved.get("target")
    return _build(Origin, {**saved, "target": _build(Worker, target) if isinstance(target, dict) else None})


def embed_looks(looks: Sequence[Dump], targets: Sequence[Worker], sources: Sources | None = None) -> dict[str, Any]:
    """When and how each dump in a folder was taken, and of what; the dumps themselves are beside it."""
    told = [{name: value for name, value in asdict(look).items() if name != "threads"} for look in looks]
    account = {"format": LOOKS_FORMAT, "targets": [asdict(target) for target in targets], "looks": told}
    return {LOOKS: {**account, "sources": _numbered(sources)} if sources else account}


def extract_looks(document: dict[str, Any]) -> tuple[list[Dump], list[Worker], dict[str, dict[int, str]]]:
    """The dumps without their threads, by the name of their file; what was dumped; the lines of code saved with it."""
    saved = document.get(LOOKS)
    if not isinstance(saved, dict) or saved.get("format") != LOOKS_FORMAT:
        raise InputError(
            "this account of dumps is not one that this asyncspy reads",
            remedy="the dumps beside it can be read without it: name them one by one",
        )
    targets = [_build(Worker, each) for each in _objects(saved.get("targets"))]
    return [_look(each) for each in _objects(saved.get("looks"))], targets, _lines_of(saved.get("sources"))


def _objects(listed: object) -> list[dict[str, Any]]:
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _look(saved: dict[str, Any]) -> Dump:
    ran = saved.get("ran")
    plain = {name: value for name, value in saved.items() if name in PLAIN}
    look = replace(_build(Dump, plain), tasks=tuple(_tasks(saved.get("tasks"))))
    if not isinstance(ran, dict):
        return look
    counted = {int(tid): ThreadActivity(*count) for tid, count in ran.items() if _is_id(tid) and _are_counts(count)}
    return replace(look, ran=counted)


PLAIN = frozenset({"pid", "at", "path", "paused", "state", "counted", "cpus", "no_tasks"})


def _tasks(saved: object) -> Iterator[Task]:
    """Those that are whole: a name, frames, names of those that await it."""
    for each in saved if isinstance(saved, list) else []:
        if not isinstance(each, list) or len(each) != len(Task._fields):
            continue
        name, frames, awaited_by = each
        if isinstance(name, str) and _all(frames, _is_frame) and _all(awaited_by, lambda by: isinstance(by, str)):
            yield Task(name, tuple(Frame(*frame) for frame in frames), tuple(awaited_by))


def _all(listed: object, fits: Callable[[object], bool]) -> bool:
    return isinstance(listed, list) and all(map(fits, listed))


def _is_frame(frame: object) -> bool:
    if not isinstance(frame, list) or len(frame) != len(Frame._fields):
        return False
    function, file, line = frame
    return isinstance(function, str) and isinstance(file, str) and type(line) is int and 0 <= line <= LARGEST


def _is_id(text: object) -> bool:
    return isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < len(str(LARGEST))


def _are_counts(count: object) -> bool:
    if not isinstance(count, list) or len(count) != len(ThreadActivity._fields):
        return False
    return all(type(n) is int and 0 <= n <= LONGEST_NANOSECONDS for n in count)


def _build(kind: type[T], values: dict[str, Any]) -> T:
    """Make `kind` of what is there and of the right type; later versions add keys, and hands break some."""
    hints = typing.get_type_hints(kind)
    known = {f.name: values[f.name] for f in fields(kind) if f.name in values}
    good = {name: value for name, value in known.items() if _fits(value, hints[name])}
    try:
        return kind(**good)
    except TypeError as error:
        raise InputError(
            f"this recording's account of where it came from is incomplete: {error}", remedy=WITHOUT_IT
        ) from None


def _fits(value: object, hint: object) -> bool:
    """Whether a decoded JSON value may stand for this annotation."""
    options = typing.get_args(hint) if typing.get_origin(hint) is not None else (hint,)
    if typing.get_origin(hint) is typing.Literal:
        return value in options
    kinds = tuple(option for option in options if isinstance(option, type))
    literals = [option for option in options if typing.get_origin(option) is typing.Literal]
    if isinstance(value, bool):
        return bool in kinds
    if isinstance(value, (int, float)) and not 0 <= value <= LARGEST:  # not-a-number is in no range
        return False
    if isinstance(value, int) and float in kinds:
        return True
    return isinstance(value, kinds) or any(value in typing.get_args(option) for option in literals)
