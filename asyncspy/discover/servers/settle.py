"""A worker whose role is in doubt, and the stacks of its threads, to what it is. Pure: the dump is taken elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from asyncspy.model.processes import Role, Worker

if TYPE_CHECKING:
    from asyncspy.model.stacks import Frame, Stack

STILL_UNKNOWN = "a stack dump showed no frames of a known server"


class Mark(NamedTuple):
    """A frame that only one role has: part of its file's path, and its function where the file alone does not tell."""

    file: str
    server: str | None
    role: Role
    function: str = ""


MARKS = (
    Mark("/gunicorn/dirty/", "gunicorn", "helper"),
    Mark("/gunicorn/workers/", "gunicorn", "worker"),
    Mark("/uvicorn_worker/", "gunicorn", "worker"),
    Mark("/uvicorn/workers.py", "gunicorn", "worker"),
    Mark("/gunicorn/arbiter.py", "gunicorn", "master"),
    Mark("/uvicorn/server.py", "uvicorn", "worker"),
    Mark("/uvicorn/supervisors/multiprocess.py", "uvicorn", "master"),
    Mark("/uvicorn/supervisors/", "uvicorn", "reloader"),
    Mark("/hypercorn/asyncio/run.py", "hypercorn", "worker"),
    Mark("/hypercorn/trio/run.py", "hypercorn", "worker"),
    Mark("/hypercorn/run.py", "hypercorn", "master"),
    Mark("/daphne/server.py", "daphne", "worker"),
    Mark("/granian/server/mp.py", "granian", "worker"),
    Mark("/granian/server/mt.py", "granian", "worker"),
    Mark("/granian/server/common.py", "granian", "master"),
    Mark("/commands/runserver.py", "runserver", "worker", "inner_run"),
    Mark("/django/utils/autoreload.py", "runserver", "reloader", "restart_with_reloader"),
    Mark("/multiprocessing/resource_tracker.py", None, "helper"),
)
"""The mark nearest the leaf tells the role, the one nearest the root the server: gunicorn runs uvicorn's, too."""

LOOPS = frozenset({("/asyncio/base_events.py", "run_forever"), ("/asyncio/runners.py", "run")})
"""A coroutine that waits is on no stack: of a server that is awaited in the user's own loop, only this is seen."""

MAIN = "MainThread"


def settle_role(worker: Worker, stacks: Iterable[Stack]) -> Worker | None:
    """The worker with its doubt settled, or with another; None for a suspect that turns out to be no server."""
    stacks = list(stacks)
    found = next(filter(None, (list(_marks(stack.frames)) for stack in stacks)), None)
    if found is not None:
        server = next((mark.server for mark in found if mark.server), worker.server)
        return _certain(worker, found[-1].role, server)
    if any(stack.thread == MAIN and _runs_loop(stack.frames) for stack in stacks):
        return _certain(worker, "worker", worker.server)
    return None if worker.app is None else replace(worker, doubt=STILL_UNKNOWN)


def _certain(worker: Worker, role: Role, server: str) -> Worker:
    version = worker.server_version if server == worker.server else None
    loop = worker.loop if role == "worker" else None
    return replace(worker, role=role, server=server, server_version=version, loop=loop, certain=True, doubt=None)


def _runs_loop(frames: Iterable[Frame]) -> bool:
    return any(file in frame.file and _name(frame) == name for frame in frames for file, name in LOOPS)


def _name(frame: Frame) -> str:
    return frame.function.rpartition(".")[2]


def _marks(frames: Iterable[Frame]) -> Iterator[Mark]:
    """The marks on a stack, from the root to the leaf."""
    for frame in frames:
        for mark in MARKS:
            if mark.file in frame.file and mark.function in {"", _name(frame)}:
                yield mark
                break
