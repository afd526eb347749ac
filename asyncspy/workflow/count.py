"""A run to the calls that are counted in its workers meanwhile: hooks go in before it, and are out after it."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timezone

from asyncspy import __version__
from asyncspy.discover import workers_of
from asyncspy.errors import AsyncspyError
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Origin
from asyncspy.sample.inside.hook_sessions import HookResult, HookSessions
from asyncspy.workflow.follow import RecordingRun

SAMPLER = "asyncspy hook"


class Exactly:
    """What is counted beside the samples of a run."""

    def __init__(self, run: RecordingRun, stays: HookSessions) -> None:
        self._run, self._stays, self._feedback = run, stays, run.feedback
        self._tried: set[int] = set()
        self._started = datetime.now(timezone.utc).isoformat(timespec="seconds")

    def begin(self) -> None:
        """A hook in every worker. Raises the first one's refusal where none takes it."""
        refused = self._enter()
        if self._run.ending.requested:
            raise KeyboardInterrupt
        if not self._stays.pids:
            raise refused[0]
        for each in refused:
            self._feedback.note(f"{each.message} ({each.remedy}); nothing is counted there")
        pids = ", ".join(map(str, self._stays.pids))
        self._feedback.say(
            f"Counting every call to Django's guard: until the end, code of asyncspy runs inside process {pids}."
        )

    def _enter(self) -> list[AsyncspyError]:
        """A hook in each worker that was not tried before; gives why some took none."""
        refused = []
        for target in _to_enter(self._run.targets):
            if target.pid in self._tried:
                continue
            self._tried.add(target.pid)
            try:
                self._stays.start(target, lambda: self._run.ending.requested)
            except AsyncspyError as error:
                refused.append(error)
        return refused

    def update(self) -> None:
        """What was counted until now, into the recording; workers that came since are counted from now on."""
        for each in self._enter():
            self._feedback.note(f"{each.message} ({each.remedy}); nothing is counted there")
        if self._keep(self._stays.counts_so_far()):
            self._run.bundle.save()

    def end(self) -> None:
        """Take all out, and save what was counted."""
        ended = self._stays.stop_all()
        for one in ended:
            if one.error is not None and (one.report or self._run.bundle.origins):
                kept = "; what it had told before is kept" if one.report else ""
                self._feedback.note(f"{one.error.message} ({one.error.remedy}){kept}")
        if self._keep(ended):
            self._run.bundle.save()
        elif not self._run.bundle.origins:
            raise next(one.error for one in ended if one.error is not None)

    def _keep(self, told: Sequence[HookResult]) -> bool:
        for one in told:
            if one.report is not None:
                self._run.bundle.set_counted_calls(self._origin(one), one.report.events)
                if one.report.lost or one.report.broken:
                    self._feedback.note(
                        f"{one.report.lost + one.report.broken} counts of process {one.target.pid} were lost"
                    )
        return any(one.report is not None for one in told)

    def _origin(self, one: HookResult) -> Origin:
        return Origin(
            sampler=SAMPLER,
            mode="exact",
            duration=round(one.report.seconds, 1) if one.report else None,
            started_at=self._started,
            ended_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            host=socket.gethostname(),
            interrupted=self._run.ending.interrupted,
            asyncspy=__version__,
            target=one.target,
            alongside=True,
            beyond=one.report.beyond if one.report else 0,
        )


@contextmanager
def exactly(run: RecordingRun, *, asked: bool) -> Iterator[Exactly | None]:
    """Count while this lasts, if that is asked for; whatever ends it, no hook is in afterwards."""
    if not asked:
        yield None
        return
    with HookSessions() as stays:
        counted = Exactly(run, stays)
        counted.begin()
        try:
            yield counted
        except BaseException:
            with suppress(AsyncspyError):  # what went wrong first is what to tell
                counted.end()
            raise
        counted.end()


def _to_enter(targets: Sequence[Worker]) -> list[Worker]:
    """Those that answer requests: of a master its workers."""
    return [worker for target in targets for worker in (workers_of(target) if target.role != "worker" else [target])]
