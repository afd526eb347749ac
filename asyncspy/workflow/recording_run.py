"""Record passes over some processes into one file; workers that are replaced by their master are followed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from asyncspy.errors import OutputError
from asyncspy.model.processes import Worker
from asyncspy.sample import PassResult, PySpy, RecordingWriter, RecordPlan, StopRequest
from asyncspy.workflow.ended_workers import EndedWorkers
from asyncspy.workflow.feedback import SILENT, Feedback, Tick, offset
from asyncspy.workflow.machine import THIS_MACHINE, Machine
from asyncspy.workflow.record_options import RecordOptions, SamplingPass

MIN_REST_SECONDS = 2
"""A pass whose process ended continues with its successor only if at least this much of its time is left."""

MAX_NOTES = 20
MAX_FAILURES, PAUSE_SECONDS = 10, 2.0
"""A run ends after MAX_FAILURES slices in a row without samples; PAUSE_SECONDS pass after each of them."""


MoreFollows = Callable[[], bool]
"""Whether anything will be recorded after this."""


class RecordingRun:
    """A recording that is being made: its processes, its file, and whether it was asked to stop."""

    def __init__(
        self,
        targets: Sequence[Worker],
        writer: RecordingWriter,
        py_spy: PySpy,
        stop: StopRequest,
        options: RecordOptions,
        feedback: Feedback = SILENT,
        machine: Machine = THIS_MACHINE,
    ) -> None:
        self.targets, self.writer, self.stop, self.options = list(targets), writer, stop, options
        self.feedback, self.machine = feedback, machine
        self._py_spy = py_spy
        self.ended_workers = [EndedWorkers(target, machine) for target in targets if target.role == "master"]
        self.save_failed = False
        self._known = {pid for target in targets for pid in machine.sibling_pids(target)}
        self._beside: set[int] = set()
        self._notes = self._failures = 0

    def take(self, part: SamplingPass, tick: Tick, more: MoreFollows = lambda: False) -> None:
        """Take one pass over all targets that live; a failure costs only this pass, unless it is the first."""
        self._note_siblings()
        done = 0.0
        while self.targets and not self.stop.requested and part.duration - done >= min(MIN_REST_SECONDS, part.duration):
            plans = [self._plan(target, replace(part, duration=round(part.duration - done))) for target in self.targets]
            try:
                look = self._looking(offset(tick, done))
                taken = self.machine.record(plans, self.writer, self._py_spy, self.stop, tick=look)
            except OutputError as error:
                if not self.writer.saved:
                    raise
                self._note(f"{error.message} ({error.remedy}); the recording ends with what was saved before")
                self.save_failed = True
                self.stop.request()
                return
            lasted = max(one.seconds for one in taken)
            done += lasted
            rest = all(one.ended_early for one in taken) and part.duration - done >= MIN_REST_SECONDS
            followed = self._handle_results(taken, partial(self._goes_on, more, rest=rest))
            if not rest or not (followed or lasted >= MIN_REST_SECONDS):
                return

    def _looking(self, tick: Tick) -> Tick:
        """The tick, which also looks which workers have ended."""

        def look(passed: float) -> None:
            for each in self.ended_workers:
                each.look()
            tick(passed)

        return look

    def take_slice(self, part: SamplingPass, tick: Tick, more: MoreFollows) -> bool:
        """Take one of many short passes; False if it gave nothing. Too many of those in a row end the run."""
        saved = self._slice_count()
        self.take(part, tick, more)
        if self._slice_count() > saved:
            self._failures = 0
            return True
        self._failures += 1
        if self._failures >= MAX_FAILURES:
            self.feedback.note(f"{self._failures} slices in a row gave nothing")
            self.stop.request()
        elif self.targets:
            self.stop.wait(PAUSE_SECONDS)
        return False

    def _goes_on(self, more: MoreFollows, *, rest: bool) -> bool:
        return not self.stop.requested and (rest or more())

    def _note_siblings(self) -> None:
        """Remember which workers run beside the targets: none of them can be the successor of one that ends later.

        If a target has ended already, its successor may be among them. Before the first pass all are known.
        """
        if not self.writer.origins:
            return
        served = [target for target in self.targets if target.role == "worker" and target.server != "python"]
        beside = {pid for target in served for pid in self.machine.sibling_pids(target)}
        if all(self.machine.is_running(target.pid) for target in self.targets):
            self._beside = beside

    def _slice_count(self) -> int:
        return sum(origin.slices for origin in self.writer.origins)

    def _plan(self, target: Worker, part: SamplingPass) -> RecordPlan:
        return RecordPlan(target, part.duration, part.rate, part.mode, self.options.native, self.options.nonblocking)

    def _handle_results(self, taken: Sequence[PassResult], goes_on: MoreFollows) -> bool:
        """Report failures, and follow each worker that has ended; whether one was replaced."""
        errors = [one.error for one in taken if one.error is not None]
        if errors and not self.writer.origins:
            raise errors[0]
        followed = False
        for one in taken:
            pid = one.plan.target.pid
            if not self.machine.is_running(pid):
                followed |= self._follow(one, goes_on)
            elif one.error is not None:
                self._note(f"{one.error.message}; the recording goes on without it")
            elif one.held:
                self._note(f"py-spy hung while it held process {pid}, and was ended; what it had is kept")
            elif one.ended_early:
                self._note(f"py-spy ended by itself after {one.seconds:.0f} s, though process {pid} runs")
        return followed

    def _follow(self, one: PassResult, goes_on: MoreFollows) -> bool:
        """Replace a target that ended by its successor; False if there is none, or nothing more will be recorded."""
        target = one.plan.target
        self.targets.remove(target)
        successor = self._find_successor(target, goes_on) if goes_on() else None
        ended = f"process {target.pid} ended after {one.seconds:.0f} s"
        if not goes_on():
            self._note(f"{ended}; what was recorded until then is kept")
            return False
        if successor is None:
            self._note(f"{ended}, and no other took its place; what was recorded until then is kept")
            return False
        self._known.add(successor.pid)
        self.targets.append(successor)
        self._note(f"{ended}; worker {successor.pid} took its place and is recorded from now on")
        return True

    def _find_successor(self, target: Worker, goes_on: MoreFollows) -> Worker | None:
        """A worker that was started since; after a reload of all workers, perhaps one started just before."""
        wait_for_successor = self.machine.wait_for_successor
        fresh = wait_for_successor(target, self._known | self._beside, given_up=lambda: not goes_on())
        return fresh or wait_for_successor(target, self._known, patience=0.0)

    def _note(self, text: str) -> None:
        self._notes += 1
        if self._notes <= MAX_NOTES:
            self.feedback.note(text)
