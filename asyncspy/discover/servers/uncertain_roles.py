"""Decide what a process is if its command line does not say: by what it listens on and maps, later by a stack dump.

A script that calls uvicorn.run() is found like this. Its role stays in doubt until its stacks are seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from asyncspy.discover.command_line import INTERPRETER, ProcessInfo, python_command
from asyncspy.discover.servers.catalog import SPAWNED_MARK, TRACKER_MARK, server_of
from asyncspy.discover.servers.scan import MachineScan
from asyncspy.model.processes import Role, Worker

if TYPE_CHECKING:
    from asyncspy.model.stacks import Frame, Stack

MAPPED_BY = (
    ("granian", "/granian/_granian."),
    ("daphne", "/zope/interface/"),
    ("uvicorn", "/httptools/"),
    ("uvicorn", "/uvloop/"),
)
"""Servers by an extension module that they use."""

LIKELY = ("uvicorn", "hypercorn", "daphne", "granian")
"""If no mapped module tells: the most likely of those that are installed comes first."""

NOT_SERVERS = frozenset(
    "celery circusd dask debugpy dmypy flower huey ipython jedi jupyter jupyter-lab jupyter-notebook locust mkdocs mypy"
    " pip pudb pylsp pytest ruff salt-minion sphinx-autobuild supervisord tox".split()
)
"""Programs that may listen, in an environment that has a server installed, but serve no ASGI app."""

STILL_UNKNOWN = "a stack dump showed no frames of a known server"


class RoleFrame(NamedTuple):
    """A frame that only one role has: part of its file's path, and its function if the file alone does not tell."""

    file: str
    server: str | None
    role: Role
    function: str = ""


ROLE_FRAMES = (
    RoleFrame("/gunicorn/dirty/", "gunicorn", "helper"),
    RoleFrame("/gunicorn/workers/", "gunicorn", "worker"),
    RoleFrame("/uvicorn_worker/", "gunicorn", "worker"),
    RoleFrame("/uvicorn/workers.py", "gunicorn", "worker"),
    RoleFrame("/gunicorn/arbiter.py", "gunicorn", "master"),
    RoleFrame("/uvicorn/server.py", "uvicorn", "worker"),
    RoleFrame("/uvicorn/supervisors/multiprocess.py", "uvicorn", "master"),
    RoleFrame("/uvicorn/supervisors/", "uvicorn", "reloader"),
    RoleFrame("/hypercorn/asyncio/run.py", "hypercorn", "worker"),
    RoleFrame("/hypercorn/trio/run.py", "hypercorn", "worker"),
    RoleFrame("/hypercorn/run.py", "hypercorn", "master"),
    RoleFrame("/daphne/server.py", "daphne", "worker"),
    RoleFrame("/granian/server/mp.py", "granian", "worker"),
    RoleFrame("/granian/server/mt.py", "granian", "worker"),
    RoleFrame("/granian/server/common.py", "granian", "master"),
    RoleFrame("/commands/runserver.py", "runserver", "worker", "inner_run"),
    RoleFrame("/django/utils/autoreload.py", "runserver", "reloader", "restart_with_reloader"),
    RoleFrame("/multiprocessing/resource_tracker.py", None, "helper"),
)
"""On a stack, the one nearest the leaf gives the role, the one nearest the root the server: gunicorn runs uvicorn."""

LOOP_FRAMES = frozenset({("/asyncio/base_events.py", "run_forever"), ("/asyncio/runners.py", "run")})
"""All that is seen of a server that is awaited in the user's own loop: a coroutine that waits is on no stack."""


def may_be_suspected(cmdline: tuple[str, ...]) -> bool:
    """Whether a command line is that of an interpreter with something to run; a first, cheap test."""
    return len(cmdline) > 1 and INTERPRETER.fullmatch(cmdline[0].rpartition("/")[2]) is not None


def is_own_program(process: ProcessInfo) -> bool:
    """Whether it runs a script or module that is neither a known server nor known not to be one."""
    run = python_command(process)
    spawned = SPAWNED_MARK in process.cmdline or TRACKER_MARK in "".join(process.cmdline[:3])
    return run is not None and not spawned and run.program not in NOT_SERVERS and server_of(run) is None


def suspected_server(process: ProcessInfo, scan: MachineScan, *, forks: bool) -> str | None:
    """Name the server that a listening process may run, or None; `forks`: it has forked copies of itself."""
    if not is_own_program(process):
        return None
    installed = scan.versions(process)
    if "django" not in installed:
        return None
    mapped = scan.mapped_files(process.pid) or frozenset()
    for server, module in MAPPED_BY:
        if server in installed and any(module in file for file in mapped):
            return server
    if forks:
        return "gunicorn" if "gunicorn" in installed else None
    return next((server for server in LIKELY if server in installed), None)


def settle_role(worker: Worker, stacks: Iterable[Stack]) -> Worker | None:
    """Return a worker with the role that its stacks show, or with a doubt; None for a suspect that is not a server."""
    stacks = list(stacks)
    found = next(filter(None, (list(_role_frames(stack.frames)) for stack in stacks)), None)
    if found is not None:
        server = next((frame.server for frame in found if frame.server), worker.server)
        return _certain(worker, found[-1].role, server)
    if any(stack.thread == "MainThread" and _runs_loop(stack.frames) for stack in stacks):
        return _certain(worker, "worker", worker.server)
    return None if worker.app is None else replace(worker, doubt=STILL_UNKNOWN)


def _certain(worker: Worker, role: Role, server: str) -> Worker:
    version = worker.server_version if server == worker.server else None
    loop = worker.loop if role == "worker" else None
    return replace(worker, role=role, server=server, server_version=version, loop=loop, certain=True, doubt=None)


def _runs_loop(frames: Iterable[Frame]) -> bool:
    return any(file in frame.file and _name(frame) == name for frame in frames for file, name in LOOP_FRAMES)


def _name(frame: Frame) -> str:
    return frame.function.rpartition(".")[2]


def _role_frames(frames: Iterable[Frame]) -> Iterator[RoleFrame]:
    """Find the role frames of a stack, from the root to the leaf."""
    for frame in frames:
        for known in ROLE_FRAMES:
            if known.file in frame.file and known.function in {"", _name(frame)}:
                yield known
                break
