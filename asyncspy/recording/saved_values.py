"""Turn values read from saved JSON into model objects, leaving out those of a wrong type or size."""

from __future__ import annotations

import types
import typing
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, TypeGuard, TypeVar

from asyncspy.errors import InputError
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Dump, Frame, Origin

LARGEST_NUMBER = 10**12
"""No count, rate, time or size that is saved is larger; a larger one was written by hand or by a fault."""

REMOVE_KEY = 'the stacks may still be good: remove the "asyncspy" key from the file and report it again'

T = TypeVar("T", Origin, Worker, Dump)


def build(kind: type[T], values: dict[str, Any]) -> T:
    """Make a `kind` of the values that have the right type: later versions add keys, and broken files break some."""
    hints = typing.get_type_hints(kind)
    known = {field.name: values[field.name] for field in fields(kind) if field.name in values}
    good = {name: value for name, value in known.items() if _fits(value, hints[name])}
    try:
        return kind(**good)
    except TypeError as error:
        raise InputError(
            f"this recording's account of where it came from is incomplete: {error}", remedy=REMOVE_KEY
        ) from None


def _fits(value: object, hint: object) -> bool:
    """Whether a decoded JSON value may stand for this annotation."""
    if isinstance(value, (int, float)) and not 0 <= value <= LARGEST_NUMBER:  # NaN is in no range
        return False
    if typing.get_origin(hint) in {types.UnionType, typing.Union}:
        return any(_fits(value, option) for option in typing.get_args(hint))
    if typing.get_origin(hint) is typing.Literal:
        return value in typing.get_args(hint)
    return type(value) is hint or (type(value) is int and hint is float)


def frame_of(value: object) -> Frame | None:
    """The frame saved as [function, file, line]; None where it is not one."""
    match value:
        case [str(function), str(file), line] if is_count(line):
            return Frame(function, file, line)
    return None


def frames_at(numbers: Sequence[object], table: Sequence[Frame | None]) -> tuple[Frame, ...]:
    """The frames at these places of a table; none at all where one of them is missing."""
    found = [table[number] if is_count(number) and number < len(table) else None for number in numbers]
    sound = tuple(frame for frame in found if frame is not None)
    return sound if len(sound) == len(found) else ()


def is_count(value: object, largest: int = LARGEST_NUMBER) -> TypeGuard[int]:
    """Whether it is a whole number, not negative and not too large."""
    return type(value) is int and 0 <= value <= largest


def is_number_text(text: object) -> bool:
    """Whether it is a whole number in ASCII digits, as JSON has for a key."""
    return isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < len(str(LARGEST_NUMBER))


def list_or_empty(value: object) -> list[Any]:
    """The list itself; an empty one where it is anything else."""
    return value if isinstance(value, list) else []
