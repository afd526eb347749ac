"""Takes a stream of bytes; gives its lines as text, each of bounded length."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

MAX_LINE_BYTES = 16 * 1024**2


def lines_of(stream: BinaryIO) -> Iterator[tuple[str, bool]]:
    """Each line without its end, and whether it had one; the rest of a line beyond all reason is a line of its own."""
    while line := stream.readline(MAX_LINE_BYTES):
        whole = line.endswith(b"\n")
        yield line.rstrip(b"\r\n").decode("utf-8", "backslashreplace"), whole
