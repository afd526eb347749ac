"""Pass after pass over some processes, into one file; workers that are replaced are followed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from asyncspy.discover import is_running, sibling_pids, wait_for_successor
from asyncspy.errors import OutputError
from asyncspy.model.processes import Worker
from asyncspy.sample import PassMode, PassResult, PySpy, RecordingWriter, RecordPlan, StopRequest, record
from asyncspy.workflow.feedback import SILENT, Feedback, Tick, offset

SHORTEST_SECONDS = 2
"""What is left of a pass after its process ended is not worth another start if it is shorter."""

MOST_NOTES = 20
MOST_FAILURES, PAUSE_SECONDS = 10, 2.0
"""So many slices in a row that give nothing end a run; after each there is a pause."""


@dataclass(frozen=True, slots=True)
class SamplingPass:
    """What to record: which threads, how often, for how long."""

    mode: PassMode
    rate: int
    duration: int


class RecordOptions(NamedTuple):
    """What holds for all passes of a run."""

    output: Path | None = None
    native: bool = False
    nonblocking: bool = False
    exact: bool = False
    seconds: int = 0
    app_roots: tuple[str, ...] = ()


More = Callable[[], bool]
"""Whether anything will be recorded after this."""


class RecordingRun:
    """What is recorded, of whom, into which file; workers that are replaced are followed."""

    def __init__(
        self,
        targets: Sequence[Worker],
        bundle: RecordingWriter,
        py_spy: PySpy,
        ending: StopRequest,
        how: RecordOptions,
        feedback: Feedback = SILENT,
    ) -> None:
        self.feedback = feedback
        self.targets, self.bundle, self.ending = list(targets), bundle, ending
        self._py_spy, self._how = py_spy, how
        self._known = {pid for target in targets for pid in sibling_pids(target)}
        self._beside: set[int] = set()
        self._notes = self._failures = 0

    def take(self, part: SamplingPass, tick: Tick, more: More = lambda: False) -> None:
        """One pass over all that live; what goes wrong costs only this pass, unless there is nothing else.

        `more` is asked whether anything will be recorded after this pass.
        """
        self._look_around()
        done = 0.0
        while (
            self.targets and not self.ending.requested and part.duration - done >= min(SHORTEST_SECONDS, part.duration)
        ):
            plans = [self._plan(target, replace(part, duration=round(part.duration - done))) for target in self.targets]
            try:
                taken = record(plans, self.bundle, self._py_spy, self.ending, tick=offset(tick, done))
            except OutputError as error:
                if not self.bundle.saved:
                    raise
                self._note(f"{error.message} ({error.remedy}); the recording ends with what was saved before")
                self.ending.request()
                return
            lasted = max(one.seconds for one in taken)
            done += lasted
            rest = all(one.ended_early for one in taken) and part.duration - done >= SHORTEST_SECONDS
            followed = self._account_for(taken, partial(self._goes_on, more, rest=rest))
            if not rest or not (followed or lasted >= SHORTEST_SECONDS):
                return

    def _goes_on(self, more: More, *, rest: bool) -> bool:
        return not self.ending.requested and (rest or more())

    def _look_around(self) -> None:
        """Who stands beside the targets now cannot be who takes the place of one of them later.

        Where one has ended already, who stands there may have taken its place. Before the first pass all are known.
        """
        if not self.bundle.origins:
            return
        served = [target for target in self.targets if target.role == "worker" and target.server != "python"]
        beside = {pid for target in served for pid in sibling_pids(target)}
        if all(is_running(target.pid) for target in self.targets):
            self._beside = beside

    def take_slice(self, part: SamplingPass, tick: Tick, more: More) -> bool:
        """One of many short passes; whether it gave anything. After too many in a row that did not, the run ends."""
        saved = self._slices()
        self.take(part, tick, more)
        if self._slices() > saved:
            self._failures = 0
            return True
        self._failures += 1
        if self._failures >= MOST_FAILURES:
            self.feedback.note(f"{self._failures} slices in a row gave nothing")
            self.ending.request()
        elif self.targets:
            self.ending.wait(PAUSE_SECONDS)
        return False

    def _slices(self) -> int:
        return sum(origin.slices for origin in self.bundle.origins)

    def _plan(self, target: Worker, part: SamplingPass) -> RecordPlan:
        return RecordPlan(target, part.duration, part.rate, part.mode, self._how.native, self._how.nonblocking)

    def _account_for(self, taken: Sequence[PassResult], goes_on: More) -> bool:
        """Say what went wrong, and let each worker that has ended be followed; whether one took its place."""
        errors = [one.error for one in taken if one.error is not None]
        if errors and not self.bundle.origins:
            raise errors[0]
        followed = False
        for one in taken:
            if not is_running(one.plan.target.pid):
                followed |= self._follow(one, goes_on)
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

    def _follow(self, one: PassResult, goes_on: More) -> bool:
        """Whether another worker is recorded in its place; where nothing more is recorded, none is looked for."""
        target = one.plan.target
        self.targets.remove(target)
        next_one = self._successor(target, goes_on) if goes_on() else None
        ended = f"process {target.pid} ended after {one.seconds:.0f} s"
        if not goes_on():
            self._note(f"{ended}; what was recorded until then is kept")
            return False
        if next_one is None:
            self._note(f"{ended}, and no other took its place; what was recorded until then is kept")
            return False
        self._known.add(next_one.pid)
        self.targets.append(next_one)
        self._note(f"{ended}; worker {next_one.pid} took its place and is recorded from now on")
        return True

    def _successor(self, target: Worker, goes_on: More) -> Worker | None:
        """Who was started since; after a reload of all workers perhaps one that had been started just before."""
        fresh = wait_for_successor(target, self._known | self._beside, given_up=lambda: not goes_on())
        return fresh or wait_for_successor(target, self._known, patience=0.0)

    def _note(self, text: str) -> None:
        self._notes += 1
        if self._notes <= MOST_NOTES:
            self.feedback.note(text)
