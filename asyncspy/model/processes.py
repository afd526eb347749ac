"""Types for live server processes. They are apart from the other types so that a listing imports little."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Role = Literal["master", "worker", "reloader", "helper"]
"""A worker serves requests; a master starts workers; a reloader restarts them when code changes; a helper does neither,
such as multiprocessing's resource tracker."""


class WorkerEnds(NamedTuple):
    """How many workers of a master ended within so many seconds, and how old the oldest of them became.

    `importing` is the line of the user's code at which they import the app until then, if that was looked at.
    """

    number: int
    seconds: float
    oldest_seconds: float
    importing: str | None = None


@dataclass(frozen=True, slots=True)
class Worker:
    """One process of a server, as the process table shows it; None for what may not be read.

    `certain` is False if its role is a guess, and `doubt` says why. `settings` is its Django settings module.
    `container` is the container or service that its cgroup names; `pid_inside` is its pid in its own PID namespace, if
    that is not ours. `ended_workers` is set for a master whose workers end soon after they were started.
    """

    pid: int
    ppid: int
    role: Role
    certain: bool
    server: str
    server_version: str | None = None
    app: str | None = None
    bind: str | None = None
    loop: str | None = None
    python: str | None = None
    django: str | None = None
    asgiref: str | None = None
    async_unsafe_allowed: bool | None = None
    attachable: bool = True
    reason: str | None = None
    remedy: str | None = None
    command: str = ""
    cwd: str | None = None
    user: str | None = None
    started_at: float | None = None
    cpu_percent: float | None = None
    memory_bytes: int | None = None
    threads: int | None = None
    doubt: str | None = None
    settings: str | None = None
    container: str | None = None
    pid_inside: int | None = None
    ended_workers: WorkerEnds | None = None


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One thing that decides whether attaching works: `said` is what was found, `remedy` what fixes it."""

    name: str
    ok: bool
    said: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What `doctor` found about one process, or about the machine and the workers on it."""

    pid: int | None
    will_attach: bool
    checks: tuple[CheckResult, ...]
    workers: tuple[Worker, ...] = ()
