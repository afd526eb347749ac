"""Count in several workers at once: a thread of its own renews the leases of their hooks until they are stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from asyncspy.errors import AsyncspyError, TargetError
from asyncspy.model.processes import Worker
from asyncspy.sample.inside.hook_report import HookReport
from asyncspy.sample.inside.hook_session import ANSWER_SECONDS, POLL_SECONDS, START_SECONDS, HookSession

T = TypeVar("T")

RENEW_SECONDS = 1.0
REPORT_EVERY = 2
"""Every REPORT_EVERY-th renewal asks for a report: of a worker that is killed, the last one is all that is left."""


class HookResult(NamedTuple):
    """What came of one hook: its report, and why there is none, or none after this one.

    `is_cut`: the worker has ended without writing its last counts; a signal killed it.
    """

    target: Worker
    started_at: str
    report: HookReport | None = None
    error: AsyncspyError | None = None
    is_cut: bool = False


class HookSessions:
    """The hooks that are in workers. Used in a `with` statement: afterwards none is left."""

    def __init__(self) -> None:
        self._sessions: dict[int, HookSession] = {}
        self._replaced: list[HookSession] = []
        """Those of workers that have ended, and whose pid another worker has got."""
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
        with self._lock:
            return list(self._sessions)

    def start(
        self,
        target: Worker,
        given_up: Callable[[], bool] = lambda: False,
        *,
        may_inject: bool = False,
        seconds: float = START_SECONDS,
    ) -> HookSession:
        """Start a hook in a worker; an AsyncspyError says why it cannot be, and nothing is left behind then."""
        session = HookSession(target, given_up, may_inject=may_inject, seconds=seconds)
        with self._lock:
            if not self._closed.is_set():
                if target.pid in self._sessions:
                    self._replaced.append(self._sessions[target.pid])
                self._sessions[target.pid] = session
                if not self._renewer.is_alive():
                    self._renewer.start()
                return session
        session.close()
        raise TargetError(f"counting ended before it began in process {target.pid}", remedy="count again")

    def counts_so_far(self) -> list[HookResult]:
        """What all have counted until now, or until they last answered. Workers that have ended are in it once."""
        self._each(HookSession.request_report)
        deadline = time.monotonic() + ANSWER_SECONDS
        while not all(self._each(HookSession.poll_report)) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        return [*self._take_ended(), *self._each(_result)]

    def stop_all(self) -> list[HookResult]:
        """Remove all hooks. If one fails the others are removed all the same, and their leases renewed until then."""
        self._each(HookSession.poll_report)
        results = self._take_ended()
        for pid in self.pids:
            with self._lock:
                session = self._sessions.pop(pid)
            try:
                report = session.stop()
            except AsyncspyError as error:
                results.append(_result(session)._replace(error=error))
            else:
                results.append(_result(session)._replace(report=report))
            finally:
                session.close()
        return results

    def close(self) -> None:
        """Leave nothing behind, without waiting for an answer: a hook that gives none removes itself."""
        with self._lock:
            self._closed.set()
            sessions = [*self._replaced, *self._sessions.values()]
            self._replaced, self._sessions = [], {}
        for session in sessions:
            session.close()

    def _take_ended(self) -> list[HookResult]:
        """The last counts of the workers that have ended; nothing is kept of them."""
        with self._lock:
            ended = [*self._replaced, *(each for each in self._sessions.values() if each.has_ended)]
            self._replaced = []
            self._sessions = {pid: each for pid, each in self._sessions.items() if not each.has_ended}
        for session in ended:
            session.poll_report()
            session.close()
        return [_result(session) for session in ended]

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


def _result(session: HookSession) -> HookResult:
    cut = session.has_ended and not session.is_complete
    error = session.no_report() if cut and session.last_report is None else None
    return HookResult(session.target, session.started_at, session.last_report, error, is_cut=cut)
