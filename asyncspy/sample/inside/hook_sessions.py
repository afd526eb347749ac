"""Count in several workers at once: a thread of its own renews the leases of their hooks until they are stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from asyncspy.errors import AsyncspyError
from asyncspy.model.processes import Worker
from asyncspy.sample.inside.hook_report import HookReport
from asyncspy.sample.inside.hook_session import ANSWER_SECONDS, POLL_SECONDS, HookSession

T = TypeVar("T")

RENEW_SECONDS = 1.0
REPORT_EVERY = 10
"""Every REPORT_EVERY-th renewal asks for a report: if a worker ends by itself, its last report is kept."""


class HookResult(NamedTuple):
    """What came of one hook: its report, and why there is none, or none after this one."""

    target: Worker
    report: HookReport | None = None
    error: AsyncspyError | None = None


class HookSessions:
    """The hooks that are in workers. Used in a `with` statement: afterwards none is left."""

    def __init__(self) -> None:
        self._sessions: dict[int, HookSession] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._renewer = threading.Thread(target=self._renew_leases, name="asyncspy-leases", daemon=True)

    def __enter__(self) -> HookSessions:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    @property
    def pids(self) -> list[int]:
        """The processes that have a hook."""
        return list(self._sessions)

    def start(
        self, target: Worker, given_up: Callable[[], bool] = lambda: False, *, may_inject: bool = False
    ) -> HookSession:
        """Start a hook in a worker; an AsyncspyError says why it cannot be, and nothing is left behind then."""
        session = HookSession(target, given_up, may_inject=may_inject)
        with self._lock:
            self._sessions[target.pid] = session
        if not self._renewer.is_alive():
            self._renewer.start()
        return session

    def counts_so_far(self) -> list[HookResult]:
        """What all have counted until now, or until they last answered."""
        self._each(HookSession.request_report)
        deadline = time.monotonic() + ANSWER_SECONDS
        while not all(self._each(HookSession.poll_report)) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        return self._each(lambda session: HookResult(session.target, session.last_report))

    def stop_all(self) -> list[HookResult]:
        """Remove all hooks. If one fails the others are removed all the same, and their leases renewed until then."""
        results = []
        for pid in self.pids:
            with self._lock:
                session = self._sessions.pop(pid)
            try:
                results.append(HookResult(session.target, session.stop()))
            except AsyncspyError as error:
                results.append(HookResult(session.target, session.last_report, error))
            finally:
                session.close()
        return results

    def close(self) -> None:
        """Leave nothing behind, without waiting for an answer: a hook that gives none removes itself."""
        self._closed.set()
        with self._lock:
            sessions, self._sessions = self._sessions, {}
        for session in sessions.values():
            session.close()

    def _each(self, do: Callable[[HookSession], T]) -> list[T]:
        """Call this for every session; it must not take long, because no lease is renewed until it is done."""
        with self._lock:
            return [do(session) for session in self._sessions.values()]

    def _renew_leases(self) -> None:
        """Run in a thread of its own: asyncspy may be busy elsewhere for longer than a lease lasts."""
        rounds = 0
        while not self._closed.wait(RENEW_SECONDS):
            rounds += 1
            self._each(HookSession.renew)
            if rounds % REPORT_EVERY == 0:
                self._each(HookSession.request_report)
