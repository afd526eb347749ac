"""Count every call to Django's guard in the workers of a run: hooks are installed before it and removed after it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timezone

from asyncspy import __version__
from asyncspy.errors import AsyncspyError
from asyncspy.model.stacks import Origin
from asyncspy.sample.inside.hook_sessions import HookResult, HookSessions
from asyncspy.workflow.counting.install_hooks import MAX_LINES, HookInstaller, none_ready
from asyncspy.workflow.recording_run import RecordingRun

SAMPLER = "asyncspy hook"

KILLED = "{count} of the workers ended by a signal: what they called in their last seconds is not counted"


@contextmanager
def count_calls(run: RecordingRun) -> Iterator[Callable[[], None]]:
    """Count while the context lasts, if the run asks for it; no hook is left behind, whatever ends it.

    Yields a function that saves what was counted so far.
    """
    if not run.options.exact:
        yield lambda: None
        return
    with HookSessions() as sessions:
        counter = CallCounter(run, sessions)
        counter.begin()
        try:
            yield counter.update
        except BaseException:
            with suppress(AsyncspyError):  # the first error is the one to report
                counter.end()
            raise
        counter.end()


class CallCounter:
    """What the hooks in the workers of a run have counted, and its way into the recording."""

    def __init__(self, run: RecordingRun, sessions: HookSessions) -> None:
        self._run, self._sessions, self._feedback = run, sessions, run.feedback
        self._installer = HookInstaller(run, sessions)
        self._killed = 0
        self._error: AsyncspyError | None = None
        """Why nothing is known of the first worker of which nothing is."""

    def begin(self) -> None:
        """Install a hook in every worker. Raises the first error if it works in none of them."""
        self._installer.begin()
        pids = ", ".join(map(str, self._sessions.pids))
        self._feedback.say(
            f"Counting every call to Django's guard: until the end, code of asyncspy runs inside process {pids}."
        )

    def update(self) -> None:
        """Save what was counted so far."""
        if self._add_counts(self._sessions.counts_so_far()):
            self._run.writer.save()

    def end(self) -> None:
        """Remove all hooks, and save what was counted. Raises an error if nothing was recorded at all."""
        self._installer.end()
        results = self._sessions.stop_all()
        for one in results:
            if one.error is not None and (one.report or self._run.writer.origins):
                kept = "; what it had counted before is kept" if one.report else ""
                self._feedback.note(f"{one.error.message} ({one.error.remedy}){kept}")
        counted = self._add_counts(results)
        self._say_of_many()
        if counted:
            self._run.writer.save()
        elif not self._run.writer.origins:
            raise self._error or none_ready(self._run.targets)

    def _say_of_many(self) -> None:
        many, longest = self._installer.installed, self._installer.longest_stop
        if many > MAX_LINES:
            stop = f"; none stood still for longer than {longest:.1f} ms" if longest else ""
            self._feedback.say(f"Counted in {many} workers, one after the other{stop}.")
        if self._killed:
            self._feedback.note(KILLED.format(count=self._killed))

    def _add_counts(self, results: Sequence[HookResult]) -> bool:
        """Add the counts to the recording; whether there were any."""
        for one in results:
            self._killed += one.is_cut
            self._error = self._error or one.error
            if one.report is not None:
                self._run.writer.set_counted_calls(self._origin(one), one.report.events, one.report.observed)
                lost = one.report.lost + one.report.broken
                if lost:
                    self._feedback.note(f"{lost} counts of process {one.target.pid} were lost")
        return any(one.report is not None for one in results)

    def _origin(self, one: HookResult) -> Origin:
        return Origin(
            sampler=SAMPLER,
            mode="exact",
            duration=round(one.report.seconds, 1) if one.report else None,
            started_at=one.started_at,
            ended_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            host=socket.gethostname(),
            interrupted=self._run.stop.interrupted,
            asyncspy=__version__,
            target=one.target,
            alongside=True,
            beyond=one.report.beyond if one.report else 0,
        )
