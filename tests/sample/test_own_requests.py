"""Whom a process asks over TCP is read from the kernel's tables: itself, one beside it, or somebody else."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from asyncspy.model.stacks import AskedServer
from asyncspy.sample.own_requests import TcpRow, _tcp_rows, asked_processes
from tests.live.processes import eventually

ASKS = """
import socket, sys
listening = socket.create_server(("{host}", 0), family=socket.{family}, dualstack_ipv6={dual})
asked = int(sys.argv[1]) or listening.getsockname()[1]
asking = socket.create_connection(("127.0.0.1", asked))
accepted = listening.accept() if sys.argv[2] == "accepts" else None
print(listening.getsockname()[1], flush=True)
{reads}
"""
FOREVER = "asking.recv(1)"
WITH_LIMIT = "asking.settimeout(60); asking.recv(1)"


@contextmanager
def asking(
    port: int = 0, *, accepts: bool = False, host: str = "127.0.0.1", family: str = "AF_INET", reads: str = FOREVER
) -> Iterator[tuple[int, int]]:
    """A process that reads an answer: its pid, and the port that it listens on."""
    code = ASKS.format(host=host, family=family, reads=reads, dual=family == "AF_INET6")
    command = [sys.executable, "-c", code, str(port), "accepts" if accepts else "waits"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            yield process.pid, int(process.stdout.readline())
        finally:
            process.kill()


@pytest.mark.parametrize("accepts", [True, False])
@pytest.mark.parametrize(("host", "family"), [("127.0.0.1", "AF_INET"), ("", "AF_INET"), ("::", "AF_INET6")])
def test_a_process_that_asks_itself(accepts: bool, host: str, family: str) -> None:
    with asking(accepts=accepts, host=host, family=family) as (pid, port):
        assert eventually(lambda: asked_processes(pid) == {pid: AskedServer((pid,), port)}, timeout=30)


def test_a_process_that_asks_one_beside_it() -> None:
    """The one beside it has the same parent, as workers have."""
    with ExitStack() as running:
        other, port = running.enter_context(asking())
        pid, _ = running.enter_context(asking(port))
        assert eventually(lambda: asked_processes(pid) == {pid: AskedServer((other,), port)}, timeout=30)


def test_who_asks_another_server_asks_none_of_its_own() -> None:
    """This process is the parent of the one that asks: a master, which answers nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server, asking(server.getsockname()[1]) as (pid, _):
        accepted, _ = server.accept()
        with accepted:
            assert asked_processes(pid) == {}


def test_a_wait_with_a_limit_is_none_and_a_process_that_is_gone_neither() -> None:
    with asking(reads=WITH_LIMIT) as (pid, _):
        assert asked_processes(pid) == {}
    assert asked_processes(pid) == {}


def test_rows_that_cannot_be_read_are_left_out(tmp_path: Path) -> None:
    table = tmp_path / "tcp"
    good = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12345 1 0 100 0"
    table.write_text(f"  sl  local_address ...\n{good}\n   1: zz:1 00000000:0000 0A\n\n")
    assert _tcp_rows(str(table)) == [TcpRow(("127.0.0.1", 8080), ("0.0.0.0", 0), "0A", "12345")]
