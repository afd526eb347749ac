"""A placed process to a `Worker`: what only its own files tell is read here, each file at most once."""

from __future__ import annotations

import re

from asyncspy.discover.access.machine import machine
from asyncspy.discover.access.permission import may_attach
from asyncspy.discover.containers import container_name, pid_inside
from asyncspy.discover.live_processes import process_usage
from asyncspy.discover.servers.catalog import RUNSERVER
from asyncspy.discover.servers.classify import Placed
from asyncspy.discover.servers.django_settings import async_unsafe_allowed, settings_module
from asyncspy.discover.servers.evidence import Evidence
from asyncspy.discover.servers.redact import redact
from asyncspy.model.processes import Worker

_ANY_PORT = re.compile(r":0\b")

TWISTED = "/zope/interface/"
"""Mapped wherever Twisted runs, which channels and daphne put under runserver; Django's own has no event loop."""


class Details:
    """Makes workers of what one look at the machine has shown."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._proc = evidence.proc
        self._machine = machine(evidence.proc)

    def worker(self, placed: Placed) -> Worker | None:
        """All that can be read of a process; None where it has ended."""
        process = placed.process
        figures = process_usage(process.pid)
        if figures is None:
            return None
        versions = self._evidence.versions(process)
        settings = settings_module(placed, self._proc)
        permission = may_attach(process.pid, self._proc, self._machine)
        return Worker(
            pid=process.pid,
            ppid=process.ppid,
            role=placed.role,
            certain=placed.certain,
            server=placed.server.name,
            server_version=versions.get(placed.server.distribution),
            app=placed.app,
            bind=self._bind(placed),
            loop=_loop(placed, self._evidence.mapped(process.pid)),
            python=self._evidence.python(process),
            django=versions.get("django"),
            asgiref=versions.get("asgiref"),
            async_unsafe_allowed=async_unsafe_allowed(placed, settings, self._proc),
            attachable=permission.allowed,
            reason=permission.reason,
            remedy=permission.remedy,
            command=redact([argument for argument in process.cmdline if argument]),
            cwd=self._proc.link(process.pid, "cwd"),
            doubt=placed.doubt,
            settings=settings,
            container=container_name(self._proc.text(process.pid, "cgroup") or ""),
            pid_inside=pid_inside(self._proc.status(process.pid)),
            **figures._asdict(),
        )

    def _bind(self, placed: Placed) -> str | None:
        """The command line's word, which is short; where it says nothing or "any port", what is really open."""
        if placed.bind is not None and not _ANY_PORT.search(placed.bind):
            return placed.bind
        return self._evidence.sockets.bind((placed.master or placed.process).pid)


def _loop(placed: Placed, files: frozenset[str] | None) -> str | None:
    """The event loop, where it is known. Masters run none that serves; a mapped uvloop is evidence, its lack is not."""
    if placed.role != "worker":
        return None
    told = placed.options.loop if placed.options is not None else placed.server.loop_unless_said
    if placed.options is None and told == "auto":
        told = "unknown"
    if told in {None, "asyncio", "uvloop"}:
        return told
    if files is None:
        return None
    if placed.server is RUNSERVER:
        return "asyncio" if any(TWISTED in file for file in files) else None
    if any("/uvloop/" in file for file in files):
        return "uvloop"
    return "asyncio" if told == "auto" else None
