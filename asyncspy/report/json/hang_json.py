"""Processes that were dumped to the `hang` of the JSON report: that of the worst process, and each one below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from asyncspy.model.findings import Culprit
from asyncspy.model.hangs import AwaitingTasks, Hang, WaitingThreads


def worst(hangs: Sequence[Hang]) -> dict[str, Any]:
    """The worst process's verdict, grounds, culprits and waits; all processes in the same form."""
    processes = [_hang(hang) for hang in hangs]
    return {**processes[0], "processes": processes}


def _hang(hang: Hang) -> dict[str, Any]:
    return {
        "pid": hang.pid,
        "verdict": hang.verdict,
        "certain": hang.certain,
        "grounds": list(hang.grounds),
        "culprits": [
            {**_line(each.culprit), "waits_for": each.kind, "role": each.role, "receiver": each.receiver}
            for each in hang.culprits
        ],
        "waits": [_waiting(each) for each in hang.waits],
        "known": list(hang.known),
        "now": [action._asdict() for action in hang.now],
        "later": [asdict(remedy) for remedy in hang.later],
        "watch_seconds": hang.watch,
        "looks": hang.looks,
        "seconds": hang.seconds,
        "paused_seconds": hang.paused,
        "idle_threads": hang.idle_threads,
        "coroutines": [_awaiting(each) for each in hang.awaiting],
        "other_tasks": hang.other_tasks,
        "no_tasks": hang.no_tasks,
    }


def _waiting(waiting: WaitingThreads) -> dict[str, Any]:
    return {
        "role": waiting.role,
        "threads": list(waiting.threads),
        "waits_for": waiting.kind,
        "on": list(waiting.on),
        "line": _line(waiting.line),
        "frames": [link._asdict() for link in waiting.frames],
        "looks": waiting.looks,
        "still": waiting.still,
        "timed": waiting.timed,
        "seconds": waiting.seconds,
        "receiver": waiting.receiver,
    }


def _awaiting(awaiting: AwaitingTasks) -> dict[str, Any]:
    return {
        "tasks": list(awaiting.tasks),
        "line": _line(awaiting.line),
        "frames": [link._asdict() for link in awaiting.frames],
        "awaited_by": list(awaiting.awaited_by),
    }


def _line(culprit: Culprit) -> dict[str, Any]:
    return {**culprit.frame._asdict(), "package": culprit.package}
