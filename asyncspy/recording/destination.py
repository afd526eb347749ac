"""Check where a recording is to be written before sampling starts, and write it whole or not at all."""

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

_encode = json.JSONEncoder(separators=(",", ":"), default=array.tolist).encode

SAMPLES_AT_ONCE = 5_000
MIB = 1024**2
FIXED_BYTES = 5 * MIB
BYTES_PER_SAMPLE = 300
"""A sample has some sixty frames, each a number. Recordings of busy Django workers take 150 to 250 bytes a sample."""


def recording_path(output: Path | None, pid: int, now: datetime) -> Path:
    """The file to write: the one that was asked for, or a generated name in that folder or in the current one."""
    name = f"asyncspy-{pid}-{now:%Y%m%dT%H%M%S}.json"
    if output is None:
        return Path(name)
    return output / name if os.path.isdir(output) else output  # noqa: PTH112 - unlike Path.is_dir it never raises


def check_destination(path: Path, needed_bytes: int = 0) -> None:
    """Raise OutputError unless a new file of this many bytes can be written there."""
    try:
        if os.path.lexists(path):
            raise _exists(path)
        create_scratch_file(path).unlink()
        free = shutil.disk_usage(path.parent).free
    except (OSError, ValueError) as error:
        raise cannot_write_into(path.parent, error) from None
    if free < needed_bytes:
        wanted = f"this recording may take {needed_bytes / MIB:,.0f}"
        raise OutputError(
            f"only {free / MIB:,.0f} MiB are free in {path.parent.absolute()}, and {wanted}",
            remedy="record for a shorter time, or where there is room: --output FOLDER",
        )


def cannot_write_into(folder: Path, error: Exception) -> OutputError:
    """The error for a folder in which no file can be created."""
    return OutputError(
        f"cannot write into {folder.absolute()}: {getattr(error, 'strerror', error)}",
        remedy=_writable_hint(error, folder),
    )


def create_scratch_file(path: Path) -> Path:
    """Create an empty file beside this one that only its owner may read."""
    handle, partial = tempfile.mkstemp(prefix=f".{path.name}-", suffix=".partial", dir=path.parent)
    os.close(handle)
    return Path(partial)


def expected_bytes(samples: int) -> int:
    """How many bytes this many samples may take, in py-spy's file and in ours beside it."""
    return FIXED_BYTES + 2 * BYTES_PER_SAMPLE * samples


def create_folder(path: Path) -> None:
    """Create a folder that only its owner may enter."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        raise _exists(path) from None
    except (OSError, ValueError) as error:
        raise OutputError(
            f"cannot make {path}: {getattr(error, 'strerror', error)}", remedy=_writable_hint(error, path.parent)
        ) from None


def write_new_file(path: Path, data: bytes) -> None:
    """Write a new file that only its owner may read."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: {error.strerror}", remedy="make room, or choose another --output"
        ) from None


def _exists(path: Path) -> OutputError:
    message = f"{path} is there already; a recording is never overwritten"
    return OutputError(message, remedy="choose another --output")


def _writable_hint(error: Exception, folder: Path) -> str:
    if isinstance(error, FileNotFoundError) and not os.path.lexists(folder):
        return f"make the folder: mkdir -p {folder}"
    return "name a file in a folder that you may write to: --output /tmp"


def write_json(path: Path, document: Mapping[str, Any], *, replace: bool = False) -> None:
    """Write a JSON file that only its owner may read; readers see all of it or nothing, also after a crash."""
    partial = create_scratch_file(path)
    try:
        with partial.open("w", encoding="utf-8") as file:
            file.writelines(_json_pieces(document))
            file.flush()
            os.fsync(file.fileno())
        if replace:
            partial.replace(path)
        else:
            _rename_to_new(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _json_pieces(document: Mapping[str, Any]) -> Iterator[str]:
    """The JSON of a document, the samples of its profiles block by block: they are nearly all of a recording."""
    if not document.get("profiles"):
        yield _encode(document)
        return
    yield f'{_open_object(document, "profiles")}"profiles":['
    for number, profile in enumerate(document["profiles"]):
        yield "," * (number > 0)
        yield from _profile_pieces(profile)
    yield "]}"


def _profile_pieces(profile: Mapping[str, Any]) -> Iterator[str]:
    samples = profile.get("samples")
    if not samples:
        yield _encode(profile)
        return
    yield f'{_open_object(profile, "samples")}"samples":['
    for start in range(0, len(samples), SAMPLES_AT_ONCE):
        yield "," * (start > 0) + _encode(samples[start : start + SAMPLES_AT_ONCE])[1:-1]
    yield "]}"


def _open_object(values: Mapping[str, Any], last: str) -> str:
    """The JSON of an object up to where its last key stands."""
    others = {name: value for name, value in values.items() if name != last}
    return _encode(others)[:-1] + "," * bool(others)


def _rename_to_new(partial: Path, path: Path) -> None:
    """Give a file its name. A hard link, unlike a rename, never replaces a file that was created since."""
    try:
        path.hardlink_to(partial)
    except FileExistsError:
        raise _exists(path) from None
    except OSError:  # a file system without links
        if os.path.lexists(path):
            raise _exists(path) from None
        partial.rename(path)
