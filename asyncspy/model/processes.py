"""The nouns of live processes, which need nothing of recordings: a worker, and what decides whether it can be watched.

Apart from `model`, whose many nouns take longer to make than a listing of workers takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["master", "worker", "reloader", "helper"]


@dataclass(frozen=True, slots=True)
class Worker:
    """One process of a server, as the process table shows it.

    `doubt` is why its role is not certain. `pid_inside` is its pid in its own PID namespace, where that is another one;
    `container` the container or service that its cgroup names. `settings` is its Django settings module.
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


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One thing that decides whether attaching works: `said` is what was found, `remedy` what mends it."""

    name: str
    ok: bool
    said: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What `doctor` found: of one process, or of the machine and the workers that were found on it."""

    pid: int | None
    will_attach: bool
    checks: tuple[CheckResult, ...]
    workers: tuple[Worker, ...] = ()
