"""A program's file to the capabilities that it brings along (setcap, setuid root), whoever starts it."""

from __future__ import annotations

import os
import stat
import struct

ATTRIBUTE = "security.capability"
REVISION, EFFECTIVE = 0xFF000000, 1
PAIRS = {0x01000000: 1, 0x02000000: 2, 0x03000000: 2}
"""How many words of 32 capabilities each revision of the attribute holds; the third adds whose root it trusts."""
WITH_ROOT = 0x03000000
EVERY = (1 << 64) - 1
WORD = 4


def brought_along(path: str) -> int:
    """The capabilities that are in force in a program of this file; the kernel still takes from them what is bounded.

    None where it lies on a file system that is mounted without them.
    """
    try:
        about = os.stat(path)  # noqa: PTH116 - beside statvfs and getxattr, which Path does not have
        if os.statvfs(path).f_flag & os.ST_NOSUID:
            return 0
        if about.st_uid == 0 and about.st_mode & stat.S_ISUID:
            return EVERY
        return decoded(os.getxattr(path, ATTRIBUTE))
    except OSError:
        return 0


def decoded(attribute: bytes) -> int:
    """The permitted capabilities of an attribute that also puts them in force; 0 for any other, and for nonsense."""
    words = struct.unpack(f"<{len(attribute) // WORD}I", attribute[: len(attribute) // WORD * WORD])
    pairs = PAIRS.get(words[0] & REVISION, 0) if words else 0
    if not pairs or len(words) <= 2 * pairs or not words[0] & EFFECTIVE:
        return 0
    trusted = words[2 * pairs + 1 :]
    if words[0] & REVISION == WITH_ROOT and trusted != (0,):
        return 0
    return sum(word << 32 * place for place, word in enumerate(words[1 : 2 * pairs + 1 : 2]))
