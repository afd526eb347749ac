"""Have the main thread of a worker run a file at its next safe moment, on CPython 3.9 to 3.13."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, TypeVar

from asyncspy.model.processes import Worker
from asyncspy.sample.inject import texts
from asyncspy.sample.inject.layouts import LAYOUTS
from asyncspy.sample.inject.memory import process_identity, read, refusal
from asyncspy.sample.inject.pending_queue import WriteTarget
from asyncspy.sample.inject.refusal_words import in_words
from asyncspy.sample.inject.refused import NotInjected
from asyncspy.sample.inject.rehearse import RETRIED, rehearse
from asyncspy.sample.inject.target_python import Layouts, TargetPython, find_python
from asyncspy.sample.inject.writer_process import run_writer

T = TypeVar("T")

TRIES, PAUSE_SECONDS = 20, 0.02
UNCERTAIN = frozenset({"slow", "failed"})
"""Refusals after which it is not known whether the text was written."""

SETTLE_SECONDS = 0.3
"""A text of somebody else that has not changed for that long is not being read any more."""

_rehearsed: set[tuple[object, ...]] = set()
"""Programs that were rehearsed since asyncspy was started: a recycled worker is of the same."""


class Injection(NamedTuple):
    """A text that was queued in a process; `stopped_ns` is how long that stood still for it."""

    target: WriteTarget
    text: bytes
    stopped_ns: int
    tries: int


def inject_file(worker: Worker, path: str) -> Injection:
    """Have it run a file of its own file system. Raises TargetError; nothing has changed in the worker then."""
    try:
        return inject(worker.pid, path)
    except NotInjected as refused:
        raise in_words(worker.pid, refused) from None


def inject(pid: int, path: str, layouts: Layouts = LAYOUTS) -> Injection:
    """Queue the running of a file, rehearsed before. Raises NotInjected; nothing has changed in the process then."""
    text = texts.run_file(path)
    target = _retrying(lambda: find_python(pid, layouts))
    if len(text) > target.write.room:
        raise NotInjected("no_room", f"{target.write.room} bytes for {len(text)}")
    key = _program(target)
    if key not in _rehearsed:
        try:
            rehearse(target, text, layouts)
        except NotInjected:
            if process_identity(pid) != target.write.identity:
                raise NotInjected("gone") from None
            raise
        _rehearsed.add(key)
    return _write(pid, target, text, layouts)


def _write(pid: int, rehearsed: TargetPython, text: bytes, layouts: Layouts) -> Injection:
    """Write once the moment is right; what was there before must not have changed meanwhile."""
    tries = 0

    def once() -> Injection:
        nonlocal tries
        tries += 1
        target = find_python(pid, layouts)
        if target.differences(rehearsed):
            raise NotInjected("gone")
        if any(target.write.found):
            time.sleep(SETTLE_SECONDS)
        made = Injection(target.write, text, 0, tries)
        try:
            answer = run_writer("add", target.write, text)
        except KeyboardInterrupt:  # the writer was ended
            with suppress(NotInjected):
                withdraw(made)
            raise
        except NotInjected as refused:
            if refused.kind not in UNCERTAIN or withdraw(made) or not _is_there(made):
                raise
            return made  # it was written and has been run by now
        return made._replace(stopped_ns=answer["stopped_ns"])

    return _retrying(once)


def withdraw(injection: Injection) -> bool:
    """Take a text back that has not been run; whether it still waited. Raises NotInjected where that cannot be told."""
    return _retrying(lambda: bool(run_writer("withdraw", injection.target, injection.text)["withdrawn"]))


def _retrying(act: Callable[[], T]) -> T:
    for _ in range(TRIES - 1):
        try:
            return act()
        except NotInjected as refused:
            if refused.kind not in RETRIED:
                raise
            time.sleep(PAUSE_SECONDS)
    return act()


def _is_there(injection: Injection) -> bool:
    """Whether its text is in the process. Where it does not wait, it has been run."""
    try:
        return read(injection.target.pid, injection.target.place, len(injection.text)) == injection.text
    except OSError as error:
        raise refusal(error) from None


def clear(injection: Injection) -> None:
    """Remove a text that has been run."""
    run_writer("clear", injection.target, injection.text)


def _program(target: TargetPython) -> tuple[object, ...]:
    return target._replace(
        write=target.write._replace(pid=0, identity=(), runtime=0, interpreter=0, state=0, run=0, place=0, found=b"")
    )
