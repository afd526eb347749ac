"""Write patched files, all or none, if they are clean in git: then a person can see and undo what was done."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from asyncspy.errors import AsyncspyError, OutputError
from asyncspy.fix.make_patch import PatchedFile

GIT = ("git", "-c", "core.fsmonitor=false", "--no-optional-locks", "--literal-pathspecs")
GIT_SECONDS = 30
FORCE = "commit or stash what is there, or write all the same: --force"


class DirtyFilesError(AsyncspyError):
    """Files hold changes that are not committed, or are not in git."""


def check_clean(root: Path, files: Sequence[PatchedFile]) -> None:
    """Raise DirtyFilesError unless git has all these files as they are."""
    names = [file.source.name for file in files]
    command = [*GIT, "status", "--porcelain", "-z", "--untracked-files=all", "--ignored", "--", *names]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, timeout=GIT_SECONDS, check=False)
    except FileNotFoundError:
        raise DirtyFilesError("git is not installed, so that nothing could be undone", remedy=FORCE) from None
    except subprocess.TimeoutExpired:
        raise DirtyFilesError("git did not answer", remedy=FORCE) from None
    if done.returncode:
        raise DirtyFilesError(f"{root} is in no git repository, so that nothing could be undone", remedy=FORCE)
    dirty = [entry[3:].decode("utf-8", "replace") for entry in done.stdout.split(b"\0") if entry]
    if dirty:
        raise DirtyFilesError(f"not committed in git: {', '.join(dirty)}; nothing was written", remedy=FORCE)


def write_files(files: Sequence[PatchedFile]) -> None:
    """Replace all files at once, each in one step; if one cannot be written, none is."""
    with contextlib.ExitStack() as stack:
        written = [(_new_file(file, stack), file.source.path) for file in files]
        for file in files:
            if file.source.path.read_bytes() != b"".join(file.old):
                raise OutputError(f"{file.source.path} was changed just now; nothing was written", remedy="try again")
        for new, path in written:
            new.replace(path)


def _new_file(file: PatchedFile, stack: contextlib.ExitStack) -> Path:
    """The new content in a file beside the old one, which is removed if it does not take its place."""
    path = file.source.path
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        stack.callback(Path(name).unlink, missing_ok=True)
        with os.fdopen(descriptor, "wb") as output:
            output.write(file.new)
            os.fchmod(output.fileno(), path.stat().st_mode & 0o7777)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise OutputError(f"cannot write {path}: {reason}; nothing was written", remedy="make it writable") from None
    return Path(name)
