"""Put lines together that a container runtime or journald split; what was not split passes through as it is.

containerd, CRI-O, docker and journald write a line of more than 8 to 48 KB in pieces, each a record of its own that
says whether the line goes on. Pieces of several containers may be mixed. They belong together by the container or
stream that they name; where they name none, a JSON record must come out whole. What cannot be put together is counted.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from asyncspy.read.logs.framings import TAIL_HEADER, LinePiece, count_left_out, has_split_line, parse_piece

MAX_LINE_BYTES = 4 * 1024**2
MAX_OPEN = 64
"""Lines that are open at once."""
MAX_OTHERS = 256
"""Lines of the same writers that may come between two pieces of one."""
MAX_TRIES = 16
"""How often an open line may be tried with a piece that does not complete it: each try parses all of it."""


LIKE = 5
"""How many bytes tell whether two lines begin alike."""


@dataclass(slots=True)
class _OpenLine:
    """A line whose end is still to come."""

    first: LinePiece
    texts: list[bytes] = field(default_factory=list)
    size: int = 0
    others: int = 0
    tries: int = 0

    def add(self, piece: LinePiece) -> None:
        self.texts.append(piece.text)
        self.size += len(piece.text)

    @property
    def is_json(self) -> bool:
        return self.first.text.startswith(b'{"')

    def begins_like(self, piece: LinePiece) -> bool:
        """Whether a piece begins as this line does: lines of one program begin alike."""
        return piece.text[:LIKE] == self.first.text[:LIKE]

    def completed_by(self, piece: LinePiece) -> bool:
        """Whether a piece makes this line whole JSON."""
        self.tries += 1
        return self.tries <= MAX_TRIES and _is_json(b"".join((*self.texts, piece.text)))


class SplitLines:
    """The lines that are open, and how many could not be put together."""

    def __init__(self) -> None:
        self.broken = 0
        """JSON records whose pieces could not be put together."""
        self.left_out = 0
        """Messages that journalctl did not show."""
        self._open: list[_OpenLine] = []
        self._file = b""
        """The header of `tail -f` before these lines."""

    def rejoin(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """The same blocks with whole lines; a line longer than any record is cut."""
        rest = b""
        for block in blocks:
            data = rest + block if rest else block
            end = data.rfind(b"\n") + 1
            if len(data) - end > MAX_LINE_BYTES:
                end = len(data)
            yield self._rejoin(data[:end])
            rest = data[end:]
        yield self._rejoin(rest)
        yield b"".join(map(self._end, self._open))

    def _rejoin(self, data: bytes) -> bytes:
        self.left_out += count_left_out(data)
        if not self._open and not has_split_line(data):
            return data
        return b"".join(whole for line in io.BytesIO(data) for whole in self._take(line))

    def _take(self, line: bytes) -> Iterator[bytes]:
        """What is complete with the next line: nothing if it goes on, and more than one line if others end here."""
        piece = parse_piece(line)
        if piece is None:
            self._file = line if line.startswith(TAIL_HEADER) else self._file
            yield line
            return
        if self._file:
            piece = piece._replace(key=(self._file, *piece.key), certain=True)
        same = [each for each in self._open if each.first.key == piece.key]
        taker = self._taker(same, piece)
        for other in same:
            if other is not taker:
                other.others += 1
                if other.others > MAX_OTHERS:
                    yield self._close(other)
        if taker is None:
            yield from self._begin(piece, line)
            return
        taker.add(piece)
        if not piece.goes_on or taker.size > MAX_LINE_BYTES:
            yield self._close(taker)

    def _begin(self, piece: LinePiece, line: bytes) -> Iterator[bytes]:
        if not piece.goes_on:
            yield line
            return
        if len(self._open) == MAX_OPEN:
            yield self._close(self._open[0])
        self._open.append(_OpenLine(piece))
        self._open[-1].add(piece)

    def _taker(self, same: list[_OpenLine], piece: LinePiece) -> _OpenLine | None:
        """The open line that a piece belongs to."""
        if piece.stamp and (stamped := [each for each in same if each.first.stamp == piece.stamp]):
            return stamped[0]
        if piece.certain:
            return same[0] if same else None
        if piece.goes_on:
            return same[0] if len(same) == 1 and not same[0].begins_like(piece) else None
        if _is_json(piece.text):  # a record of its own
            return None
        fits = [each for each in same if (each.completed_by(piece) if each.is_json else not each.begins_like(piece))]
        return fits[0] if len(fits) == 1 else None

    def _close(self, line: _OpenLine) -> bytes:
        self._open.remove(line)
        return self._end(line)

    def _end(self, line: _OpenLine) -> bytes:
        text = b"".join(line.texts)
        if line.is_json and not _is_json(text):
            self.broken += 1
            return b""
        return line.first.rebuild(text)


def _is_json(text: bytes) -> bool:
    if not text.rstrip().endswith(b"}"):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
