"""Where a recording goes: claimed before any sampling starts, and written whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from asyncspy.errors import OutputError


def place(output: Path | None, pid: int, now: datetime) -> Path:
    """The file to write: the one that was asked for, or a name of our own in that folder or this one."""
    name = f"asyncspy-{pid}-{now:%Y%m%dT%H%M%S}.json"
    if output is None:
        return Path(name)
    return output / name if os.path.isdir(output) else output  # noqa: PTH112 - unlike Path.is_dir it never raises


def claim(path: Path) -> Path:
    """Make sure that a recording can be written there, by making the file that py-spy will fill beside it."""
    try:
        if os.path.lexists(path):
            raise _taken(path)
        handle, partial = tempfile.mkstemp(prefix=f".{path.name}-", suffix=".partial", dir=path.parent)
    except (OSError, ValueError) as error:
        raise OutputError(
            f"cannot write into {path.parent.absolute()}: {getattr(error, 'strerror', error)}",
            remedy=_writable_hint(error, path.parent),
        ) from None
    os.close(handle)
    return Path(partial)


def claim_folder(path: Path) -> None:
    """Make a folder that was not there, for its owner alone."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        raise _taken(path) from None
    except (OSError, ValueError) as error:
        raise OutputError(
            f"cannot make {path}: {getattr(error, 'strerror', error)}", remedy=_writable_hint(error, path.parent)
        ) from None


def write_bytes(path: Path, data: bytes) -> None:
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


def write_whole(path: Path, document: dict[str, Any]) -> None:
    """Write a JSON file, its owner's alone, so that readers see all of it or nothing, also after a crash."""
    handle, partial = tempfile.mkstemp(prefix=f".{path.name}-", suffix=".partial", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(document, file, separators=(",", ":"))
            file.flush()
            os.fsync(file.fileno())
        _name(Path(partial), path)
    finally:
        Path(partial).unlink(missing_ok=True)


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
