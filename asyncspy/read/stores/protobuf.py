"""Decode protocol buffers into fields and their values, or refuse them with one clear `InputError`.

Which number is which field is for the formats to say; nothing is assumed about them here.
"""

from __future__ import annotations

from collections.abc import Iterator

from asyncspy.errors import InputError

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
FIXED_SIZES = {FIXED64: 8, FIXED32: 4}
_BITS, _MORE, _MAX_BYTES = 7, 0x80, 10
_UNSIGNED, _SIGN = 1 << 64, 1 << 63
AS_STORED = "give the file as the profiler or the store wrote it"

Value = int | bytes
"""A number, or what a text, a message or a number of fixed size is made of."""


def fields(data: bytes) -> Iterator[tuple[int, Value]]:
    """The fields of a message in their order. Raises InputError where it is no message, or is cut."""
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        kind = key & 7
        if kind == VARINT:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if kind == BYTES:
            size, at = _varint(data, at)
        elif kind in FIXED_SIZES:
            size = FIXED_SIZES[kind]
        else:
            raise InputError("a protocol buffer in it has a field of a kind that there is not", remedy=AS_STORED)
        if size > end - at:
            raise InputError("a protocol buffer in it is cut short", remedy=AS_STORED)
        yield key >> 3, data[at : at + size]
        at += size


def numbers(value: Value) -> list[int]:
    """The numbers of a field that repeats: of one that is packed, or the only one."""
    if isinstance(value, int):
        return [value]
    if not value or max(value) < _MORE:
        return list(value)
    found, at = [], 0
    while at < len(value):
        one, at = _varint(value, at)
        found.append(one)
    return found


def signed(number: int) -> int:
    """A number that may be negative, which is written as its two's complement in 64 bits."""
    return number - _UNSIGNED if number >= _SIGN else number


def number(value: Value) -> int:
    """A field's number; 0 for a field that should hold one and does not."""
    return value if isinstance(value, int) else 0


def content(value: Value) -> bytes:
    """A field's message or text; nothing for a field that should hold one and does not."""
    return value if isinstance(value, bytes) else b""


def text(value: Value) -> str:
    """A field's text; bytes that are no UTF-8 are escaped."""
    return content(value).decode("utf-8", "backslashreplace")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number, and where the next thing begins."""
    result = shift = 0
    for place in range(at, min(at + _MAX_BYTES, len(data))):
        byte = data[place]
        result |= (byte & 0x7F) << shift
        if byte < _MORE:
            return result % _UNSIGNED, place + 1
        shift += _BITS
    raise InputError("a protocol buffer in it is cut short", remedy=AS_STORED)
