"""Stacks as text, root first, in every spelling that a recording may use.

A line is `function (file:line)`. Its number is made up, here and in the tests: no rule reads the number of a library's
line, and what is real is recorded (test_every_stack.py, fixtures/). Files are written short and are given a root by
what they are: the standard library, site-packages, or the user's own project under /srv/shop.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from asyncspy.model.stacks import Frame, Profile, Stack

STDLIB = "/usr/lib/python3.12/"
PACKAGES = "/srv/venv/lib/python3.12/site-packages/"
OWN = "/srv/shop/"
LIBRARY_ROOTS = {
    **dict.fromkeys(["asyncio", "concurrent", "threading.py", "selectors.py", "os.py", "contextlib.py"], STDLIB),
    **dict.fromkeys(["multiprocessing", "unittest", "importlib"], STDLIB),
    **dict.fromkeys(["django", "asgiref", "uvicorn", "gunicorn", "granian", "channels", "ninja", "twisted"], PACKAGES),
    **dict.fromkeys(
        ["debug_toolbar", "tenants", "tokens", "anyio", "rest_framework", "graphql", "strawberry", "fastapi"], PACKAGES
    ),
    **dict.fromkeys(["uvloop", "hypercorn", "tornado", "ipykernel", "pytest_asyncio", "celery"], PACKAGES),
    **dict.fromkeys(["socket.py", "ssl.py", "subprocess.py", "queue.py", "pathlib.py", "json", "urllib"], STDLIB),
    **dict.fromkeys(["shutil.py", "pathlib"], STDLIB),
    **dict.fromkeys(["_pytest", "playwright", "constance"], PACKAGES),
    **dict.fromkeys(["whitenoise", "urllib3", "redis", "httpcore", "tenacity", "pymongo", "amqp", "psycopg"], PACKAGES),
}

ASYNCIO = """
run (asyncio/runners.py:194)
Runner.run (asyncio/runners.py:118)
BaseEventLoop.run_until_complete (asyncio/base_events.py:687)
BaseEventLoop.run_forever (asyncio/base_events.py:641)
BaseEventLoop._run_once (asyncio/base_events.py:1987)
Handle._run (asyncio/events.py:88)
"""
UVLOOP = """
run (asyncio/runners.py:194)
Runner.run (asyncio/runners.py:118)
"""
HANDLER = """
ASGIHandler.__call__ (django/core/handlers/asgi.py:160)
ASGIHandler.handle (django/core/handlers/asgi.py:180)
ASGIHandler.run_get_response (django/core/handlers/asgi.py:240)
BaseHandler.get_response_async (django/core/handlers/base.py:160)
convert_exception_to_response.<locals>.inner (django/core/handlers/exception.py:42)
BaseHandler._get_response_async (django/core/handlers/base.py:253)
"""
POOL = """
Thread._bootstrap (threading.py:1030)
Thread._bootstrap_inner (threading.py:1073)
Thread.run (threading.py:1010)
_worker (concurrent/futures/thread.py:93)
_WorkItem.run (concurrent/futures/thread.py:59)
SyncToAsync.thread_handler (asgiref/sync.py:636)
"""
COUNT = """
QuerySet.count (django/db/models/query.py:604)
Query.get_count (django/db/models/sql/query.py:644)
Query.get_aggregation (django/db/models/sql/query.py:626)
SQLCompiler.execute_sql (django/db/models/sql/compiler.py:1621)
"""
GUARD = "async_unsafe.<locals>.decorator.<locals>.inner (django/utils/asyncio.py:{line})\n"

LINE = re.compile(r"(.+) \((.+?)(?::(\d+))?\)")


def frames(*parts: str) -> tuple[Frame, ...]:
    """Frames of the text, whole paths and qualified names, as py-spy 0.4.3 records them on Python 3.12."""
    found = [LINE.fullmatch(line.strip()) for part in parts for line in part.splitlines() if line.strip()]
    assert all(found), "a line is `function (file:line)`"
    return tuple(Frame(m[1], _rooted(m[2]), int(m[3] or 0)) for m in found if m)


def _rooted(file: str) -> str:
    return LIBRARY_ROOTS.get(file.partition("/")[0], OWN) + file


def _short(file: str) -> str:
    return file.removeprefix(STDLIB).removeprefix(PACKAGES).removeprefix(OWN)


Spelling = Callable[[Frame], Frame]

SPELLINGS: dict[str, Spelling] = {
    "whole, qualified": lambda frame: frame,
    "whole, bare": lambda frame: frame._replace(function=frame.function.rpartition(".")[2]),
    "short, qualified": lambda frame: frame._replace(file=_short(frame.file)),
    "short, bare": lambda frame: frame._replace(file=_short(frame.file), function=frame.function.rpartition(".")[2]),
}
"""How the same frame is recorded by older py-spy and Pythons, and without --full-filenames."""

BARE: dict[str, Spelling] = {
    "bare file, qualified": lambda frame: frame._replace(file=frame.file.rpartition("/")[2]),
    "bare file, bare": lambda frame: frame._replace(
        file=frame.file.rpartition("/")[2], function=frame.function.rpartition(".")[2]
    ),
}
"""How it is recorded from outside the root that the target lives in, without --full-filenames."""


def profile(*stacks: tuple[Frame, ...]) -> Profile:
    """One sample of each stack."""
    counts: dict[Stack, int] = {}
    for stack in stacks:
        counts[Stack(stack)] = counts.get(Stack(stack), 0) + 1
    return Profile(counts)
