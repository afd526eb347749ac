"""Install the hook that counts in every worker of a run: in those that run now, and in those that are started later."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress

import psutil

from asyncspy.errors import AsyncspyError, EndedError, TargetError
from asyncspy.model.processes import Worker
from asyncspy.sample.cpu_quota import low_quota_note
from asyncspy.sample.inside.hook_session import BY_APP_SECONDS, HookSession, NotReadyError
from asyncspy.sample.inside.hook_sessions import HookSessions
from asyncspy.sample.inside.script_runners import Injected, needs_injection
from asyncspy.workflow.recording_run import RecordingRun

STARTING_SECONDS, RETRY_SECONDS = 30.0, 0.5
"""A worker that is younger than STARTING_SECONDS may not have loaded Django, and is tried again."""

CLOCK_SECONDS = 2.0
"""The clock by which start times are known may be set."""

MAX_LINES = 20
"""So many workers are named as the hook is let into them; a long watch meets thousands."""

INJECTION = (
    "--inject writes into the memory of process {pids}: a line of Python, and an entry in its queue of pending calls.",
    "It stands still for about a millisecond, after a rehearsal on copies of it; then asyncspy's hook runs in it.",
    "Python does not promise that this works, and asyncspy refuses wherever anything is odd: see docs/inject.md.",
)

BY_APP = "--inject is not needed in process {pid}, and nothing is injected: asyncspy.django lets the hook in"
BY_PYTHON = "--inject is not needed, and nothing is injected: their Python can install the hook itself"


class HookInstaller:
    """Installs a hook in each worker of a run: in those that run now, and in those that are started later."""

    def __init__(self, run: RecordingRun, sessions: HookSessions) -> None:
        self._run, self._sessions, self._feedback = run, sessions, run.feedback
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch_for_new_workers, name="asyncspy-new-workers", daemon=True)
        self._tried: dict[int, float] = {}
        """When each worker was started that was tried: a new process can have the pid of one that ended."""
        self._waiting = False
        """Whether a worker has to be tried again."""
        self._without_app: set[int] = set()
        """The parents of workers in which asyncspy.django did not answer."""
        self._may_inject: bool | None = None
        self._failures: set[str] = set()
        """What went wrong while new workers were looked for, each said once."""
        self.installed = 0
        self.longest_stop = 0.0

    def begin(self) -> None:
        """Install a hook in every worker. Raises the first error if it works in none of them."""
        workers = self._workers()  # none between two reloads
        if self._run.options.inject and workers and not any(map(needs_injection, workers)):
            self._feedback.note(BY_PYTHON)
        deadline = time.monotonic() + STARTING_SECONDS
        errors = self._install_hooks()
        while not (errors or self._sessions.pids or self._run.stop.requested) and time.monotonic() < deadline:
            self._run.stop.wait(RETRY_SECONDS)  # all of them ended, or are starting
            errors = self._install_hooks()
        if self._run.stop.requested:
            raise KeyboardInterrupt
        if not self._sessions.pids:
            raise errors[0] if errors else none_ready(self._run.targets)
        self._note_errors(errors)
        self._thread.start()

    def end(self) -> None:
        """Install no more."""
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join(STARTING_SECONDS)

    def _is_over(self) -> bool:
        return self._over.is_set() or self._run.stop.requested

    def _watch_for_new_workers(self) -> None:
        """Run in a thread of its own: what a worker calls before it has the hook is not counted."""
        known: set[int] = set()
        while not self._over.wait(RETRY_SECONDS) and not self._run.stop.requested:
            try:
                targets = list(self._run.targets)
                children = (self._run.machine.child_pids(one.pid) for one in targets)
                pids = {target.pid for target in targets}.union(*children)
                if pids != known or self._waiting:
                    known = pids
                    self._note_errors(self._install_hooks())
            except Exception as error:  # without this thread no later worker would be counted in, and nobody would know
                self._waiting = True
                self._note_failure(error)

    def _install_hooks(self) -> list[AsyncspyError]:
        """Install a hook in each worker that was not tried before; the errors of those where it did not work."""
        errors: list[AsyncspyError] = []
        workers, self._waiting = self._workers(), False
        pids = {worker.pid for worker in workers}
        self._tried = {pid: started for pid, started in self._tried.items() if pid in pids}
        for worker in workers:
            if self._was_tried(worker) or self._is_over():
                continue
            try:
                session = self._install_or_say_why(worker)
            except AsyncspyError as error:
                if self._may_succeed_later(worker, error):
                    self._waiting = True
                    continue
                errors.append(error)
            else:
                self.installed += 1
                if isinstance(session.runner, Injected):
                    self._say_stop(worker.pid, session.runner.stopped_ns / 1e6)
            self._tried[worker.pid] = worker.started_at or 0.0
        return errors

    def _was_tried(self, worker: Worker) -> bool:
        started = self._tried.get(worker.pid)
        return started is not None and abs(started - (worker.started_at or 0.0)) < CLOCK_SECONDS

    def _workers(self) -> list[Worker]:
        """Those that answer requests: instead of a master its workers."""
        targets, workers_of = list(self._run.targets), self._run.machine.workers_of
        return [
            worker for target in targets for worker in (workers_of(target) if target.role != "worker" else [target])
        ]

    def _install_or_say_why(self, worker: Worker) -> HookSession:
        """Install the hook in one worker; what the system refuses of a process that ends meanwhile is a TargetError."""
        try:
            return self._install(worker)
        except (OSError, psutil.Error) as error:
            raise TargetError(
                f"process {worker.pid} cannot be counted in: {error}",
                remedy="asyncspy find-workers lists what runs now",
            ) from error

    def _install(self, worker: Worker) -> HookSession:
        start = self._sessions.start
        if not (self._run.options.inject and needs_injection(worker)):
            return start(worker, self._is_over)
        if worker.ppid not in self._without_app:
            with suppress(TargetError):
                session = start(worker, self._is_over, seconds=BY_APP_SECONDS)
                self._feedback.note(BY_APP.format(pid=worker.pid))
                return session
            self._without_app.add(worker.ppid)
        if self._may_inject is None:
            self._may_inject = self._ask_to_inject()
        return start(worker, self._is_over, may_inject=self._may_inject)

    def _ask_to_inject(self) -> bool:
        """Say what --inject does before it does it. Raises KeyboardInterrupt where a person then does not want it."""
        if self._thread.ident is not None:  # a run has begun, and its thread cannot ask
            return False
        targets = [worker for worker in self._workers() if needs_injection(worker)]
        pids = ", ".join(str(worker.pid) for worker in targets if worker.pid not in self._sessions.pids)
        for line in INJECTION:
            self._feedback.warn(line.format(pids=pids))
        for note in {low_quota_note(worker.pid) for worker in targets} - {None}:
            self._feedback.note(note or "")
        if not self._run.options.assume_yes and not self._feedback.confirm("Go on?"):
            raise KeyboardInterrupt
        if self._run.stop.requested:
            raise KeyboardInterrupt
        return True

    def _may_succeed_later(self, worker: Worker, error: AsyncspyError) -> bool:
        """Whether it has not loaded Django, or has ended and will be replaced."""
        if isinstance(error, EndedError) or not self._run.machine.is_running(worker.pid):
            return worker not in self._run.targets
        if not _is_starting(worker):
            return False
        return isinstance(error, NotReadyError) or bool(self._sessions.pids)

    def _say_stop(self, pid: int, milliseconds: float) -> None:
        self.longest_stop = max(self.longest_stop, milliseconds)
        if self.installed <= MAX_LINES:
            self._feedback.say(f"Process {pid} stood still for {milliseconds:.1f} ms to let the hook in.")
        if self.installed == MAX_LINES:
            self._feedback.say("The hook is let into later workers, too, without naming each.")

    def _note_errors(self, errors: Sequence[AsyncspyError]) -> None:
        for each in errors:
            self._feedback.note(f"{each.message} ({each.remedy}); nothing is counted there")

    def _note_failure(self, error: Exception) -> None:
        """Say once for each kind of error that looking for new workers failed; it is tried again."""
        kind = type(error).__name__
        if kind not in self._failures:
            self._failures.add(kind)
            self._feedback.warn(
                f"looking for workers that were started meanwhile failed ({kind}: {error}). "
                "It is tried again; what they call until then is not counted"
            )


def _is_starting(worker: Worker) -> bool:
    return worker.started_at is not None and time.time() - worker.started_at < STARTING_SECONDS


def none_ready(targets: Sequence[Worker]) -> TargetError:
    """The error where no worker could be counted in, and none said why."""
    pids = ", ".join(str(target.pid) for target in targets)
    return TargetError(
        f"no worker of process {pids} has loaded Django, or stays long enough to be counted in",
        remedy="asyncspy find-workers lists what runs now",
    )
