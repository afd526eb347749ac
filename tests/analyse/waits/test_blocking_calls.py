"""Which leaves and which source lines are waits, and which only look like them."""

from __future__ import annotations

import ast
import sys
import sysconfig
from pathlib import Path

import pytest

from asyncspy.analyse.remedy.source_line import SourceLine, parse_line
from asyncspy.analyse.stacks.ownership import Ownership, libraries_in
from asyncspy.analyse.stacks.pattern import Pattern
from asyncspy.analyse.waits import blocking_calls
from asyncspy.analyse.waits.blocking_calls import STDLIB_WAITS, WAIT_REMEDIES, find_blocking_call, wait_remedies
from asyncspy.model.findings import Wait
from asyncspy.model.stacks import Frame
from tests.analyse.stack_samples import ASYNCIO, HANDLER, frames

VIEW = "fetches (views.py:54)\n"

LEAVES = {
    "SocketIO.readinto (socket.py:720)": "socket",
    "SSLSocket.recv_into (ssl.py:1252)\nSSLSocket.read (ssl.py:1104)": "socket",
    "create_connection (socket.py:837)": "socket",
    "getaddrinfo (socket.py:976)": "name",
    "Event.wait (threading.py:655)\nCondition.wait (threading.py:355)": "thread",
    "Queue.get (queue.py:171)\nCondition.wait (threading.py:355)": "thread",
    "Future.result (concurrent/futures/_base.py:451)\nCondition.wait (threading.py:355)": "thread",
    "Thread.join (threading.py:1147)\nThread._wait_for_tstate_lock (threading.py:1167)": "thread",
    "run (subprocess.py:550)\nPopen.communicate (subprocess.py:1209)": "process",
    "Popen._wait (subprocess.py:2045)\nPopen._try_wait (subprocess.py:2003)": "process",
    "Popen._communicate (subprocess.py:2115)\nPollSelector.select (selectors.py:415)": "process",
    "Path.read_text (pathlib.py:1029)": "file",
}
PACKAGED = {
    "wait_for_read (urllib3/util/wait.py:115)\npoll_wait_for_socket (urllib3/util/wait.py:89)": "socket",
    "SocketBuffer._read_from_socket (redis/_parsers/socket.py:65)": "socket",
    "SyncStream.read (httpcore/_backends/sync.py:28)": "socket",
    "sleep (tenacity/nap.py:31)": "sleep",
}
ROWS = {
    "socket.py": "SocketIO.readinto SocketIO.write socket.accept create_connection getaddrinfo getfqdn",
    "ssl.py": "SSLSocket.read SSLSocket.write SSLSocket.send SSLSocket.recv SSLSocket.do_handshake",
    "threading.py": "Condition.wait Thread.join Thread._wait_for_tstate_lock",
    "subprocess.py": "Popen._try_wait Popen._wait Popen.wait Popen.communicate Popen._communicate Popen._execute_child",
    "multiprocessing/popen_fork.py": "Popen.poll",
    "multiprocessing/connection.py": "Connection._recv Connection._poll",
    "pathlib.py": "Path.read_text Path.read_bytes Path.write_text Path.write_bytes Path.open",
    "pathlib/_local.py": "Path.read_text Path.read_bytes Path.write_text Path.write_bytes Path.open",
    "pathlib/__init__.py": "Path.read_text Path.read_bytes Path.write_text Path.write_bytes Path.open",
    "pathlib/_abc.py": "PathBase.read_text PathBase.read_bytes PathBase.write_text PathBase.write_bytes",
    "shutil.py": "copyfile copyfileobj _fastcopy_sendfile",
    "tenacity/nap.py": "sleep",
    "urllib3/util/retry.py": "Retry._sleep_backoff Retry.sleep_for_retry",
    "urllib3/util/wait.py": "poll_wait_for_socket select_wait_for_socket",
    "urllib3/util/connection.py": "create_connection",
    "httpcore/_backends/sync.py": "SyncStream.read SyncStream.write SyncBackend.connect_tcp",
    "redis/_parsers/socket.py": "SocketBuffer._read_from_socket",
    "redis/_parsers/hiredis.py": "_HiredisParser.read_from_socket",
    "redis/connection.py": "Connection._connect SocketBuffer._read_from_socket",
    "pymongo/network_layer.py": "receive_data",
    "pymongo/network.py": "_receive_data_on_socket",
    "amqp/transport.py": "_AbstractTransport._read TCPTransport._read SSLTransport._read",
    "psycopg/waiting.py": "wait_selector wait_select wait_epoll wait_poll wait_conn",
    "psycopg/connection.py": "Connection.wait",
}
CALLS = """
socket.create_connection(address) socket.getaddrinfo(name,80) socket.gethostbyname(name) os.waitpid(1,0) os.wait()
os.fsync(1) fcntl.flock(1,2) select.select(r,w,x) sock.recv_into(b) sock.recvfrom(9) sock.recvmsg(9) sock.sendall(b)
sock.accept() sock.do_handshake() program.communicate()
"""
MOVED = {"Thread._wait_for_tstate_lock": (3, 13)}
"""Gone since."""

NO_WAITS = (
    "BaseEventLoop._run_once (asyncio/base_events.py:1933)\nEpollSelector.select (selectors.py:468)",
    "Thread.start (threading.py:997)\nEvent.wait (threading.py:655)\nCondition.wait (threading.py:355)",
    "SSLProtocol._do_read__copied (asyncio/sslproto.py:743)\nSSLObject.read (ssl.py:870)",
    # without classes SSLObject, which works in memory, looks like SSLSocket
    "_do_read__copied (asyncio/sslproto.py:743)\nread (ssl.py:870)",
    "_do_read__buffered (asyncio/sslproto.py:720)\nread (ssl.py:870)",
    "_do_write (asyncio/sslproto.py:690)\nwrite (ssl.py:880)",
    "_do_handshake (asyncio/sslproto.py:560)\ndo_handshake (ssl.py:960)",
    "Condition.notify (threading.py:411)",
    "SocketIO.readinto (socket.py:720)\ndumps (json/__init__.py:231)",
    "readinto (views.py:7)",
)


def wait_of(stack: tuple[Frame, ...]) -> str | None:
    return blocking_calls.wait_kind(stack, Ownership((), libraries_in(stack)))


@pytest.mark.parametrize(("text", "kind"), LEAVES.items())
def test_leaves_of_the_standard_library_that_can_only_wait(text: str, kind: str) -> None:
    assert wait_of(frames(ASYNCIO, HANDLER, VIEW, text)) == kind
    bare = tuple(f._replace(function=f.function.rpartition(".")[2]) for f in frames(ASYNCIO, HANDLER, VIEW, text))
    assert wait_of(bare) == kind


@pytest.mark.parametrize(("text", "kind"), PACKAGED.items())
def test_leaves_of_drivers_and_clients(text: str, kind: str) -> None:
    assert wait_of(frames(VIEW, text)) == kind


def test_a_callback_or_a_task_that_waits_at_once_is_not_the_loops_own_wait() -> None:
    assert wait_of(frames(ASYNCIO, "tick (timers.py:4)\ngetaddrinfo (socket.py:976)")) == "name"


@pytest.mark.parametrize("text", NO_WAITS)
def test_what_does_not_wait_or_is_the_loops_own(text: str) -> None:
    assert wait_of(frames(ASYNCIO, text)) is None


def test_a_standard_library_in_an_odd_place_waits_all_the_same() -> None:
    stack = [frame._replace(file=frame.file.replace("/usr/lib/python3.12/", "/py/Lib/")) for frame in frames(ASYNCIO)]
    leaf = Frame("getaddrinfo", "/py/Lib/socket.py", 976)
    assert wait_of((*stack, *frames(VIEW), leaf)) == "name"
    assert wait_of((*frames(ASYNCIO, VIEW), leaf)) is None


def test_own_code_of_a_drivers_name_is_no_wait_where_folders_are_not_recorded() -> None:
    assert wait_of((*frames(ASYNCIO, VIEW), Frame("wait", "connection.py", 9))) is None
    assert wait_of((*frames(ASYNCIO, VIEW), Frame("Connection.wait", "connection.py", 9))) == "socket"


@pytest.mark.parametrize(("file", "name"), [(file, name) for file, names in ROWS.items() for name in names.split()])
def test_every_leaf_of_the_tables(file: str, name: str) -> None:
    assert wait_of(frames(VIEW, f"call (views.py:1)\n{name} ({file}:1)")) is not None


@pytest.mark.parametrize("code", CALLS.split())
def test_every_call_of_the_tables(code: str) -> None:
    where = parse_line(code, 1)
    assert where is not None
    assert find_blocking_call(where) is not None


@pytest.mark.parametrize("pattern", [pattern for pattern, _ in STDLIB_WAITS if not pattern.function.startswith("*")])
def test_the_standard_library_has_what_the_table_names(pattern: Pattern) -> None:
    file = Path(sysconfig.get_path("stdlib")) / pattern.file
    if not file.exists() or sys.version_info >= MOVED.get(pattern.function, (9, 9)):
        pytest.skip("not in this Python")
    assert any(other.function in functions_of(other.file) for other in alike(pattern))


def alike(pattern: Pattern) -> list[Pattern]:
    """The rows of the same function, in whatever file of its module: pathlib's moved with every Python since 3.12."""
    module, name = pattern.file.partition("/")[0].removesuffix(".py"), pattern.function.rpartition(".")[2]
    rows = [row for row, _ in STDLIB_WAITS if row.file.partition("/")[0].removesuffix(".py") == module]
    return [pattern, *(row for row in rows if module == "pathlib" and row.function.rpartition(".")[2] == name)]


def functions_of(file: str) -> set[str]:
    path = Path(sysconfig.get_path("stdlib")) / file
    return defined(ast.parse(path.read_text(encoding="utf-8"))) if path.exists() else set()


def defined(tree: ast.AST, prefix: str = "") -> set[str]:
    """The qualified names of a module's functions, whatever they are defined under."""
    names: set[str] = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef):
            names.add(prefix + node.name)
        names |= defined(node, f"{prefix}{node.name}." if isinstance(node, ast.ClassDef) else prefix)
    return names


def at(code: str, mark: str = "here") -> SourceLine:
    line = next(number for number, text in enumerate(code.splitlines(), 1) if text.endswith(f"# {mark}"))
    where = parse_line(code, line)
    assert where is not None
    return where


WAITING_LINES = {
    "time.sleep(0.1)  # here": ("time.sleep", "sleep"),
    "from time import sleep\nsleep(1)  # here": ("sleep", "sleep"),
    "data = sock.recv(10)  # here": ("sock.recv", "socket"),
    "reply = json.loads(self.sock.recv(10))  # here": ("self.sock.recv", "socket"),
    "with LOCK:  # here\n    pass": ("with LOCK", "lock"),
    "with LOCK: other.acquire()  # here": ("other.acquire", "lock"),
    "with self._state_lock:  # here\n    pass": ("with self._state_lock", "lock"),
    "with MUTEX:  # here\n    pass": ("with MUTEX", "lock"),
    "with self.semaphore:  # here\n    pass": ("with self.semaphore", "lock"),
    "with not_empty_condition:  # here\n    pass": ("with not_empty_condition", "lock"),
    "lock.acquire()  # here": ("lock.acquire", "lock"),
    "os.system('ls')  # here": ("os.system", "process"),
}
OTHER_LINES = (
    "total = sum(range(10))  # here",
    "with open(path) as file:  # here\n    pass",
    "value = cache.get(key)  # here",
    "text = ', '.join(names)  # here",
    "from asyncio import sleep\ntask = create(sleep(1))  # here",
    "async def f():\n    await lock.acquire()  # here",
    "async def f():\n    await asyncio.wait_for(ws.recv(), 1)  # here",
    "async def f():\n    asyncio.create_task(ws.recv())  # here",
    "async def f():\n    async with LOCK:  # here\n        pass",
    *(
        f"async def f():\n    {made}  # here"
        for made in (
            "reply = asyncio.ensure_future(ws.recv())",
            "replies = asyncio.gather(ws.recv(), other.recv())",
            "reply = asyncio.wait({ws.recv()})",
            "reply = asyncio.wait_for(ws.recv(), 1)",
            "reply = asyncio.shield(ws.recv())",
            "reply = asyncio.run_coroutine_threadsafe(ws.recv(), loop)",
        )
    ),
    "sock.setblocking(False)\ndata = sock.recv(10)  # here",
    "sock.settimeout(0)\ndata = sock.recv(10)  # here",
    "sock = socket.socket(type=socket.SOCK_STREAM | socket.SOCK_NONBLOCK)\ndata = sock.recv(10)  # here",
    "time.sleep(sock.recv(1)[0])  # here",
)


@pytest.mark.parametrize(("code", "call"), WAITING_LINES.items())
def test_lines_that_call_what_waits(code: str, call: tuple[str, str]) -> None:
    assert find_blocking_call(at(code)) == call


@pytest.mark.parametrize("code", OTHER_LINES)
def test_lines_that_do_not_or_may_not(code: str) -> None:
    assert find_blocking_call(at(code)) is None


def test_the_line_to_type() -> None:
    sleeping = at("async def f():\n    time.sleep(backend.SLOW)  # here")
    assert [remedy.code for remedy in wait_remedies(Wait("sleep", True), sleeping)] == [
        "await asyncio.sleep(backend.SLOW)", None
    ]  # fmt: skip
    reading = at("async def f():\n    data = sock.recv(10)  # here")
    assert wait_remedies(Wait("socket", True), reading)[1].code == "await sync_to_async(sock.recv)(10)"
    for sync in ("def f():\n    time.sleep(1)  # here", "def f():\n    sock.recv(10)  # here"):
        assert [remedy.code for remedy in wait_remedies(Wait("sleep", True), at(sync))] == [None, None]


@pytest.mark.parametrize("kind", WAIT_REMEDIES)
def test_every_wait_has_a_remedy(kind: str) -> None:
    assert all(remedy.text for remedy in wait_remedies(Wait(kind, True), None))  # type: ignore[arg-type]
    assert "if it computes" in wait_remedies(Wait("unknown", False), None)[1].text
