"""The saved form of a recording: a speedscope file, with where it came from under a key of our own.

speedscope.app ignores keys that it does not know, so a saved recording opens there too. `sample/` writes this form,
`read/` reads it, and nobody else knows it.
"""

from __future__ import annotations

import typing
from dataclasses import asdict, fields
from typing import Any, TypeVar

from asyncspy.errors import InputError
from asyncspy.model import Origin, Worker

KEY = "asyncspy"
FORMAT = 1
LARGEST = 10**12
"""No count, rate, time or size in an account is beyond this; what is, was written by a hand or a fault."""

T = TypeVar("T", Origin, Worker)


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
