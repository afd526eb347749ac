"""Where a recording goes: claimed before any sampling starts, and written whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from array import array
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from asyncspy.errors import OutputError

MIB = 1024**2
SPARE = 5 * MIB
AT_ONCE = 1_000
"""Longer lists are encoded in parts."""

PER_SAMPLE = 300
"""Bytes of a sample: some sixty frames, each a number. Recordings of busy Django workers take 150 to 250."""


def recording_path(output: Path | None, pid: int, now: datetime) -> Path:
    """The file to write: the one that was asked for, or a name of our own in that folder or this one."""
    name = f"asyncspy-{pid}-{now:%Y%m%dT%H%M%S}.json"
    if output is None:
        return Path(name)
    return output / name if os.path.isdir(output) else output  # noqa: PTH112 - unlike Path.is_dir it never raises


def check_destination(path: Path, room: int = 0) -> None:
    """Make sure that a recording of so many bytes can be written there, before any sampling starts."""
    try:
        if os.path.lexists(path):
            raise _taken(path)
        create_scratch_file(path).unlink()
        free = shutil.disk_usage(path.parent).free
    except (OSError, ValueError) as error:
        raise cannot_write_into(path.parent, error) from None
    if free < room:
        wanted = f"this recording may take {room / MIB:,.0f}"
        raise OutputError(
            f"only {free / MIB:,.0f} MiB are free in {path.parent.absolute()}, and {wanted}",
            remedy="record for a shorter time, or where there is room: --output FOLDER",
        )


def cannot_write_into(folder: Path, error: Exception) -> OutputError:
    """What to tell of a folder that takes no new file."""
    return OutputError(
        f"cannot write into {folder.absolute()}: {getattr(error, 'strerror', error)}",
        remedy=_writable_hint(error, folder),
    )


def cannot_read(path: Path, error: OSError) -> OutputError:
    """What to tell of a file that py-spy wrote, and nobody can read."""
    return OutputError(
        f"cannot read what py-spy wrote as {path}: {error.strerror}",
        remedy="is the disk in order? (dmesg); record again",
    )


def create_scratch_file(path: Path) -> Path:
    """A new, empty file beside the recording, for py-spy to fill."""
    handle, partial = tempfile.mkstemp(prefix=f".{path.name}-", suffix=".partial", dir=path.parent)
    os.close(handle)
    return Path(partial)


def expected_bytes(samples: int) -> int:
    """The bytes that so many samples may take, as py-spy writes them and as they are saved."""
    return SPARE + 2 * PER_SAMPLE * samples


def create_folder(path: Path) -> None:
    """Make a folder that was not there, for its owner alone."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        raise _taken(path) from None
    except (OSError, ValueError) as error:
        raise OutputError(
            f"cannot make {path}: {getattr(error, 'strerror', error)}", remedy=_writable_hint(error, path.parent)
        ) from None


def write_new_file(path: Path, data: bytes) -> None:
    """Write a new file, its owner's alone."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {error.strerror}", remedy="make room, or choose another --output"
        ) from None


def _taken(path: Path) -> OutputError:
    message = f"{path} is there already; a recording is never overwritten"
    return OutputError(message, remedy="choose another --output")


def _writable_hint(error: Exception, folder: Path) -> str:
    if isinstance(error, FileNotFoundError) and not os.path.lexists(folder):
        return f"make the folder: mkdir -p {folder}"
    return "name a file in a folder that you may write to: --output /tmp"


def write_json(path: Path, document: Mapping[str, Any], *, replacing: bool = False) -> None:
    """Write a JSON file, its owner's alone, so that readers see all of it or nothing, also after a crash.

    An iterator in the document is written as a list, and never all in memory; so is an array.
    """
    handle, partial = tempfile.mkstemp(prefix=f".{path.name}-", suffix=".partial", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.writelines(_pieces(document))
            file.flush()
            os.fsync(file.fileno())
        if replacing:
            Path(partial).replace(path)
        else:
            _name(Path(partial), path)
    finally:
        Path(partial).unlink(missing_ok=True)


def _pieces(value: Any) -> Iterator[str]:
    """Its JSON. What is not large is encoded at once: json.dump, which never does, takes five times as long."""
    if isinstance(value, Mapping):
        yield from _between("{}", ((f"{_json(key)}:", each) for key, each in value.items()))
    elif isinstance(value, Iterator):
        yield from _between("[]", (("", each) for each in value))
    elif isinstance(value, list) and len(value) > AT_ONCE:
        parts = (value[start : start + AT_ONCE] for start in range(0, len(value), AT_ONCE))
        yield "["
        for number, part in enumerate(parts):
            yield "," * (number > 0) + _json(part)[1:-1]
        yield "]"
    else:
        yield _json(value)


def _between(brackets: str, values: Iterator[tuple[str, Any]]) -> Iterator[str]:
    before = brackets[0]
    for name, value in values:
        yield before + name
        yield from _pieces(value)
        before = ","
    yield brackets[1] if before == "," else brackets


_json = json.JSONEncoder(separators=(",", ":"), default=array.tolist).encode


def _name(partial: Path, path: Path) -> None:
    """Give a file its name. A link, unlike a rename, never replaces what came there meanwhile."""
    try:
        path.hardlink_to(partial)
    except FileExistsError:
        raise _taken(path) from None
    except OSError:  # a file system without links
        if os.path.lexists(path):
            raise _taken(path) from None
        partial.rename(path)
