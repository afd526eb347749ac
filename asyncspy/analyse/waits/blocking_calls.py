"""Recognise what blocks a thread: frames whose leaf can only be a wait, and calls in the source of a line.

time.sleep, recv and `with lock:` have no Python frame: the leaf is the line that calls them, and only its source
distinguishes a wait from work. A frame is listed only if it waits whenever it is the leaf, apart from microseconds.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from asyncspy.analyse.remedy.fixes import Rewrite
from asyncspy.analyse.remedy.rewrite import rewrite_call
from asyncspy.analyse.remedy.source_line import TASK_MAKERS, SourceLine, called_name
from asyncspy.analyse.stacks import packages
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.pattern import Rules, rules_by_meaning
from asyncspy.model.findings import Remedy, Wait, WaitKind
from asyncspy.model.stacks import Frame

PATHLIB = "Path.read_text Path.read_bytes Path.write_text Path.write_bytes Path.open"

STDLIB_WAITS: Rules[WaitKind] = rules_by_meaning(
    {
        "socket": {
            "socket.py": "SocketIO.readinto SocketIO.write socket.accept create_connection",
            "ssl.py": "SSLSocket.read SSLSocket.write SSLSocket.send SSLSocket.recv SSLSocket.do_handshake",
            "selectors.py": "*.select",
        },
        "name": {"socket.py": "getaddrinfo getfqdn"},
        "thread": {"threading.py": "Condition.wait Thread.join Thread._wait_for_tstate_lock"},
        "process": {
            "subprocess.py": "Popen._try_wait Popen._wait Popen.wait Popen.communicate Popen._communicate "
            "Popen._execute_child",
            "multiprocessing/popen_fork.py": "Popen.poll",
            "multiprocessing/connection.py": "Connection._recv Connection._poll",
        },
        "file": {
            "pathlib.py": PATHLIB,  # up to Python 3.12
            "pathlib/_local.py": PATHLIB,  # in 3.13
            "pathlib/_abc.py": "PathBase.read_text PathBase.read_bytes PathBase.write_text PathBase.write_bytes",
            "pathlib/__init__.py": PATHLIB,  # from 3.14 on
            "shutil.py": "copyfile copyfileobj _fastcopy_sendfile",
        },
    }
)
"""Of the standard library."""

PACKAGE_WAITS: Rules[WaitKind] = rules_by_meaning(
    {
        "sleep": {
            "tenacity/nap.py": "sleep",
            "urllib3/util/retry.py": "Retry._sleep_backoff Retry.sleep_for_retry",
        },
        "socket": {
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
        },
    }
)
"""Of drivers and clients whose own code calls the socket or the clock."""

TLS_IN_MEMORY = (
    "SSLProtocol._do_read__buffered SSLProtocol._do_read__copied SSLProtocol._do_write SSLProtocol._do_handshake"
)
NON_BLOCKING_CALLERS: Rules[int] = rules_by_meaning(
    {
        1: {"asyncio/base_events.py": "BaseEventLoop._run_once", "asyncio/sslproto.py": TLS_IN_MEMORY},
        3: {"threading.py": "Thread.start"},  # through Event.wait and Condition.wait
    }
)
"""Frames whose calls do not block, with how many frames above them the leaf may be: the loop itself waits for work."""


class BlockingCall(NamedTuple):
    """A blocking call in the source: how it is spelt, and what it waits for."""

    spelt: str
    kind: WaitKind


def _kinds(names: dict[WaitKind, str]) -> dict[str, WaitKind]:
    return {name: kind for kind, several in names.items() for name in several.split()}


BLOCKING_FUNCTIONS = _kinds(
    {
        "sleep": "time.sleep",
        "socket": "socket.create_connection select.select",
        "name": "socket.getaddrinfo socket.gethostbyname",
        "lock": "fcntl.flock",
        "process": "os.system os.waitpid os.wait",
        "file": "os.fsync",
    }
)
"""Calls by their whole spelling."""

BLOCKING_METHODS = _kinds(
    {
        "socket": "recv recv_into recvfrom recvmsg sendall accept do_handshake",
        "lock": "acquire",
        "process": "communicate",
    }
)
"""Calls by their method's name; names that harmless objects have as well (`get`, `join`, `read`) are not here."""

NOT_BLOCKING = ("setblocking(False)", "settimeout(0", "SOCK_NONBLOCK")
"""A file that holds one of these has sockets that do not block."""

LOCK_WORDS = ("lock", "mutex", "semaphore", "condition")
"""A `with` on a name that holds one of these waits for it."""


def wait_kind(frames: Sequence[Frame], owners: Ownership) -> WaitKind | None:
    """What a stack waits for, if its leaf can only be a wait."""
    leaf = frames[-1]
    kind = STDLIB_WAITS.match(leaf) if owners.of(leaf) == packages.STDLIB else PACKAGE_WAITS.match(leaf)
    callers = enumerate(frames[-2:-5:-1], 1)
    if kind is None or any((NON_BLOCKING_CALLERS.match(frame) or 0) >= above for above, frame in callers):
        return None
    in_subprocess = len(frames) > 1 and STDLIB_WAITS.match(frames[-2]) == "process"  # communicate() calls select itself
    return "process" if kind == "socket" and in_subprocess else kind


def find_blocking_call(where: SourceLine) -> BlockingCall | None:
    """The blocking call on this line, if there is exactly one kind of it that is not awaited."""
    found = {call.kind: call for call in _blocking_calls(where)}
    if any(sign in where.text for sign in NOT_BLOCKING):
        found.pop("socket", None)
    return next(iter(found.values())) if len(found) == 1 else None


def _blocking_calls(where: SourceLine) -> Iterator[BlockingCall]:
    for node in ast.walk(where.tree):
        if isinstance(node, ast.Call) and where.is_part_of(node):
            kind = _call_kind(node, where)
            if kind is not None and not _is_awaited(node, where):
                yield BlockingCall(ast.unparse(node.func), kind)
        elif isinstance(node, ast.With):
            yield from _locks(node, where.line)


def _call_kind(call: ast.Call, where: SourceLine) -> WaitKind | None:
    if isinstance(call.func, ast.Name):
        return "sleep" if call.func.id == "sleep" and _imports_sleep(where) else None
    if isinstance(call.func, ast.Attribute):
        return BLOCKING_FUNCTIONS.get(ast.unparse(call.func)) or BLOCKING_METHODS.get(call.func.attr)
    return None


def _imports_sleep(where: SourceLine) -> bool:
    """Whether a bare `sleep` is time's and not asyncio's."""
    imports = (node for node in ast.walk(where.tree) if isinstance(node, ast.ImportFrom) and node.module == "time")
    return any(name.name == "sleep" for node in imports for name in node.names)


def _is_awaited(call: ast.Call, where: SourceLine) -> bool:
    """Whether the call is part of what is awaited, or made into a task."""
    node: ast.AST = call
    while (above := where.parents.get(node)) is not None:
        if isinstance(above, ast.Await):
            return True
        if isinstance(above, ast.Call) and called_name(above.func) in TASK_MAKERS and node in above.args:
            return True
        node = above
    return False


def _locks(node: ast.With, line: int) -> Iterator[BlockingCall]:
    """`with LOCK:`, whose wait has the line of the `with` or of the name."""
    for item in node.items:
        lock = item.context_expr
        name = called_name(lock) or ""
        if line in {node.lineno, lock.lineno} and any(word in name.lower() for word in LOCK_WORDS):
            yield BlockingCall(f"with {ast.unparse(lock)}", "lock")


def wait_remedies(wait: Wait, where: SourceLine | None) -> tuple[Remedy, ...]:
    """What to do instead of such a wait, with the line to type where the source shows the one call."""
    first = WAIT_REMEDIES[wait.kind]
    if where and wait.kind == "sleep" and (code := _asyncio_sleep(where)):
        first = Remedy(first.text, code=code, note="")
    if not wait.certain:
        return first, IF_IT_COMPUTES
    code = _call_in_a_thread(where) if where and wait.kind != "sleep" else None
    return first, Remedy(RUN_IN_THREAD, code=code, note="in a thread")


def _asyncio_sleep(where: SourceLine) -> str | None:
    """`await asyncio.sleep(…)` with the arguments of the only sleep on the line."""
    sleeps = [call for call in where.calls if _call_kind(call, where) == "sleep"]
    if len(sleeps) != 1 or not where.is_async:
        return None
    return f"await asyncio.sleep({', '.join(map(ast.unparse, sleeps[0].args))})"


def _call_in_a_thread(where: SourceLine) -> str | None:
    names = [name for call in where.calls if _call_kind(call, where) and (name := called_name(call.func))]
    return rewrite_call(where, Rewrite("wrap", names[0])) if len(names) == 1 and where.is_async else None


RUN_IN_THREAD = "run it in a thread: await sync_to_async(function, thread_sensitive=False)(…)"
IF_IT_COMPUTES = Remedy("if it computes: in smaller steps, or in another process; a thread still competes for the GIL")

WAIT_REMEDIES: dict[WaitKind, Remedy] = {
    "sleep": Remedy("await asyncio.sleep(…), in an async function"),
    "socket": Remedy("use the asynchronous client: httpx.AsyncClient, aiohttp, redis.asyncio, asyncio streams"),
    "name": Remedy("await asyncio.get_running_loop().getaddrinfo(…)"),
    "lock": Remedy("share it as an asyncio.Lock where only coroutines take it; a lock of threads belongs in a thread"),
    "thread": Remedy("await it: asyncio.wrap_future(future), asyncio.Event, asyncio.Queue"),
    "process": Remedy("await asyncio.create_subprocess_exec(…), and then await process.communicate()"),
    "file": Remedy("read and write files in a thread: await asyncio.to_thread(function, …)"),
    "unknown": Remedy("if it waits: use its asynchronous twin, or await sync_to_async(function)(…)"),
}
"""What replaces a wait of each kind on the loop."""
