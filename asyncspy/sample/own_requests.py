"""Find threads that wait for the answer of their own process, or of one beside it, by the kernel's tables of sockets.

A thread that reads a socket without a limit is in a system call whose first argument is the socket. Where the other end
of that connection is a socket that a worker of the same server has accepted, or has yet to accept, that worker has to
answer. What cannot be read is left out: then nothing is said of such requests.
"""

from __future__ import annotations

import ipaddress
import os
import platform
import re
import struct
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from asyncspy.model.stacks import AskedServer
from asyncspy.sample.kernel_state import names_in, text_of

READING_CALLS = {"x86_64": frozenset({0, 45, 47}), "aarch64": frozenset({63, 207, 212})}
"""The numbers of read, recvfrom and recvmsg, by the machine. A wait with a limit is a poll, and ends by itself."""

ESTABLISHED, LISTENING = "01", "0A"
NOT_ACCEPTED = "0"
"""The inode of a connection that nobody has accepted yet."""

MAX_ROWS = 50_000
_SOCKET_LINK = re.compile(r"socket:\[(\d+)\]")

Address = tuple[str, int]


class TcpRow(NamedTuple):
    """One TCP socket of a network namespace."""

    local: Address
    remote: Address
    state: str
    inode: str


def asked_processes(pid: int) -> dict[int, AskedServer]:
    """By thread, the processes of this server that can answer what the thread waits for."""
    waiting = _reading_threads(pid)
    if not waiting:
        return {}
    sockets = _sockets_of(pid)
    mine = {tid: sockets[fd] for tid, fd in waiting.items() if fd in sockets}
    if not mine:
        return {}
    rows = [row for table in ("tcp", "tcp6") for row in _tcp_rows(f"/proc/{pid}/net/{table}")]
    by_inode = {row.inode: row for row in rows}
    listening = [row for row in rows if row.state == LISTENING]
    servers = {other: set(_sockets_of(other).values()) for other in _beside(pid)} | {pid: set(sockets.values())}
    found = {}
    for tid, inode in mine.items():
        row = by_inode.get(inode)
        if row is not None and row.state == ESTABLISHED and (pids := _who_can_answer(row, rows, listening, servers)):
            found[tid] = AskedServer(pids, row.remote[1])
    return found


def _who_can_answer(
    asking: TcpRow, rows: Iterable[TcpRow], listening: Iterable[TcpRow], servers: dict[int, set[str]]
) -> tuple[int, ...]:
    """The process that has accepted this connection; where nobody has, those that listen for it."""
    accepted = next((row for row in rows if (row.local, row.remote) == (asking.remote, asking.local)), None)
    if accepted is None:
        return ()
    if accepted.inode != NOT_ACCEPTED:
        holders = [pid for pid, inodes in servers.items() if accepted.inode in inodes]
    else:
        on_port = {row.inode for row in listening if _listens_at(row.local, asking.remote)}
        holders = [pid for pid, inodes in servers.items() if inodes & on_port]
    return tuple(sorted(holders))


def _listens_at(listening: Address, asked: Address) -> bool:
    return listening[1] == asked[1] and (listening[0] == asked[0] or ipaddress.ip_address(listening[0]).is_unspecified)


def _beside(pid: int) -> set[int]:
    """The processes that may hold the same listening socket: those with the same parent, and the own children.

    A master holds it as well, and accepts nothing.
    """
    parent = text_of(f"/proc/{pid}/stat").rpartition(")")[2].split()[1:2]
    families = [pid, *(int(each) for each in parent if each != "0")]
    children = {
        int(child)
        for family in families
        for task in names_in(f"/proc/{family}/task")
        for child in text_of(f"/proc/{family}/task/{task}/children").split()
    }
    return children - {pid}


def _reading_threads(pid: int) -> dict[int, int]:
    """By thread, the open file that it reads at this moment without a limit."""
    calls = READING_CALLS.get(platform.machine(), frozenset())
    reading = {}
    for tid in names_in(f"/proc/{pid}/task"):
        number, *arguments = text_of(f"/proc/{pid}/task/{tid}/syscall").split() or ["running"]
        if number.isdigit() and int(number) in calls and arguments:
            reading[int(tid)] = int(arguments[0], 16)
    return reading


def _sockets_of(pid: int) -> dict[int, str]:
    """By number, the inodes of the open files that are sockets."""
    found = {}
    for number in names_in(f"/proc/{pid}/fd"):
        with suppress(OSError):
            link = _SOCKET_LINK.fullmatch(os.readlink(f"/proc/{pid}/fd/{number}"))  # noqa: PTH115 - only its text
            if link:
                found[int(number)] = link[1]
    return found


def _tcp_rows(path: str) -> list[TcpRow]:
    rows = []
    for line in text_of(path).split("\n")[1:MAX_ROWS]:
        with suppress(ValueError, IndexError):
            columns = line.split()
            rows.append(TcpRow(_address(columns[1]), _address(columns[2]), columns[3], columns[9]))
    return rows


def _address(text: str) -> Address:
    """Decode `0100007F:1F90`; an IPv4 address in an IPv6 socket is the IPv4 address."""
    host, _, port = text.partition(":")
    words = [int(host[place : place + 8], 16) for place in range(0, len(host), 8)]
    address = ipaddress.ip_address(struct.pack(f"={len(words)}I", *words))
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address), int(port, 16)
