"""Read and write the memory of another process, and list what is mapped in it."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

from .refused import NotInjected

Reader = Callable[[int, int], bytes]
"""Address and size to bytes; raises OSError where they cannot be read."""

Piece = tuple[int, bytes]
"""An address, and what is written there."""

MAX_MAPPINGS = 100_000
"""The kernel's own limit is 65,530 unless somebody raised it."""

PAGE = 4096
_LINE = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S{4}) ([0-9a-f]+) (\S+) (\d+) *(.*)", re.DOTALL)


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


_libc = ctypes.CDLL(None, use_errno=True)
for _call in (_libc.process_vm_readv, _libc.process_vm_writev):
    _call.restype = ctypes.c_ssize_t
    _ours = _theirs = (ctypes.POINTER(_Vector), ctypes.c_ulong)
    _call.argtypes = [ctypes.c_int, *_ours, *_theirs, ctypes.c_ulong]


def read_pieces(pid: int, wanted: Sequence[tuple[int, int]]) -> list[bytes]:
    """The bytes at each (address, size), in one system call."""
    buffers = [ctypes.create_string_buffer(size) for _, size in wanted]
    ours = _vectors([(ctypes.addressof(buffer), size) for buffer, (_, size) in zip(buffers, wanted, strict=True)])
    done = _libc.process_vm_readv(pid, ours, len(wanted), _vectors(wanted), len(wanted), 0)
    if done != sum(size for _, size in wanted):
        raise _failure(done)
    return [buffer.raw for buffer in buffers]


def read(pid: int, address: int, size: int) -> bytes:
    """The bytes there."""
    return read_pieces(pid, [(address, size)])[0]


def word(read_at: Reader, address: int) -> int:
    """The 64 bits there, as a number."""
    number: int = struct.unpack("<Q", read_at(address, 8))[0]
    return number


class PreparedWrite:
    """A write of several pieces, built before the process is stopped; calling it is one system call.

    The kernel writes the pieces in this order. If the writer is killed, pieces from the front are written, and of the
    next one either nothing or, where it crosses pages, what lies in the first of them.
    """

    def __init__(self, pid: int, pieces: Sequence[Piece]) -> None:
        self._pid, self._count = pid, len(pieces)
        self._size = sum(len(data) for _, data in pieces)
        self._buffers = [ctypes.create_string_buffer(data, len(data)) for _, data in pieces]
        self._ours = _vectors([(ctypes.addressof(each), len(each)) for each in self._buffers])
        self._theirs = _vectors([(address, len(data)) for address, data in pieces])

    def __call__(self) -> None:
        """Write. Raises OSError where not all of it could be."""
        done = _libc.process_vm_writev(self._pid, self._ours, self._count, self._theirs, self._count, 0)
        if done != self._size:
            raise _failure(done)


def _failure(done: int) -> OSError:
    """Why not all was read or written; where a part was, the rest is not mapped."""
    number = ctypes.get_errno() if done < 0 else errno.EFAULT
    return OSError(number, os.strerror(number))


def _vectors(pieces: Sequence[tuple[int, int]]) -> ctypes.Array[_Vector]:
    return (_Vector * len(pieces))(*[_Vector(address, size) for address, size in pieces])


class Mapping(NamedTuple):
    """One line of /proc/PID/maps."""

    start: int
    end: int
    permissions: str
    offset: int
    device: str
    inode: int
    path: str

    @property
    def name(self) -> str:
        """The file's base name."""
        return self.path.rpartition("/")[2]


def mappings(pid: int) -> list[Mapping]:
    """All that is mapped. Raises NotInjected where that cannot be seen."""
    found = []
    try:
        with open(f"/proc/{pid}/maps", encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123
            for line in file:
                found.append(parse_mapping(line))
                if len(found) > MAX_MAPPINGS:
                    raise NotInjected("unexpected", f"more than {MAX_MAPPINGS} mappings")
    except OSError as error:
        raise refusal(error) from None
    if not found:
        raise NotInjected("gone")
    return found


def parse_mapping(line: str) -> Mapping:
    """A line of /proc/PID/maps."""
    match = _LINE.fullmatch(line.rstrip("\n"))
    if match is None:
        raise NotInjected("unexpected", "a line of its maps cannot be read")
    start, end, permissions, offset, device, inode, path = match.groups()
    return Mapping(int(start, 16), int(end, 16), permissions, int(offset, 16), device, int(inode), path)


def executable_ranges(mapped: Sequence[Mapping]) -> list[tuple[int, int]]:
    """Where code lies."""
    return [(each.start, each.end) for each in mapped if "x" in each.permissions]


def process_identity(pid: int) -> tuple[int, ...]:
    """Numbers that change when another process gets the pid, or this one runs another program."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            fields = file.read().rpartition(")")[2].split()
    except OSError as error:
        raise refusal(error) from None
    try:  # start time; start and end of code, start of stack; start and end of data, start of heap
        return tuple(int(fields[number - 3]) for number in (22, 26, 27, 28, 45, 46, 47))
    except (IndexError, ValueError):
        raise NotInjected("unexpected", "its stat cannot be read") from None


def refusal(error: OSError) -> NotInjected:
    """What a failed look at a process means."""
    if isinstance(error, (FileNotFoundError, ProcessLookupError)):
        return NotInjected("gone")
    if isinstance(error, PermissionError):
        return NotInjected("denied")
    return NotInjected("unexpected", os.strerror(error.errno or 0))
