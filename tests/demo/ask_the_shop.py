"""A program: asks the shop in the current folder for every page of the load, in process, and prints what happened.

Per path: the status, the body, and the shop's own line (file:line) deepest on the stack of each
SynchronousOnlyOperation; for all of them together, the lines of the shop that ran, and the stacks of the exceptions.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
import threading
import traceback
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT = f"{Path.cwd()}/"
RAN: set[str] = set()
RAISED: list[str | None] = []
STACKS: list[list[tuple[str, str, int]]] = []


def own(filename: str) -> str | None:
    return filename[len(ROOT) :] if filename.startswith(ROOT) else None


def note_raise(self: Exception, *args: object) -> None:
    Exception.__init__(self, *args)
    lines = [f"{own(f.filename)}:{f.lineno}" for f in traceback.extract_stack() if own(f.filename)]
    RAISED.append(lines[-1] if lines else None)
    if lines:
        STACKS.append([(name_of(f.f_code), f.f_code.co_filename, line) for f, line in traceback.walk_stack(None)][::-1])


def name_of(code: CodeType) -> str:
    """Qualified, where this Python knows that."""
    return getattr(code, "co_qualname", code.co_name)


def trace(frame: FrameType, event: str, _arg: object) -> Any:
    name = own(frame.f_code.co_filename)
    if name is None:
        return None
    if event == "line":
        RAN.add(f"{name}:{frame.f_lineno}")
    return trace


async def ask(application: Any, route: dict[str, Any], session: str) -> tuple[int, str]:
    body = (route["body"] or "").encode()
    requests = [{"type": "http.request", "body": body}]
    answers: list[dict[str, Any]] = []

    async def receive() -> Any:
        return requests.pop() if requests else await asyncio.Event().wait()

    async def send(message: dict[str, Any]) -> None:
        answers.append(message)

    cookie = [(b"cookie", f"sessionid={session}".encode())] if route["logged_in"] else []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "root_path": "",
        "method": "POST" if body else "GET", "path": route["path"], "raw_path": route["path"].encode(),
        "query_string": b"", "headers": [(b"host", b"127.0.0.1"), (b"content-length", b"%d" % len(body)), *cookie],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip
    await application(scope, receive, send)
    return int(answers[0]["status"]), b"".join(answer.get("body", b"") for answer in answers).decode()


async def main(routes: list[dict[str, Any]], session: str) -> dict[str, Any]:
    application = importlib.import_module("shop.asgi").application

    asked = {}
    for route in routes:
        RAISED.clear()
        status, body = await ask(application, route, session)
        asked[route["path"]] = {"status": status, "raised": list(RAISED), "body": body}
    return asked


importlib.import_module("django.core.exceptions").SynchronousOnlyOperation.__init__ = note_raise
threading.settrace(trace)
sys.settrace(trace)
asked = asyncio.run(main(json.loads(sys.argv[1]), sys.argv[2]))
sys.settrace(None)
print(json.dumps({"asked": asked, "ran": sorted(RAN), "stacks": STACKS}))  # noqa: T201
