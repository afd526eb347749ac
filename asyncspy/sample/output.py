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
    return output / name if output.is_dir() else output


def claim(path: Path) -> Path:
    """Make sure that a recording can be written there, by making the file that py-spy will fill beside it."""
    if path.exists():
        raise OutputError(
            f"{path} is there already; a recording is never overwritten", remedy="choose another --output"
        )
    try:
        handle, partial = tempfile.mkstemp(prefix=f".{path.name}-", suffix=".partial", dir=path.parent)
    except OSError as error:
        raise OutputError(
            f"cannot write into {path.parent.absolute()}: {error.strerror}",
            remedy=_writable_hint(path.parent),
        ) from None
    os.close(handle)
    return Path(partial)


def _writable_hint(folder: Path) -> str:
    if not folder.exists():
        return f"make the folder: mkdir -p {folder}"
    return "name a folder that you may write to: --output /tmp"


def write_whole(path: Path, document: dict[str, Any]) -> None:
    """Write a JSON file so that a reader sees all of it or nothing, also after a crash."""
    handle, partial = tempfile.mkstemp(prefix=f".{path.name}-", suffix=".partial", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(document, file, separators=(",", ":"))
            file.flush()
            os.fsync(file.fileno())
        Path(partial).chmod(0o600)
        Path(partial).replace(path)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
