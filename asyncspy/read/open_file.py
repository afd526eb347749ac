"""Open a path, or `-` for standard input, as a stream of its unpacked bytes, UTF-16 as UTF-8.

gzip, zstd and UTF-16 are recognised by their first bytes. A small file that unpacks to far more than recordings and
logs do is refused while it unpacks, not afterwards. NULs at the beginning are skipped: a log that was copied and
truncated while its writer went on begins with a hole as large as it had been.
"""

from __future__ import annotations

import codecs
import errno
import gzip
import importlib
import io
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from asyncspy.errors import InputError

STANDARD_INPUT = "-"
HEAD_BYTES = 64 * 1024
MAX_BYTES = 1024**3
PART_BYTES = 1024**2
GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
BOM = b"\xef\xbb\xbf"
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
MIN_HOLE = 4096
"""So many NULs may be the hole of a sparse file."""
MAX_EXPANSION = 250
FREE_EXPANSION = 64 * 1024**2
UNPACK = "unpack it yourself, and look at what is in it"
ZSTD_WINDOW_LOG = 27  # the default limit of zstd -d: 128 MiB


def open_stream(path: Path) -> io.BufferedReader:
    """The unpacked bytes of a regular file or of standard input, without a byte order mark."""
    counted = _Counted(_open_raw(path))
    with name_errors(str(path)):
        unpacked = _unpacked(io.BufferedReader(counted, HEAD_BYTES), counted, path)
        while (start := unpacked.peek(HEAD_BYTES)) and start.startswith(b"\0"):
            unpacked.read(len(start) - len(start.lstrip(b"\0")))
        if start.startswith(BOM):
            unpacked.read(len(BOM))
        return io.BufferedReader(_FromUtf16(unpacked), HEAD_BYTES) if start.startswith(UTF_16) else unpacked


@contextmanager
def name_errors(name: str) -> Iterator[None]:
    """Raise whatever is wrong with a file or its bytes as an InputError that names the file."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{name}: {error.message}", remedy=error.remedy) from error
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}", remedy="check its permissions") from None


def is_folder(path: Path) -> bool:
    """Whether it is a folder that we may look into; unlike Path.is_dir it never raises."""
    return os.path.isdir(path)  # noqa: PTH112


def first_bytes(stream: io.BufferedReader) -> bytes:
    """The first bytes, still to be read: as many as a pipe gives at once."""
    return stream.peek(HEAD_BYTES)[:HEAD_BYTES]


def read_all(stream: BinaryIO) -> bytes:
    """All of a stream, for formats that cannot be read in parts."""
    gathered = io.BytesIO()  # grows in place: a list of parts would be held twice to be joined
    while part := stream.read(PART_BYTES):  # without a size, a stream would set aside all that is allowed
        gathered.write(part)
        if gathered.tell() > MAX_BYTES:
            raise InputError(
                f"it holds more than {MAX_BYTES:,} bytes, and this format cannot be read in parts",
                remedy="record for a shorter time or at a lower rate",
            )
    return gathered.getvalue()


class _Counted(io.RawIOBase):
    """A raw file that counts what was read from it, and fills the buffer that asks as far as it can."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self.taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = 0
        view = memoryview(buffer).cast("B")
        while count < len(view):
            got = self._raw.readinto(view[count:])  # type: ignore[attr-defined]
            if not got:
                break
            if not view[count] and got >= MIN_HOLE and bytes(view[count : count + got]) == bytes(got):
                self._seek_data()
            count += got
        self.taken += count
        return count

    def _seek_data(self) -> None:
        """Go to the end of a hole, where the file system knows of holes; elsewhere all its NULs are read."""
        with suppress(OSError, AttributeError):  # AttributeError: not Linux
            file = self._raw.fileno()
            at, end = os.lseek(file, 0, os.SEEK_CUR), os.fstat(file).st_size
            try:
                os.lseek(file, os.lseek(file, at, os.SEEK_DATA), os.SEEK_SET)
            except OSError as error:
                if error.errno != errno.ENXIO:  # nothing but a hole follows
                    raise
                os.lseek(file, max(at, end), os.SEEK_SET)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Unpacked(io.RawIOBase):
    """What a decompressor gives, cut off where it is out of all proportion to what was put in."""

    def __init__(self, decompressor: BinaryIO, packed: _Counted) -> None:
        self._decompressor, self._packed, self._given = decompressor, packed, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._decompressor.read(len(buffer))
        except MemoryError:
            raise
        except Exception as error:
            raise InputError(f"what is packed in it is damaged or cut short: {error}", remedy=UNPACK) from None
        self._given += len(data)
        if self._given > FREE_EXPANSION + MAX_EXPANSION * self._packed.taken:
            raise InputError(
                f"it unpacks to more than {MAX_EXPANSION} times its size: no recording or log does", remedy=UNPACK
            )
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._decompressor.close()
        super().close()


class _FromUtf16(io.RawIOBase):
    """UTF-16 with a byte order mark, as PowerShell redirects output, as UTF-8; what is no text is escaped."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream
        self._decode = codecs.getincrementaldecoder("utf-16")("backslashreplace").decode
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        at_end = False
        while not self._rest and not at_end:
            data = self._stream.read(HEAD_BYTES)
            at_end = not data
            self._rest = self._decode(data, at_end).encode("utf-8", "backslashreplace")
        count = min(len(buffer), len(self._rest))
        buffer[:count], self._rest = self._rest[:count], self._rest[count:]
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()


def _unpacked(packed: io.BufferedReader, counted: _Counted, path: Path) -> io.BufferedReader:
    """The stream itself, or what is packed in it; a file packed twice is not unpacked twice."""
    start = packed.peek(4)[:4]
    if start.startswith(GZIP):
        decompressor = cast(BinaryIO, gzip.GzipFile(fileobj=packed))
    elif start.startswith(ZSTD):
        decompressor = _zstd_file(packed, path)
    else:
        return packed
    return io.BufferedReader(_Unpacked(decompressor, counted), HEAD_BYTES)


def _zstd_file(packed: io.BufferedReader, path: Path) -> BinaryIO:
    """Open zstd with Python 3.14's own module, or its backport."""
    for name in ("compression.zstd", "backports.zstd"):
        try:
            library: Any = importlib.import_module(name)
        except ImportError:
            continue
        options = {library.DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG}
        return cast(BinaryIO, library.ZstdFile(packed, options=options))
    raise InputError(
        "packed with zstd, which this Python cannot unpack (3.14 can, or the package backports.zstd)",
        remedy=f"unpack it on the way: zstd -dc {path} | asyncspy report -",
    )


def _open_raw(path: Path) -> BinaryIO:
    """Standard input, or a regular file: nothing else is ever opened, so that opening never waits."""
    if str(path) == STANDARD_INPUT:
        return cast(BinaryIO, os.fdopen(os.dup(sys.stdin.fileno()), "rb", buffering=0))
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise InputError(f"{path} is a folder", remedy=f"report all that is in it: asyncspy report {path}")
        if not stat.S_ISREG(status.st_mode):
            raise InputError(f"{path} is not a regular file", remedy=f"pipe it: asyncspy report - < {path}")
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        return cast(BinaryIO, os.fdopen(descriptor, "rb", buffering=0))
    except FileNotFoundError:
        raise InputError(f"{path} does not exist", remedy="check the name and the folder") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"{path} cannot be read: {reason}", remedy="check its permissions") from None
