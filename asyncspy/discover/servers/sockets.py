"""A process to the addresses that it listens on, from its open files and the kernel's tables of sockets."""

from __future__ import annotations

import contextlib
import ipaddress
import re
import struct
from collections.abc import Callable, Iterator

from asyncspy.discover.proc import Proc
from asyncspy.discover.servers.server_options import address

MOST_SHOWN = 4
LISTENING = "0A"
ACCEPTS_CONNECTIONS = 0x10000
NOT_FOR_REQUESTS = (".ctl", "/arbiter.sock")
"""Endings of unix sockets that a server listens on for its own control (gunicorn's, and its dirty arbiter's)."""

Row = tuple[str, "str | None"]
"""An inode, and the address where it listens."""

_SOCKET = re.compile(r"socket:\[(\d+)\]")


class Sockets:
    """What sockets listen on, by inode; each table of a network namespace is read once, and only while it is needed."""

    def __init__(self, proc: Proc) -> None:
        self._proc = proc
        self._tables: dict[tuple[str, str], dict[str, str | None]] = {}

    def bind(self, pid: int) -> str | None:
        """Where a process listens; None where it listens nowhere or its open files cannot be read."""
        open_sockets = self._inodes(pid)
        found: set[str] = set()
        for name, parse in TABLES.items():
            if not open_sockets:
                break
            table = self._table(pid, name, parse)
            found.update(filter(None, (table.get(inode) for inode in open_sockets)))
            open_sockets -= table.keys()
        return ", ".join(sorted(found)[:MOST_SHOWN]) or None

    def _inodes(self, pid: int) -> set[str]:
        links = (self._proc.link(pid, "fd", number) for number in self._proc.names(pid, "fd"))
        return {match[1] for match in map(_SOCKET.fullmatch, filter(None, links)) if match}

    def _table(self, pid: int, name: str, parse: Callable[[str], Row]) -> dict[str, str | None]:
        namespace = self._proc.link(pid, "ns", "net") or str(pid)
        if (namespace, name) not in self._tables:
            lines = (self._proc.text(pid, "net", name) or "").split("\n")[1:]
            self._tables[namespace, name] = dict(_parsed(lines, parse))
        return self._tables[namespace, name]


def _parsed(lines: list[str], parse: Callable[[str], Row]) -> Iterator[Row]:
    """What can be read: a socket's path may hold a line break, and a long table is cut off."""
    for line in lines:
        with contextlib.suppress(ValueError, IndexError):
            yield parse(line)


def _unix(line: str) -> Row:
    _, _, _, flags, _, _, inode, *path = line.split(maxsplit=7)
    listens = path and int(flags, 16) & ACCEPTS_CONNECTIONS and not path[0].endswith(NOT_FOR_REQUESTS)
    return inode, f"unix:{path[0]}" if listens else None


def _tcp(line: str) -> Row:
    _, local, _, state, *rest = line.split()
    return rest[5], _decoded(local) if state == LISTENING else None


def _decoded(text: str) -> str:
    """`0100007F:1F90` is 127.0.0.1:8080: words of four bytes in the machine's order, then the port."""
    host, _, port = text.partition(":")
    words = [int(host[place : place + 8], 16) for place in range(0, len(host), 8)]
    packed = struct.pack(f"={len(words)}I", *words)
    return address(str(ipaddress.ip_address(packed)), int(port, 16))


TABLES: dict[str, Callable[[str], Row]] = {"unix": _unix, "tcp": _tcp, "tcp6": _tcp}
"""The quick one first: the kernel takes milliseconds over each table of TCP."""
