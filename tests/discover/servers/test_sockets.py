"""Where a process listens is read from its open files."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from asyncspy.discover.proc import Proc
from asyncspy.discover.servers.sockets import ListeningSockets
from tests.discover.fake_proc import FakeProc

# As Linux on a little-endian machine writes them: 127.0.0.1:8000, [::1]:8001, a connection, sockets of a server.
TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 101 1 0000000000000000 100 0
   1: 0100007F:1F40 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 102 1 0000000000000000 100 0
"""
TCP6 = """\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr
   0: 00000000000000000000000001000000:1F41 00000000000000000000000000000000:0000 0A 0:0 00:0 0 0 0 103 1 0 100 0
"""
UNIX = """\
Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 104 /run/shop one.sock
0000000000000000: 00000002 00000000 00010000 0001 01 105 /run/gunicorn.ctl
0000000000000000: 00000003 00000000 00000000 0001 03 106
0000000000000000: 00000002 00000000 00010000 0001 01 107 /run/a path with
a line break and more: words than that
0000000000000000: 00000002 00000000 cut off"""


@pytest.mark.parametrize(
    ("inodes", "bind"),
    [
        ([101], "127.0.0.1:8000"),
        ([102], None),
        ([101, 103], "127.0.0.1:8000, [::1]:8001"),
        ([104, 105, 106], "unix:/run/shop one.sock"),
        ([], None),
    ],
)
def test_only_listening_sockets_are_found(tmp_path: Path, inodes: list[int], bind: str | None) -> None:
    fake = FakeProc(tmp_path)
    for name, text in (("tcp", TCP), ("tcp6", TCP6), ("unix", UNIX)):
        fake.write(f"42/net/{name}", text)
    fake.link("42/fd/0", "/dev/null")
    for number, inode in enumerate(inodes, 3):
        fake.link(f"42/fd/{number}", f"socket:[{inode}]")
    assert ListeningSockets(fake.of()).addresses(42) == bind


def test_our_own_sockets(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(path))
        unix.listen()
        bind = ListeningSockets(Proc()).addresses(os.getpid())
        assert bind is not None
        assert f"127.0.0.1:{tcp.getsockname()[1]}" in bind.split(", ")
        assert f"unix:{path}" in bind.split(", ")
