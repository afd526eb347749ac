"""Do to copies of a process what will be done to it, so that a wrong layout harms a copy and not the process."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from asyncspy.model.processes import CheckResult
from asyncspy.sample.cpu_quota import low_quota_note
from asyncspy.sample.inject.copies import BUSY, SLEEPING, WAITING, ProcessCopy, started
from asyncspy.sample.inject.layouts import LAYOUTS
from asyncspy.sample.inject.memory import executable_ranges, mappings
from asyncspy.sample.inject.pending_queue import WriteTarget, check, parse, take_snapshot
from asyncspy.sample.inject.refusal_words import said_of
from asyncspy.sample.inject.refused import NotInjected
from asyncspy.sample.inject.target_python import Layouts, TargetPython, find_python
from asyncspy.sample.inject.texts import run_file, write_number
from asyncspy.sample.inject.writer_process import run_writer

TIMES = 5
ANSWER_SECONDS = 5.0

RETRIED = frozenset({"busy", "traced", "slow"})
"""Refusals that another moment may not meet."""

STARVED = frozenset({"slow", "failed"})
"""Refusals of a machine that is too busy. What such a writer has done to a copy is not known: another copy is taken."""

COPIES = 3

LONGEST_PATH = "/var/tmp/asyncspy-" + "0" * 32 + "/text"  # noqa: S108 - stands for the file that would be run
NAME = "inject"

Write = Callable[[str, WriteTarget, bytes], dict[str, Any]]


def rehearse(target: TargetPython, text: bytes, layouts: Layouts = LAYOUTS, write: Write = run_writer) -> None:
    """Write to copies of it. Raises NotInjected on any difference; nothing is left of them."""

    def run_each_time(copy: ProcessCopy) -> None:
        for number in range(TIMES):
            found = _same_python(target, copy, layouts)
            _once(found.write, copy, number, text, write)
        _left_as_it_was(find_python(copy.pid, layouts).write, copy)

    for script in (BUSY, SLEEPING):
        _on_a_copy(target, script, run_each_time)
    _on_a_copy(target, WAITING, lambda copy: _withdraw_once(_same_python(target, copy, layouts).write, text, write))


def _on_a_copy(target: TargetPython, script: str, act: Callable[[ProcessCopy], None]) -> None:
    for left in reversed(range(COPIES)):
        try:
            with started(target.write.pid, script) as copy:
                act(copy)
        except NotInjected as refused:
            if refused.kind not in STARVED or not left:
                raise
        else:
            return


def _same_python(target: TargetPython, copy: ProcessCopy, layouts: Layouts) -> TargetPython:
    found = find_python(copy.pid, layouts)
    if different := found.differences(target):
        raise NotInjected("other_copy", ", ".join(different))
    return found


def _once(target: WriteTarget, copy: ProcessCopy, number: int, text: bytes, write: Write) -> None:
    said = write_number(number, text)
    _retrying(lambda: write("add", target, said))
    if copy.answer(1, ANSWER_SECONDS) != b"%d" % number:
        raise NotInjected("rehearsal", "a copy did not do what it was asked")
    if number % 2:  # else what is left has to be recognised the next time
        write("clear", target, said)


def _retrying(act: Callable[[], object], tries: int = 3) -> None:
    for attempt in range(tries):
        try:
            act()
        except NotInjected as refused:
            if refused.kind in STARVED:
                raise
            if refused.kind not in RETRIED or attempt + 1 == tries:
                raise NotInjected("rehearsal", f"{refused.kind}: {refused.detail}") from None
        else:
            return


def _withdraw_once(target: WriteTarget, text: bytes, write: Write) -> None:
    """What the interpreter queued itself is seen; a text is queued behind that, and taken back."""
    before = take_snapshot(target)
    waiting = parse(target.layout, before).waiting
    check(target, before, parse(target.layout, before), executable_ranges(mappings(target.pid)))
    if len(waiting) != 1:
        raise NotInjected("rehearsal", f"{len(waiting)} calls are seen where one waits")
    _retrying(lambda: write("add", target, text))
    if parse(target.layout, take_snapshot(target)).waiting != (*waiting, (target.run, target.place)):
        raise NotInjected("rehearsal", "what was queued is not there")
    _retrying(lambda: write("withdraw", target, text))
    after = take_snapshot(target)
    if after.queue != before.queue or any(after.place):
        raise NotInjected("rehearsal", "what was queued could not be taken back")


def _left_as_it_was(target: WriteTarget, copy: ProcessCopy) -> None:
    seen = take_snapshot(target)
    queue = parse(target.layout, seen)
    if queue.waiting or queue.to_do or queue.held:
        raise NotInjected("rehearsal", "its queue is not as it was")
    if copy.answer(1, 0.0):
        raise NotInjected("rehearsal", "a copy said more than it was asked")


def check_injection(pid: int, *, on_copies: bool) -> CheckResult:
    """Whether its interpreter is one that can be written to, and if that is wanted, whether a rehearsal succeeds."""
    began = time.monotonic()
    try:
        found = find_python(pid)
        if on_copies:
            rehearse(found, run_file(LONGEST_PATH))
    except NotInjected as refused:
        if refused.kind == "newer":
            return CheckResult(NAME, ok=True, said="--exact needs no --inject: its Python lets code in by itself")
        said, remedy = said_of(pid, refused)
        return CheckResult(NAME, ok=False, said=f"--inject would not work: {said}", remedy=remedy)
    version = "{}.{}".format(*found.version)
    did = f"rehearsed on copies in {time.monotonic() - began:.1f} s" if on_copies else "it would be rehearsed first"
    quota = low_quota_note(pid)
    return CheckResult(NAME, ok=True, said=f"--inject knows its Python {version}; {did}{f'; {quota}' if quota else ''}")
