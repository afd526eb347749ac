"""Turn journalctl's export format, `FIELD=value` lines with an empty line after each entry, into JSON lines.

A value that is not plain text comes as the field's name alone, its length in eight bytes, and so many bytes.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import BinaryIO, cast

from asyncspy.read.logs.framings import JOURNAL_FIELDS
from asyncspy.read.sniff import is_journal_export

MAX_VALUE = 4 * 1024**2
PART = 64 * 1024


def as_blocks(stream: BinaryIO, block_size: int) -> Iterator[bytes]:
    """The blocks of a log; of a journal, the fields that matter, as JSON lines."""
    buffered = cast(io.BufferedReader, stream if hasattr(stream, "peek") else io.BufferedReader(stream))
    if is_journal_export(buffered.peek(PART)):
        yield from _json_blocks(buffered, block_size)
    while block := buffered.read(block_size):
        yield block


def _json_blocks(stream: io.BufferedReader, block_size: int) -> Iterator[bytes]:
    lines: list[bytes] = []
    size = 0
    for entry in _entries(stream):
        lines.append(json.dumps(entry).encode() + b"\n")
        size += len(lines[-1])
        if size >= block_size:
            yield b"".join(lines)
            lines, size = [], 0
    yield b"".join(lines)


def _entries(stream: io.BufferedReader) -> Iterator[dict[str, str]]:
    entry: dict[str, str] = {}
    while line := stream.readline(MAX_VALUE):
        name, equals, value = line.rstrip(b"\n").partition(b"=")
        if not name and not equals:
            if "MESSAGE" in entry:
                yield entry
            entry = {}
            continue
        if not equals:
            value = _binary(stream)
        if (field := name.decode("utf-8", "replace")) in JOURNAL_FIELDS:
            entry[field] = value.decode("utf-8", "backslashreplace")
    if "MESSAGE" in entry:
        yield entry


def _binary(stream: io.BufferedReader) -> bytes:
    """A value with its length before it; what is longer than any record is skipped, and a length may lie."""
    left = int.from_bytes(stream.read(8), "little")
    value = stream.read(min(left, MAX_VALUE))
    left -= len(value)
    while left > 0 and (skipped := stream.read(min(left, PART))):
        left -= len(skipped)
    stream.read(1)
    return value
