"""The saved form of a recording: a speedscope file, with where it came from under a key of our own.

speedscope.app ignores keys that it does not know, so a saved recording opens there too. `sample/` writes this form,
`read/` reads it, and nobody else knows it.
"""

from __future__ import annotations

import typing
from collections.abc import Sequence
from dataclasses import asdict, fields, replace
from typing import Any, TypeVar

from asyncspy.errors import InputError
from asyncspy.model import Dump, Origin, Ran, Worker

KEY = "asyncspy"
LOOKS = "asyncspy-looks"
FORMAT = 1
LARGEST = 10**12
"""No count, rate, time or size in an account is beyond this; what is, was written by a hand or a fault."""

T = TypeVar("T", Origin, Worker, Dump)


def embed(document: dict[str, Any], origin: Origin) -> dict[str, Any]:
    """A speedscope document that also says where it came from."""
    return {KEY: {"format": FORMAT, **asdict(origin)}, **document}


def extract(document: dict[str, Any]) -> Origin | None:
    """Where a speedscope document came from, if asyncspy saved it."""
    saved = document.get(KEY)
    if not isinstance(saved, dict):
        return None
    version = saved.get("format")
    if not isinstance(version, int) or version > FORMAT:
        raise InputError(
            f"this recording has the format {version!r}; this asyncspy reads formats up to {FORMAT}",
            remedy="upgrade asyncspy: pip install --upgrade asyncspy",
        )
    target = saved.get("target")
    return _build(Origin, {**saved, "target": _build(Worker, target) if isinstance(target, dict) else None})


def embed_looks(looks: Sequence[Dump], targets: Sequence[Worker]) -> dict[str, Any]:
    """When and how each dump in a folder was taken, and of what; the dumps themselves are beside it."""
    told = [{name: value for name, value in asdict(look).items() if name != "threads"} for look in looks]
    return {LOOKS: {"format": FORMAT, "targets": [asdict(target) for target in targets], "looks": told}}


def extract_looks(document: dict[str, Any]) -> tuple[list[Dump], list[Worker]]:
    """The dumps without their threads, by the name of their file, and the processes that were dumped."""
    saved = document.get(LOOKS)
    if not isinstance(saved, dict) or saved.get("format") != FORMAT:
        raise InputError(
            "this account of dumps is not one that this asyncspy reads",
            remedy="the dumps beside it can be read without it: name them one by one",
        )
    targets = [_build(Worker, each) for each in _objects(saved.get("targets"))]
    return [_look(each) for each in _objects(saved.get("looks"))], targets


def _objects(listed: object) -> list[dict[str, Any]]:
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _look(saved: dict[str, Any]) -> Dump:
    ran = saved.get("ran")
    plain = {name: value for name, value in saved.items() if name in PLAIN}
    look = _build(Dump, plain)
    if not isinstance(ran, dict):
        return look
    counted = {int(tid): Ran(*count) for tid, count in ran.items() if _is_id(tid) and _are_counts(count)}
    return replace(look, ran=counted)


PLAIN = frozenset({"pid", "at", "path", "paused", "state", "cpus"})


def _is_id(text: object) -> bool:
    return isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < len(str(LARGEST))


def _are_counts(count: object) -> bool:
    return isinstance(count, list) and len(count) == len(Ran._fields) and all(type(n) is int and n >= 0 for n in count)


def _build(kind: type[T], values: dict[str, Any]) -> T:
    """Make `kind` of what is there and of the right type; later versions add keys, and hands break some."""
    hints = typing.get_type_hints(kind)
    known = {f.name: values[f.name] for f in fields(kind) if f.name in values}
    good = {name: value for name, value in known.items() if _fits(value, hints[name])}
    try:
        return kind(**good)
    except TypeError as error:
        raise InputError(
            f"this recording's account of where it came from is incomplete: {error}",
            remedy='the stacks may still be good: remove the "asyncspy" key from the file and report it again',
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
