"""Decide what a task awaits, by the frames from the line of code that awaits it to where the task stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from asyncspy.analyse.stacks import packages
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.pattern import any_of, last_segment, patterns
from asyncspy.model.observed import AwaitWay
from asyncspy.model.stacks import Frame
from asyncspy.model.waiting import AwaitedKind

_BY_PACKAGE: dict[AwaitedKind, str] = {
    "database": "psycopg psycopg_pool asyncpg aiopg aiomysql asyncmy aiosqlite motor pymongo databases sqlalchemy "
    "tortoise oracledb clickhouse_connect neo4j",
    "cache": "redis valkey coredis aiocache aiomcache channels_redis django_redis",
    "http": "httpx httpcore aiohttp aiobotocore grpc elastic_transport opensearchpy httpx_sse",
}
PACKAGES: dict[str, AwaitedKind] = {name: kind for kind, names in _BY_PACKAGE.items() for name in names.split()}
"""By package: what it is a driver or a client of."""

_BY_FILE: dict[str, AwaitedKind] = {
    "asyncio/locks.py": "lock",
    "asyncio/queues.py": "queue",
    "asyncio/streams.py": "socket",
    "asyncio/base_events.py": "socket",
    "asyncio/selector_events.py": "socket",
    "asyncio/threads.py": "hop",
    "asyncio/tasks.py": "task",
    "asyncio/taskgroups.py": "task",
    "asgiref/sync.py": "hop",
}
"""By the file that a task stands in, if nothing else tells."""

_HANDLERS = any_of(
    *patterns("django/core/handlers/asgi.py", "ASGIHandler.__call__ ASGIHandler.handle ASGIHandler.run_get_response"),
    *patterns("django/core/handlers/base.py", "BaseHandler.get_response_async BaseHandler._get_response_async"),
)
_CLIENT = any_of(*patterns("django/core/handlers/asgi.py", "ASGIHandler.listen_for_disconnect ASGIHandler.read_body"))
_CLIENT_METHODS = frozenset({"receive", "asgi_receive", "app_receive"})

Awaited = AwaitedKind | Literal["client"]
"""`client`: what a client sends, which is nothing that a request waits for."""


def line_that_waits(frames: Sequence[Frame], owners: Ownership) -> int:
    """The index of the deepest own frame; of a request without one, of Django's deepest; -1 in any other task."""
    deepest_first = range(len(frames) - 1, -1, -1)
    own = next((i for i in deepest_first if owners.of(frames[i]) is None), -1)
    if own >= 0 or not any(map(_HANDLERS.match, frames)):
        return own
    return next((i for i in deepest_first if owners.of(frames[i]) == "django"), -1)


def find_awaited(way: AwaitWay, line: int, owners: Ownership) -> tuple[Awaited, str | None] | None:
    """What the task awaits beyond this line, and by which package; None where a framework awaits a task of its own."""
    beyond = way.frames[line + 1 :]
    owner_of = [owners.of(frame) for frame in beyond]
    if any(map(_CLIENT.match, way.frames)) or any(map(_is_servers_receive, beyond, owner_of)):
        return "client", None
    if way.state == "ready":
        return "turn", None
    package = next((name for name in owner_of if name in PACKAGES), None)
    if package is not None:
        return PACKAGES[package], package
    if way.state in {"queued", "running"}:
        return ("hop-queue" if way.state == "queued" else "hop"), None
    kind = _kind_by_frames(way, beyond)
    if kind == "task" and any(name != packages.STDLIB for name in (*owner_of, owners.of(way.frames[line])) if name):
        return None
    return kind, None


def _is_servers_receive(frame: Frame, owner: str | None) -> bool:
    return owner in packages.SERVERS and last_segment(frame.function) in _CLIENT_METHODS


def _kind_by_frames(way: AwaitWay, beyond: Sequence[Frame]) -> AwaitedKind:
    """What the innermost frames tell: asyncio's own know what they wait for."""
    if way.state == "task":
        return "task"
    for frame in reversed(beyond):
        file = frame.file.replace("\\", "/")
        if file.endswith("asyncio/tasks.py") and last_segment(frame.function) == "sleep":
            return "sleep"
        known = next((kind for name, kind in _BY_FILE.items() if file == name or file.endswith("/" + name)), None)
        if known is not None:
            return known
    return "future"
