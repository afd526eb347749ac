"""What blocks a thread, as data: frames whose leaf can only be a wait, and calls that the source of a line shows.

time.sleep, recv and `with lock:` have no Python frame: the leaf is the line that calls them, and only its source tells
a wait from work. A frame is listed only if it waits whenever it is the leaf, but for microseconds.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from asyncspy.analyse.remedy.fixes import Rewrite
from asyncspy.analyse.remedy.rewrite import rewrite_call
from asyncspy.analyse.remedy.source_line import SourceLine, called_name
from asyncspy.analyse.stacks import packages
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.pattern import Pattern, Rules
from asyncspy.model.findings import Remedy, Wait, WaitKind
from asyncspy.model.stacks import Frame


def _of(kind: WaitKind, file: str, functions: str) -> Iterable[tuple[Pattern, WaitKind]]:
    return [(Pattern(function, file), kind) for function in functions.split()]


STANDARD: Rules[WaitKind] = Rules(
    [
        *_of("socket", "socket.py", "SocketIO.readinto SocketIO.write socket.accept create_connection"),
        *_of("name", "socket.py", "getaddrinfo getfqdn"),
        *_of("socket", "ssl.py", "SSLSocket.read SSLSocket.write SSLSocket.send SSLSocket.recv SSLSocket.do_handshake"),
        *_of("socket", "selectors.py", "*.select"),
        *_of("thread", "threading.py", "Condition.wait Thread.join Thread._wait_for_tstate_lock"),
        *_of("process", "subprocess.py", "Popen._try_wait Popen._wait Popen.wait Popen.communicate"),
        *_of("process", "subprocess.py", "Popen._communicate Popen._execute_child"),
        *_of("process", "multiprocessing/popen_fork.py", "Popen.poll"),
        *_of("process", "multiprocessing/connection.py", "Connection._recv Connection._poll"),
        *(
            row
            for file in ("pathlib.py", "pathlib/_local.py", "pathlib/__init__.py")  # up to 3.12, in 3.13, from 3.14
            for row in _of("file", file, "Path.read_text Path.read_bytes Path.write_text Path.write_bytes Path.open")
        ),
        *_of("file", "pathlib/_abc.py", "PathBase.read_text PathBase.read_bytes"),
        *_of("file", "pathlib/_abc.py", "PathBase.write_text PathBase.write_bytes"),
        *_of("file", "shutil.py", "copyfile copyfileobj _fastcopy_sendfile"),
    ]
)
"""Of the standard library; the caller of such a wait is looked at, too: the loop itself waits in `select`."""

PACKAGES: Rules[WaitKind] = Rules(
    [
        *_of("sleep", "tenacity/nap.py", "sleep"),
        *_of("sleep", "urllib3/util/retry.py", "Retry._sleep_backoff Retry.sleep_for_retry"),
        *_of("socket", "urllib3/util/wait.py", "poll_wait_for_socket select_wait_for_socket"),
        *_of("socket", "urllib3/util/connection.py", "create_connection"),
        *_of("socket", "httpcore/_backends/sync.py", "SyncStream.read SyncStream.write SyncBackend.connect_tcp"),
        *_of("socket", "redis/_parsers/socket.py", "SocketBuffer._read_from_socket"),
        *_of("socket", "redis/_parsers/hiredis.py", "_HiredisParser.read_from_socket"),
        *_of("socket", "redis/connection.py", "Connection._connect SocketBuffer._read_from_socket"),
        *_of("socket", "pymongo/network_layer.py", "receive_data"),
        *_of("socket", "pymongo/network.py", "_receive_data_on_socket"),
        *_of("socket", "amqp/transport.py", "_AbstractTransport._read TCPTransport._read SSLTransport._read"),
        *_of("socket", "psycopg/waiting.py", "wait_selector wait_select wait_epoll wait_poll wait_conn"),
        *_of("socket", "psycopg/connection.py", "Connection.wait"),
    ]
)
"""Of drivers and clients whose own line calls the socket or the clock."""

LOOPS_OWN: Rules[int] = Rules(
    [
        (Pattern("BaseEventLoop._run_once", "asyncio/base_events.py"), 1),
        (Pattern("Thread.start", "threading.py"), 3),  # through Event.wait and Condition.wait
        *(
            (Pattern(name, "asyncio/sslproto.py"), 1)
            for name in (
                "SSLProtocol._do_read__buffered",
                "SSLProtocol._do_read__copied",
                "SSLProtocol._do_write",
                "SSLProtocol._do_handshake",
            )
        ),
    ]
)
"""What is called from here does not block: the loop waits for work, TLS in memory returns at once, a thread starts.

With it, how many frames above it the leaf may stand."""


class BlockingCall(NamedTuple):
    """A blocking call in the source: how it is spelt, and what it waits for."""

    spelt: str
    kind: WaitKind


FUNCTIONS: dict[str, WaitKind] = {
    "time.sleep": "sleep",
    "socket.create_connection": "socket",
    "socket.getaddrinfo": "name",
    "socket.gethostbyname": "name",
    "os.system": "process",
    "os.waitpid": "process",
    "os.wait": "process",
    "os.fsync": "file",
    "fcntl.flock": "lock",
    "select.select": "socket",
}
"""Calls by their whole spelling."""

METHODS: dict[str, WaitKind] = {
    "recv": "socket",
    "recv_into": "socket",
    "recvfrom": "socket",
    "recvmsg": "socket",
    "sendall": "socket",
    "accept": "socket",
    "do_handshake": "socket",
    "acquire": "lock",
    "communicate": "process",
}
"""Calls by their method's name; names that harmless objects have as well (`get`, `join`, `read`) are not here."""

WRAPPERS = frozenset("create_task ensure_future gather wait_for wait shield run_coroutine_threadsafe".split())
"""What takes a coroutine: a call among its arguments only makes one."""

NOT_BLOCKING = ("setblocking(False)", "settimeout(0", "SOCK_NONBLOCK")
"""A file that holds one of these has sockets that do not block."""

LOCK_WORDS = ("lock", "mutex", "semaphore", "condition")
"""A `with` on a name that holds one of these waits for it."""


def wait_kind(frames: Sequence[Frame], owners: Ownership) -> WaitKind | None:
    """What a stack waits for, if its leaf can only be a wait."""
    leaf = frames[-1]
    kind = STANDARD.match(leaf) if owners.of(leaf) == packages.STDLIB else PACKAGES.match(leaf)
    if kind is None or any((LOOPS_OWN.match(frame) or 0) >= above for above, frame in enumerate(frames[-2:-5:-1], 1)):
        return None
    return "process" if kind == "socket" and _calls_a_program(frames) else kind


def _calls_a_program(frames: Sequence[Frame]) -> bool:
    """`communicate` waits in a select of its own."""
    return len(frames) > 1 and STANDARD.match(frames[-2]) == "process"


def find_blocking_call(where: SourceLine) -> BlockingCall | None:
    """The blocking call on this line, if there is exactly one kind of it and nobody awaits it."""
    found = {called.kind: called for called in _calls(where)}
    if any(sign in where.text for sign in NOT_BLOCKING):
        found.pop("socket", None)
    return next(iter(found.values())) if len(found) == 1 else None


def _calls(where: SourceLine) -> Iterator[BlockingCall]:
    nodes = list(ast.walk(where.tree))
    calls = {id(call): call for call in where.calls}
    for made in (each for node in nodes for each in _coroutines(node)) if calls else ():
        for awaited in ast.walk(made):
            calls.pop(id(awaited), None)
    for node in nodes:
        if (call := calls.get(id(node))) is not None and (kind := _kind(call.func, where)) is not None:
            yield BlockingCall(ast.unparse(call.func), kind)
        if isinstance(node, ast.With):
            yield from _locks(node, where.line)


def _coroutines(node: ast.AST) -> list[ast.expr]:
    """What of this node is awaited by others, and not done on the spot."""
    if isinstance(node, ast.Call) and called_name(node.func) in WRAPPERS:
        return node.args
    return [node.value] if isinstance(node, ast.Await) else []


def _kind(called: ast.expr, where: SourceLine) -> WaitKind | None:
    if isinstance(called, ast.Name):
        return "sleep" if called.id == "sleep" and _imports_sleep(where) else None
    kind = FUNCTIONS.get(ast.unparse(called)) if isinstance(called, ast.Attribute) else None
    return kind or (METHODS.get(called.attr) if isinstance(called, ast.Attribute) else None)


def _imports_sleep(where: SourceLine) -> bool:
    """Whether a bare `sleep` is time's and not asyncio's."""
    return any(
        isinstance(node, ast.ImportFrom) and node.module == "time" and any(name.name == "sleep" for name in node.names)
        for node in ast.walk(where.tree)
    )


def _locks(node: ast.With, line: int) -> Iterator[BlockingCall]:
    """`with LOCK:`, whose wait has the line of the `with` or of the name."""
    for item in node.items:
        held = item.context_expr
        name = called_name(held) or ""
        if line in {node.lineno, held.lineno} and any(word in name.lower() for word in LOCK_WORDS):
            yield BlockingCall(f"with {ast.unparse(held)}", "lock")


def wait_remedies(wait: Wait, where: SourceLine | None) -> tuple[Remedy, ...]:
    """What to do instead of such a wait, with the line to type where the source shows the one call."""
    first = REMEDIES[wait.kind]
    code = _asleep(where) if where and wait.kind == "sleep" else None
    thread = _in_a_thread(where) if where and wait.certain and wait.kind != "sleep" else None
    others = (COMPUTING,) if not wait.certain else (Remedy(IN_A_THREAD.text, code=thread, note="in a thread"),)
    return (first if code is None else Remedy(first.text, code=code, note=""), *others)


def _asleep(where: SourceLine) -> str | None:
    """`await asyncio.sleep(…)` with what the one sleep on the line was given."""
    sleeps = [node for node in where.calls if _kind(node.func, where) == "sleep"]
    if len(sleeps) != 1 or not where.is_async:
        return None
    return f"await asyncio.sleep({', '.join(map(ast.unparse, sleeps[0].args))})"


def _in_a_thread(where: SourceLine) -> str | None:
    names = [name for call in where.calls if _kind(call.func, where) and (name := called_name(call.func))]
    return rewrite_call(where, Rewrite("wrap", names[0])) if len(names) == 1 and where.is_async else None


IN_A_THREAD = Remedy("run it in a thread: await sync_to_async(function, thread_sensitive=False)(…)")
COMPUTING = Remedy("if it computes: in smaller steps, or in another process; a thread still competes for the GIL")

REMEDIES: dict[WaitKind, Remedy] = {
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
