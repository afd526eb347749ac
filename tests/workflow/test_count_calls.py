"""Counting calls: what a person asks for while hooks are installed is heeded."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from asyncspy.errors import TargetError
from asyncspy.workflow import count_calls


class Sessions:
    """Hooks that cannot be installed; it keeps where that was tried."""

    def __init__(self) -> None:
        self.pids: list[int] = []
        self.tried: list[int] = []

    def start(self, worker: Any, *_: object, **__: object) -> None:
        self.tried.append(worker.pid)
        raise TargetError("no", remedy="none")


def tried_in(*, stopped_at_the_question: bool, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    monkeypatch.setattr(count_calls, "low_quota_note", lambda _pid: None)
    stop, sessions = SimpleNamespace(requested=False, interrupted=False), Sessions()

    def confirm(_question: str) -> bool:
        stop.requested = stopped_at_the_question
        return True

    quiet = SimpleNamespace(say=lambda _: None, note=lambda _: None, warn=lambda _: None, confirm=confirm)
    workers = [SimpleNamespace(pid=pid, role="worker", python="3.12.1") for pid in (11, 12)]
    no_children = SimpleNamespace(workers_of=lambda _worker: [])
    options = SimpleNamespace(inject=True, assume_yes=False)
    run: Any = SimpleNamespace(options=options, feedback=quiet, stop=stop, targets=workers, machine=no_children)
    with pytest.raises((TargetError, KeyboardInterrupt)):
        count_calls.CallCounter(run, sessions).begin()  # type: ignore[arg-type]
    return sessions.tried


def test_no_hook_is_installed_after_a_stop_was_requested(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tried_in(stopped_at_the_question=False, monkeypatch=monkeypatch) == [11, 12]
    assert tried_in(stopped_at_the_question=True, monkeypatch=monkeypatch) == []
