"""Count every call to Django's guard in the workers of a run: hooks are installed before it and removed after it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timezone

from asyncspy import __version__
from asyncspy.errors import AsyncspyError
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Origin
from asyncspy.sample.cpu_quota import low_quota_note
from asyncspy.sample.inside.hook_sessions import HookResult, HookSessions
from asyncspy.sample.inside.script_runners import Injected, needs_injection
from asyncspy.workflow.recording_run import RecordingRun

SAMPLER = "asyncspy hook"

STARTING_SECONDS = 30.0
"""A worker that is younger may not have loaded Django, and is tried again."""

INJECTION = (
    "--inject writes into the memory of process {pids}: a line of Python, and an entry in its queue of pending calls.",
    "It stands still for about a millisecond, after a rehearsal on copies of it; then asyncspy's hook runs in it.",
    "Python does not promise that this works, and asyncspy refuses wherever anything is odd: see docs/inject.md.",
)


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
    """The hooks in the workers of a run, and what they counted."""

    def __init__(self, run: RecordingRun, sessions: HookSessions) -> None:
        self._run, self._sessions, self._feedback = run, sessions, run.feedback
        self._tried: set[int] = set()
        self._started = datetime.now(timezone.utc).isoformat(timespec="seconds")

    def begin(self) -> None:
        """Install a hook in every worker. Raises the first error if it works in none of them."""
        if self._run.options.inject:
            self._warn_of_injection()
        errors = self._install_hooks()
        if self._run.stop.requested:
            raise KeyboardInterrupt
        if not self._sessions.pids:
            raise errors[0]
        self._note_errors(errors)
        pids = ", ".join(map(str, self._sessions.pids))
        self._feedback.say(
            f"Counting every call to Django's guard: until the end, code of asyncspy runs inside process {pids}."
        )

    def _warn_of_injection(self) -> None:
        """Say what --inject does before it does it. Raises KeyboardInterrupt where a person then does not want it."""
        targets = [worker for worker in self._workers() if needs_injection(worker)]
        if not targets:
            self._feedback.note(
                "--inject is not needed, and nothing is injected: their Python can install the hook itself"
            )
            return
        pids = ", ".join(str(worker.pid) for worker in targets)
        for line in INJECTION:
            self._feedback.warn(line.format(pids=pids))
        for note in {low_quota_note(worker.pid) for worker in targets} - {None}:
            self._feedback.note(note or "")
        if not self._run.options.assume_yes and not self._feedback.confirm("Go on?"):
            raise KeyboardInterrupt

    def update(self) -> None:
        """Save what was counted so far, and count from now on in workers that were started since."""
        self._note_errors(self._install_hooks())
        if self._add_counts(self._sessions.counts_so_far()):
            self._run.writer.save()

    def end(self) -> None:
        """Remove all hooks, and save what was counted. Raises an error if nothing was recorded at all."""
        results = self._sessions.stop_all()
        for one in results:
            if one.error is not None and (one.report or self._run.writer.origins):
                kept = "; what it had counted before is kept" if one.report else ""
                self._feedback.note(f"{one.error.message} ({one.error.remedy}){kept}")
        if self._add_counts(results):
            self._run.writer.save()
        elif not self._run.writer.origins:
            raise next(one.error for one in results if one.error is not None)

    def _install_hooks(self) -> list[AsyncspyError]:
        """Install a hook in each worker that was not tried before; the errors of those where it did not work."""
        errors = []
        for worker in self._workers():
            if worker.pid in self._tried or self._run.stop.requested:
                continue
            self._tried.add(worker.pid)
            try:
                session = self._sessions.start(
                    worker, lambda: self._run.stop.requested, may_inject=self._run.options.inject
                )
                if isinstance(session.runner, Injected):
                    stopped = session.runner.stopped_ns / 1e6
                    self._feedback.say(f"Process {worker.pid} stood still for {stopped:.1f} ms to let the hook in.")
            except AsyncspyError as error:
                if self._sessions.pids and _is_starting(worker):
                    self._tried.discard(worker.pid)  # try again when it has loaded Django
                else:
                    errors.append(error)
        return errors

    def _workers(self) -> list[Worker]:
        """Those that answer requests: instead of a master its workers."""
        targets, workers_of = self._run.targets, self._run.machine.workers_of
        return [
            worker for target in targets for worker in (workers_of(target) if target.role != "worker" else [target])
        ]

    def _note_errors(self, errors: Sequence[AsyncspyError]) -> None:
        for each in errors:
            self._feedback.note(f"{each.message} ({each.remedy}); nothing is counted there")

    def _add_counts(self, results: Sequence[HookResult]) -> bool:
        """Add the counts to the recording; whether there were any."""
        for one in results:
            if one.report is not None:
                self._run.writer.set_counted_calls(self._origin(one), one.report.events)
                lost = one.report.lost + one.report.broken
                if lost:
                    self._feedback.note(f"{lost} counts of process {one.target.pid} were lost")
        return any(one.report is not None for one in results)

    def _origin(self, one: HookResult) -> Origin:
        return Origin(
            sampler=SAMPLER,
            mode="exact",
            duration=round(one.report.seconds, 1) if one.report else None,
            started_at=self._started,
            ended_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            host=socket.gethostname(),
            interrupted=self._run.stop.interrupted,
            asyncspy=__version__,
            target=one.target,
            alongside=True,
            beyond=one.report.beyond if one.report else 0,
        )


def _is_starting(worker: Worker) -> bool:
    return worker.started_at is not None and time.time() - worker.started_at < STARTING_SECONDS
