"""Find the addresses that a process listens on, from its open files and the kernel's socket tables."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import struct
from collections.abc import Callable, Iterator

from asyncspy.discover.proc import Proc
from asyncspy.discover.servers.server_options import format_address

MAX_ADDRESSES = 4
TCP_LISTENING = "0A"
UNIX_LISTENING_FLAG = 0x10000
CONTROL_SOCKETS = (".ctl", "/arbiter.sock")
"""Endings of unix sockets that gunicorn and its dirty arbiter use for their own control, not for requests."""

SocketRow = tuple[str, "str | None"]
"""An inode, and the address it listens on, if it does."""

_SOCKET_LINK = re.compile(r"socket:\[(\d+)\]")


class ListeningSockets:
    """Addresses by inode; each table of a network namespace is read once, and only if it is needed."""

    def __init__(self, proc: Proc) -> None:
        self._proc = proc
        self._tables: dict[tuple[str, str], dict[str, str | None]] = {}

    def addresses(self, pid: int) -> str | None:
        """Return where a process listens, as text; None if it does not or its open files cannot be read."""
        links = (self._proc.link(pid, "fd", number) for number in self._proc.names(pid, "fd"))
        inodes = {match[1] for match in map(_SOCKET_LINK.fullmatch, filter(None, links)) if match}
        found: set[str] = set()
        for name, parse in SOCKET_TABLES.items():
            if not inodes:
                break
            table = self._table(pid, name, parse)
            found.update(filter(None, (table.get(inode) for inode in inodes)))
            inodes -= table.keys()
        return ", ".join(sorted(found)[:MAX_ADDRESSES]) or None

    def _table(self, pid: int, name: str, parse: Callable[[str], SocketRow]) -> dict[str, str | None]:
        namespace = self._proc.link(pid, "ns", "net") or str(pid)
        if (namespace, name) not in self._tables:
            lines = (self._proc.text(pid, "net", name) or "").split("\n")[1:]
            self._tables[namespace, name] = dict(_parse_rows(lines, parse))
        return self._tables[namespace, name]


def _parse_rows(lines: list[str], parse: Callable[[str], SocketRow]) -> Iterator[SocketRow]:
    """Skip rows that cannot be parsed: a socket's path may hold a line break, and a long table is cut off."""
    for line in lines:
        with contextlib.suppress(ValueError, IndexError):
            yield parse(line)


def _unix_row(line: str) -> SocketRow:
    _, _, _, flags, _, _, inode, *path = line.split(maxsplit=7)
    listens = path and int(flags, 16) & UNIX_LISTENING_FLAG and not path[0].endswith(CONTROL_SOCKETS)
    return inode, f"unix:{path[0]}" if listens else None


def _tcp_row(line: str) -> SocketRow:
    _, local, _, state, *rest = line.split()
    return rest[5], _tcp_address(local) if state == TCP_LISTENING else None


def _tcp_address(text: str) -> str:
    """Decode `0100007F:1F90` as 127.0.0.1:8080: words of four bytes in the machine's order, then the port."""
    host, _, port = text.partition(":")
    words = [int(host[place : place + 8], 16) for place in range(0, len(host), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    return format_address(str(ipaddress.ip_address(packed)), int(port, 16))


SOCKET_TABLES: dict[str, Callable[[str], SocketRow]] = {"unix": _unix_row, "tcp": _tcp_row, "tcp6": _tcp_row}
"""In the order in which they are read: the kernel takes milliseconds for each TCP table."""
