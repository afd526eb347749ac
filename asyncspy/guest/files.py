"""Write files into the hook's private folder, through which it and asyncspy talk, and remove that folder."""

from __future__ import annotations

import os

FILES = ("lease", "text", "stop", "started", "result", "last", "started.part", "result.part", "last.part")
"""All that is ever in the folder. The lease is renewed by touching it; a longer one asks for the counts (`result`), and
when it is deleted the hook stops. A process that ends by itself writes its `last` counts."""


def write(folder: str, name: str, text: str) -> None:
    """Write a new file that only its owner may read; it appears whole."""
    part = f"{folder}/{name}.part"
    data = text.encode("utf-8", "replace")
    file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        while data:
            data = data[os.write(file, data) :]
    finally:
        os.close(file)
    os.replace(part, f"{folder}/{name}")


def remove_folder(folder: str) -> None:
    """Remove the folder, when asyncspy does not come back for it."""
    for name in FILES:
        try:
            os.unlink(f"{folder}/{name}")
        except OSError:
            continue
    try:
        os.rmdir(folder)
    except OSError:
        return
