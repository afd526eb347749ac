"""A small ELF image as it would lie in memory, for tests that then damage it."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from asyncspy.sample.inject.elf import DT_GNU_HASH, DT_STRTAB, DT_SYMTAB, PF_WRITE, PT_DYNAMIC, PT_LOAD, _gnu_hash

BASE, SIZE = 0x7F0000000000, 0x3000
DYNAMIC, SYMBOLS, STRINGS, HASH = 0x400, 0x600, 0x900, 0xC00


def image(symbols: Sequence[tuple[str, int]], machine: int = 62) -> bytearray:
    """One with these symbols and their offsets, all in one chain."""
    data = bytearray(SIZE)
    data[:8] = b"\x7fELF\x02\x01\x01\0"
    struct.pack_into("<H", data, 18, machine)
    struct.pack_into("<Q", data, 32, 64)
    struct.pack_into("<HH", data, 54, 56, 2)
    struct.pack_into("<IIQQQQQQ", data, 64, PT_LOAD, PF_WRITE, 0, 0, 0, SIZE, SIZE, 4096)
    struct.pack_into("<IIQQQQQQ", data, 120, PT_DYNAMIC, 6, DYNAMIC, DYNAMIC, 0, 64, 64, 8)
    for number, (tag, at) in enumerate([(DT_SYMTAB, SYMBOLS), (DT_STRTAB, STRINGS), (DT_GNU_HASH, HASH), (0, 0)]):
        struct.pack_into("<QQ", data, DYNAMIC + 16 * number, tag, at)
    struct.pack_into("<IIIIQI", data, HASH, 1, 1, 1, 0, 2**64 - 1, 1)
    names = STRINGS + 1
    for number, (name, offset) in enumerate(symbols, 1):
        data[names : names + len(name) + 1] = name.encode() + b"\0"
        struct.pack_into("<IBBHQQ", data, SYMBOLS + 24 * number, names - STRINGS, 0x11, 0, 1, offset, 8)
        last = number == len(symbols)
        struct.pack_into("<I", data, HASH + 28 + 4 * (number - 1), _gnu_hash(name) & ~1 | last)
        names += len(name) + 1
    return data


class Memory:
    """Bytes at `BASE` that count how often they are read."""

    def __init__(self, data: bytes | bytearray) -> None:
        self.data, self.reads = bytes(data), 0

    def __call__(self, address: int, size: int) -> bytes:
        self.reads += 1
        at = address - BASE
        if at < 0 or at + size > len(self.data):
            raise OSError(14, "Bad address")
        return self.data[at : at + size]
