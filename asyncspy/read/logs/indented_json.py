"""Turn JSON documents that are written over several lines, one after the other, into one line each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

BEGINNING = re.compile(rb"\s*\{\s*?\n")
MAX_BYTES = 64 * 1024**2
"""More of such a file is read as text, line by line."""
SPACE = re.compile(r"\s*")


def on_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The blocks of a log; documents at its beginning that take several lines as a line each."""
    waiting = iter(blocks)
    first = next(waiting, b"")
    if not BEGINNING.match(first):
        yield first
        yield from waiting
        return
    parts, size = [first], len(first)
    while size < MAX_BYTES and (block := next(waiting, None)) is not None:
        parts.append(block)
        size += len(block)
    yield from _documents(b"".join(parts).decode("utf-8", "backslashreplace"))
    yield from waiting


def _documents(text: str) -> Iterator[bytes]:
    """A line for each document; what follows the last whole one stays as it is."""
    decoder, at = json.JSONDecoder(), SPACE.match(text).end()  # type: ignore[union-attr]
    while text.startswith("{", at):
        try:
            document, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        yield json.dumps(document).encode() + b"\n"
        at = SPACE.match(text, at).end()  # type: ignore[union-attr]
    yield text[at:].encode("utf-8", "backslashreplace")
