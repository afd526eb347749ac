"""Encode numbers, texts and messages as protocol buffers: the few shapes that profiles are made of.

The protobuf package would bring three megabytes of compiled code, and classes generated for each format, for these.
"""

from __future__ import annotations

from collections.abc import Iterable

_VARINT, _FIXED64, _BYTES = 0, 1, 2
_BITS, _MORE = 7, 0x80
_UNSIGNED = (1 << 64) - 1


def varint(number: int) -> bytes:
    """A number in as few bytes as it takes; a negative one as its two's complement in 64 bits."""
    number &= _UNSIGNED
    out = bytearray()
    while number >= _MORE:
        out.append(number % _MORE | _MORE)
        number >>= _BITS
    return bytes([*out, number])


def number(field: int, value: int) -> bytes:
    """A field that holds a number; 0 is what a field holds that is left out."""
    return varint(field << 3 | _VARINT) + varint(value) if value else b""


def fixed64(field: int, value: int) -> bytes:
    """A field that holds a number in eight bytes."""
    return varint(field << 3 | _FIXED64) + value.to_bytes(8, "little") if value else b""


def numbers(field: int, values: Iterable[int]) -> bytes:
    """A field that repeats, packed."""
    return message(field, b"".join(map(varint, values)))


def message(field: int, content: bytes) -> bytes:
    """A field that holds a message or a text, as bytes."""
    return varint(field << 3 | _BYTES) + varint(len(content)) + content


def texts(field: int, values: Iterable[str]) -> bytes:
    """A field of texts that repeats; the empty one counts."""
    return b"".join(message(field, value.encode()) for value in values)
