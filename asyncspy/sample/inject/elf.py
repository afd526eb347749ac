"""Read the dynamic symbols of an ELF image from the memory that it is mapped in.

So the file need not be readable from here, nor be on disk any more. The image is another process's: every count in it
is bounded, and what does not add up is refused.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from .memory import PAGE, Reader
from .refused import NotInjected

PT_LOAD, PT_DYNAMIC = 1, 2
PF_WRITE = 2
DT_STRTAB, DT_SYMTAB, DT_GNU_HASH = 5, 6, 0x6FFFFEF5
HEADER_SIZE, PROGRAM_HEADER_SIZE, DYNAMIC_ENTRY_SIZE, SYMBOL_SIZE = 64, 56, 16, 24
MACHINES = {62: "x86_64", 183: "aarch64"}
MAX_PROGRAM_HEADERS, MAX_DYNAMIC_BYTES, MAX_CHAIN, MAX_BUCKETS = 128, 65_536, 4_096, 1 << 24
ADDRESS_BITS = 64


class Segment(NamedTuple):
    """A part of the image as it lies in memory."""

    address: int
    size: int
    flags: int


class Image:
    """An ELF image that is mapped from `base` on."""

    def __init__(self, read: Reader, base: int) -> None:
        self._read, self._base = read, base
        header = self._bytes(base, HEADER_SIZE)
        self.machine = machine(header)
        rows = self._program_headers(header)
        loads = [row for row in rows if row[0] == PT_LOAD]
        dynamic = [row for row in rows if row[0] == PT_DYNAMIC]
        if not loads or not dynamic:
            raise NotInjected("damaged", "no dynamic segment")
        self.bias = base - (min(row[3] for row in loads) & ~(PAGE - 1))
        self.segments = [Segment(self.bias + row[3], row[6], row[1]) for row in loads]
        self._tables = self._dynamic(self.bias + dynamic[0][3], dynamic[0][6])

    def symbol(self, name: str) -> int | None:
        """The address of an exported symbol, by the GNU hash table; None where the image has none of that name."""
        table = self._tables[DT_GNU_HASH]
        buckets, first, bloom, _ = struct.unpack("<IIII", self._bytes(table, 16))
        if not 0 < buckets <= MAX_BUCKETS or bloom > MAX_BUCKETS:
            raise NotInjected("damaged", "a hash table of no sensible size")
        wanted = _gnu_hash(name)
        at = table + 16 + 8 * bloom
        (index,) = struct.unpack("<I", self._bytes(at + 4 * (wanted % buckets), 4))
        if index < first:
            return None
        chain = at + 4 * buckets - 4 * first
        for number in range(index, index + MAX_CHAIN):
            (found,) = struct.unpack("<I", self._bytes(chain + 4 * number, 4))
            if found | 1 == wanted | 1 and (address := self._symbol_at(number, name)) is not None:
                return address
            if found & 1:
                return None
        raise NotInjected("damaged", "a chain of symbols without an end")

    def _symbol_at(self, number: int, name: str) -> int | None:
        entry = self._bytes(self._tables[DT_SYMTAB] + SYMBOL_SIZE * number, SYMBOL_SIZE)
        offset, _, _, section, value, _ = struct.unpack("<IBBHQQ", entry)
        wanted = name.encode() + b"\0"
        if not section or self._bytes(self._tables[DT_STRTAB] + offset, len(wanted)) != wanted:
            return None
        address: int = self.bias + value
        if not any(each.address <= address < each.address + each.size for each in self.segments):
            raise NotInjected("damaged", f"{name} lies outside of it")
        return address

    def _program_headers(self, header: bytes) -> list[tuple[int, ...]]:
        (offset,) = struct.unpack_from("<Q", header, 32)
        size, count = struct.unpack_from("<HH", header, 54)
        if size != PROGRAM_HEADER_SIZE or not 0 < count <= MAX_PROGRAM_HEADERS:
            raise NotInjected("damaged", "program headers of no sensible size")
        data = self._bytes(self._base + offset, size * count)
        return [struct.unpack_from("<IIQQQQQQ", data, number * size) for number in range(count)]

    def _dynamic(self, address: int, size: int) -> dict[int, int]:
        """The tables that are needed; the loader may have put addresses there, or left offsets."""
        if not 0 < size <= MAX_DYNAMIC_BYTES:
            raise NotInjected("damaged", "a dynamic segment of no sensible size")
        data = self._bytes(address, size)
        tables: dict[int, int] = {}
        for at in range(0, size - DYNAMIC_ENTRY_SIZE + 1, DYNAMIC_ENTRY_SIZE):
            tag, value = struct.unpack_from("<QQ", data, at)
            if tag == 0:
                break
            tables.setdefault(tag, value if value >= self.bias else value + self.bias)
        if not {DT_SYMTAB, DT_STRTAB, DT_GNU_HASH} <= tables.keys():
            raise NotInjected("damaged", "no table of symbols with a GNU hash")
        return tables

    def _bytes(self, address: int, size: int) -> bytes:
        if not 0 <= address < (1 << ADDRESS_BITS) - size:
            raise NotInjected("damaged", "an address beyond all memory")
        try:
            data = self._read(address, size)
        except PermissionError:
            raise NotInjected("denied") from None
        except ProcessLookupError:
            raise NotInjected("gone") from None
        except OSError:
            raise NotInjected("damaged", "parts of it are not there") from None
        if len(data) != size:
            raise NotInjected("damaged", "parts of it are not there")
        return data


def machine(header: bytes) -> str:
    """What an ELF file is built for, by its first bytes. Raises NotInjected unless it is 64-bit and little-endian."""
    if len(header) < HEADER_SIZE or header[:4] != b"\x7fELF":
        raise NotInjected("damaged", "no ELF header")
    (number,) = struct.unpack_from("<H", header, 18)
    if header[4:6] != b"\x02\x01":
        raise NotInjected("architecture", "a 32-bit or big-endian program")
    return MACHINES.get(number, f"ELF machine {number}")


def _gnu_hash(name: str) -> int:
    value = 5381
    for byte in name.encode():
        value = (value * 33 + byte) & 0xFFFFFFFF
    return value
