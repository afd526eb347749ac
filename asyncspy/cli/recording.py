"""From pids to a saved recording, as every recording command does it: preflight, then pass after pass."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from asyncspy.cli.notes import say
from asyncspy.cli.progress import Tick, later, progress
from asyncspy.discover import (
    cpu_seconds,
    every_app,
    find_workers,
    inspect,
    must_run,
    runs,
    siblings,
    successor,
    the_only_app,
    topmost,
    workers_of,
)
from asyncspy.errors import OutputError, UsageError
from asyncspy.model import Worker
from asyncspy.sample import (
    Bundle,
    Ending,
    Plan,
    PySpy,
    Sampling,
    Taken,
    claim,
    ending_early,
    find_py_spy,
    place,
    probe,
    record,
    room_for,
)

LOOK_SECONDS, LEAST_CPU_SECONDS = 0.5, 0.01
"""How long workers are looked at before they are recorded, and what they use at least if they serve anybody."""

SHORTEST_SECONDS = 2
"""What is left of a pass after its process ended is not worth another start if it is shorter."""

MOST_NOTES = 20
MOST_FAILURES, PAUSE_SECONDS = 10, 2.0
"""So many slices in a row that give nothing end a run; after each there is a pause."""

EARLY = "Ctrl-C ends early and reports."
NONBLOCKING = "--nonblocking: the worker runs on while its stack is read; some stacks that seem whole never were"


@dataclass(frozen=True, slots=True)
class Pass:
    """What to record: which threads, how often, for how long."""

    mode: Sampling
    rate: int
    duration: int


class How(NamedTuple):
    """What holds for all passes of a run."""

    output: Path | None = None
    native: bool = False
    nonblocking: bool = False


class Recorded(NamedTuple):
    """A recording that is safely on disk."""

    bundle: Bundle
    interrupted: bool

    @property
    def path(self) -> Path:
        """Its file."""
        return self.bundle.path


def chosen(pids: Sequence[int], *, every: bool) -> list[int]:
    """The processes that are meant: those named, all servers, or the only one there is."""
    if every and pids:
        raise UsageError("--all and --pid do not go together", remedy="leave out one of them")
    if pids:
        return list(pids)
    found = find_workers()
    return [worker.pid for worker in every_app(found)] if every else [the_only_app(found).pid]


def record_live(pids: Sequence[int], passes: Sequence[Pass], how: How) -> Recorded:
    """Check all that can be checked before sampling starts; then record one pass after the other, and save."""
    with recording(pids, passes, how) as run:
        told = [f"{part.duration} s at {part.rate} Hz{', waits included' * (part.mode == 'wall')}" for part in passes]
        say(f"Recording {described(run.targets)}: {', then '.join(told)}.")
        say(EARLY)
        for part in passes:
            if not run.ending.asked:
                with progress(part.duration) as tick:
                    run.take(part, tick)
    return Recorded(run.bundle, run.ending.interrupted)


@contextmanager
def recording(pids: Sequence[int], passes: Sequence[Pass], how: How) -> Iterator[Run]:
    """A run that is ready to record: everything that can be checked before has been."""
    if how.native and how.nonblocking:
        raise UsageError("py-spy reads no native frames without pausing", remedy="leave out --native or --nonblocking")
    py_spy = find_py_spy()
    targets = [inspect(pid) for pid in topmost(pids)]
    destination = place(how.output, targets[0].pid, datetime.now(timezone.utc))
    claim(destination, room_for(len(targets) * sum(part.rate * part.duration for part in passes)))
    used, since = cpu_seconds(pids), time.monotonic()
    for target in targets:
        must_run(target.pid)
        probe(py_spy, target.pid)
    _say_if_idle(targets, used, since)
    if how.nonblocking:
        note(NONBLOCKING)
    with ending_early() as ending:
        yield Run(targets, Bundle(destination), py_spy, ending, how)


class Run:
    """What is recorded, of whom, into which file; workers that are replaced are followed."""

    def __init__(self, targets: Sequence[Worker], bundle: Bundle, py_spy: PySpy, ending: Ending, how: How) -> None:
        self.targets, self.bundle, self.ending = list(targets), bundle, ending
        self._py_spy, self._how = py_spy, how
        self._known = {pid for target in targets for pid in siblings(target)}
        self._notes = self._failures = 0

    def take(self, part: Pass, tick: Tick) -> None:
        """One pass over all that live; what goes wrong costs only this pass, unless there is nothing else."""
        done = 0.0
        while self.targets and not self.ending.asked and part.duration - done >= min(SHORTEST_SECONDS, part.duration):
            plans = [self._plan(target, replace(part, duration=round(part.duration - done))) for target in self.targets]
            try:
                taken = record(plans, self.bundle, self._py_spy, self.ending, tick=later(tick, done))
            except OutputError as error:
                if not self.bundle.saved:
                    raise
                self._note(f"{error.message} ({error.remedy}); the recording ends with what was saved before")
                self.ending.finish()
                return
            followed = self._account_for(taken)
            lasted = max(one.seconds for one in taken)
            done += lasted
            if not all(one.ended_early for one in taken) or not (followed or lasted >= SHORTEST_SECONDS):
                return

    def take_slice(self, part: Pass, tick: Tick) -> bool:
        """One of many short passes; whether it gave anything. After too many in a row that did not, the run ends."""
        saved = self._slices()
        self.take(part, tick)
        if self._slices() > saved:
            self._failures = 0
            return True
        self._failures += 1
        if self._failures >= MOST_FAILURES:
            note(f"{self._failures} slices in a row gave nothing")
            self.ending.finish()
        elif self.targets:
            self.ending.wait(PAUSE_SECONDS)
        return False

    def _slices(self) -> int:
        return sum(origin.slices for origin in self.bundle.origins)

    def _plan(self, target: Worker, part: Pass) -> Plan:
        return Plan(target, part.duration, part.rate, part.mode, self._how.native, self._how.nonblocking)

    def _account_for(self, taken: Sequence[Taken]) -> bool:
        """Say what went wrong, and let each worker that has ended be followed; whether one took its place."""
        errors = [one.error for one in taken if one.error is not None]
        if errors and not self.bundle.origins:
            raise errors[0]
        followed = False
        for one in taken:
            if not runs(one.plan.target.pid):
                followed |= self._follow(one)
            elif one.error is not None:
                self._note(f"{one.error.message}; the recording goes on without it")
            elif one.held:
                self._note(
                    f"py-spy hung while it held process {one.plan.target.pid}, and was ended; what it had is kept"
                )
            elif one.ended_early:
                self._note(
                    f"py-spy ended by itself after {one.seconds:.0f} s, though process {one.plan.target.pid} runs"
                )
        return followed

    def _follow(self, one: Taken) -> bool:
        target = one.plan.target
        self.targets.remove(target)
        next_one = None if self.ending.asked else successor(target, self._known, given_up=lambda: self.ending.asked)
        ended = f"process {target.pid} ended after {one.seconds:.0f} s"
        if next_one is None:
            self._note(f"{ended}, and no other took its place; what was recorded until then is kept")
            return False
        self._known.add(next_one.pid)
        self.targets.append(next_one)
        self._note(f"{ended}; worker {next_one.pid} took its place and is recorded from now on")
        return True

    def _note(self, text: str) -> None:
        self._notes += 1
        if self._notes <= MOST_NOTES:
            note(text)


def _say_if_idle(targets: Sequence[Worker], used: float, since: float) -> None:
    time.sleep(max(0.0, since + LOOK_SECONDS - time.monotonic()))
    if cpu_seconds([target.pid for target in targets]) - used < LEAST_CPU_SECONDS:
        name = f"process {targets[0].pid}" if len(targets) == 1 else "these processes"
        note(f"{name} used no CPU in the last {time.monotonic() - since:.1f} s: does it serve requests now?")


def described(targets: Sequence[Worker]) -> str:
    """`gunicorn master 48290 with its 2 workers`."""
    return " and ".join(map(_described, targets))


def _described(target: Worker) -> str:
    name = f"{target.server} {target.role} {target.pid}" if target.server != "python" else f"process {target.pid}"
    count = len(workers_of(target)) if target.role != "worker" else 0
    return f"{name} with its {count} worker{'s' if count != 1 else ''}" if count else name


def note(text: str) -> None:
    """One line to stderr that the report does not hold."""
    say(f"note: {text}")
