"""Whoever dies while a file is let into a process, and wherever: the process is as it was, and works on."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from asyncspy.sample.inject import inject as engine
from asyncspy.sample.inject import texts, writer_process
from asyncspy.sample.inject.inject import Injection, clear, inject, withdraw
from asyncspy.sample.inject.pending_queue import WriteTarget
from asyncspy.sample.inject.refused import NotInjected
from asyncspy.sample.inject.target_python import find_python
from asyncspy.sample.inject.writer_process import BOOT, run_writer
from asyncspy.sample.kernel_state import process_state
from tests.live.inject.targets import STEPS, VERSIONS, python, target, versions
from tests.live.inject.test_engine import PATIENCE, counting, holds_nothing
from tests.live.processes import eventually

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("may_trace")]

WRITTEN = ("written", "released")

OWN_CALLS = """
import ctypes
call = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(
    lambda _: open({counted!r}, 'a').write('own') and 0)
ctypes.own = call
for _ in range(3):
    ctypes.pythonapi.Py_AddPendingCall(call, None)
"""
"""The process adds calls of its own, as a library in C might."""


def boot(then: str, step: str, before: str = "") -> str:
    """A writer that does that to itself at that step."""
    return before + BOOT.replace("main(sys.argv[2])", f"main(sys.argv[2], lambda name: name == {step!r} and {then})")


def kill(number: int) -> str:
    return f"__import__('os').kill(__import__('os').getpid(), {number})"


@versions(*VERSIONS)
def test_a_writer_that_is_killed_does_no_harm(version: str, tmp_path: Path) -> None:
    with target(python(version), "busy", tmp_path) as on:
        path, counted = counting(on)
        for step in STEPS:
            before = counted.stat().st_size
            found = find_python(on.pid).write
            with pytest.raises(NotInjected):
                run_writer("add", found, texts.run_file(path), boot(kill(9), step))
            if step in WRITTEN:
                assert eventually(lambda: counted.stat().st_size > before, timeout=PATIENCE)  # noqa: B023
                clear(Injection(found, texts.run_file(path), 0, 1))
            assert eventually(on.is_well, timeout=PATIENCE)
        assert counted.read_text() == "x" * len(WRITTEN)
        clear(inject(on.pid, path))


WRITE_SOME = "import sys; sys.path.append(sys.argv[1]); from inject import queue_writer as all_of_it; \
prepared = all_of_it.PreparedWrite; all_of_it.PreparedWrite = lambda pid, pieces: prepared(pid, pieces[:{}]); "
PIECES = 5


@versions(*VERSIONS)
def test_one_that_is_killed_within_its_write_is_taken_back(version: str, tmp_path: Path) -> None:
    """As the kernel does where a kill arrives between two pages: some pieces are written, and the rest is not."""
    with target(python(version), "busy", tmp_path) as on:
        path, counted = counting(on)
        own = on.code("own", OWN_CALLS.format(counted=str(counted)))
        for pieces in range(1, PIECES):
            found = find_python(on.pid).write
            counted.write_text("")
            with pytest.raises(NotInjected):
                run_writer("add", found, texts.run_file(path), boot(kill(9), "written", WRITE_SOME.format(pieces)))
            made = Injection(found, texts.run_file(path), 0, 1)
            withdraw(made)
            clear(made)
            assert holds_nothing(made)
            clear(inject(on.pid, own))
            assert eventually(lambda: counted.stat().st_size >= 9, timeout=PATIENCE), pieces
            assert counted.read_text() == "own" * 3


@versions("3.12")
@pytest.mark.parametrize("interrupted", [False, True], ids=["slow", "interrupted"])
def test_what_a_slow_writer_wrote_is_not_written_again(
    version: str, interrupted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed right after it wrote, so that its parent cannot know whether it did."""

    def write(action: str, of: WriteTarget, text: bytes) -> dict[str, Any]:
        try:
            return run_writer(action, of, text, boot(kill(9), "written") if action == "add" else BOOT)
        except NotInjected:
            assert eventually(lambda: counted.stat().st_size > 0, timeout=PATIENCE)
            if interrupted:
                raise KeyboardInterrupt from None
            raise

    with target(python(version), "tick", tmp_path) as on:
        path, counted = counting(on)
        clear(inject(on.pid, on.code("nothing", "")))  # and a rehearsal
        monkeypatch.setattr(engine, "run_writer", write)
        if interrupted:
            with pytest.raises(KeyboardInterrupt):
                inject(on.pid, path)
        else:
            assert inject(on.pid, path).tries == 1
        monkeypatch.undo()
        threading.Event().wait(0.2)
        assert counted.read_text() == "x"


@versions("3.13")
def test_one_that_is_killed_with_its_parent_is_completed_by_the_next(version: str, tmp_path: Path) -> None:
    with target(python(version), "busy", tmp_path) as on:
        path, counted = counting(on)
        for pieces in range(1, PIECES - 1):
            with pytest.raises(NotInjected):
                run_writer(
                    "add",
                    find_python(on.pid).write,
                    texts.run_file(path),
                    boot(kill(9), "written", WRITE_SOME.format(pieces)),
                )
            before = counted.stat().st_size
            clear(inject(on.pid, path))
            assert eventually(lambda: counted.stat().st_size > before, timeout=PATIENCE), pieces  # noqa: B023
        assert counted.read_text() == "x" * (PIECES - 2)


@versions("3.9", "3.12", "3.13")
@pytest.mark.parametrize(
    "step", [pytest.param(step, marks=[] if step == "stopped" else [pytest.mark.matrix]) for step in STEPS]
)
def test_a_writer_that_is_stopped_is_ended_and_the_process_runs_on(
    version: str, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_process, "START_SECONDS", 3.0)
    with target(python(version), "busy", tmp_path) as on:
        path, counted = counting(on)
        with pytest.raises(NotInjected) as refused:
            run_writer("add", find_python(on.pid).write, texts.run_file(path), boot(kill(19), step))
        assert refused.value.kind == ("failed" if step == "before the stop" else "slow")
        assert eventually(on.is_well, timeout=PATIENCE)
        assert eventually(lambda: counted.read_text() == "x" * (step in WRITTEN), timeout=PATIENCE)


@versions("3.13")
def test_one_that_is_stopped_with_its_parent_is_ended(version: str, tmp_path: Path) -> None:
    code = (
        "import os, sys; from asyncspy.sample.inject import target_python, texts, writer_process\n"
        "of = target_python.find_python(int(sys.argv[1])).write\n"
        "writer_process.run_writer('add', of, texts.run_file('/x'), sys.argv[2])"
    )
    both = "[__import__('os').kill(each, 19) for each in (__import__('os').getppid(), __import__('os').getpid())]"
    with target(python(version), "busy", tmp_path) as on:
        with subprocess.Popen([sys.executable, "-c", code, str(on.pid), boot(both, "checked")]) as parent:
            try:
                assert eventually(lambda: process_state(parent.pid) == "T", timeout=PATIENCE)
                assert eventually(on.is_well, timeout=PATIENCE)
                assert process_state(parent.pid) == "T"
            finally:
                parent.kill()
        assert holds_nothing(Injection(find_python(on.pid).write, b"", 0, 1))


def test_nothing_of_the_rehearsal_outlives_asyncspy(tmp_path: Path) -> None:
    """Killed at any moment of it, its copies and its writer are gone with it."""
    code = (
        "import sys; from asyncspy.sample.inject import inject as engine\n"
        "print(1, flush=True); engine.inject(int(sys.argv[1]), '/x')"
    )
    with target(sys.executable, "tick", tmp_path) as on:
        for delay in (0.05, 0.3, 0.6, 1.0):
            mark = f"{tmp_path}/{delay}"
            with subprocess.Popen(
                [sys.executable, "-c", code, str(on.pid)], stdout=subprocess.PIPE, env={**os.environ, "PATH": mark}
            ) as killed:
                assert killed.stdout is not None
                killed.stdout.readline()
                threading.Event().wait(delay)
                killed.kill()
            assert eventually(lambda: not _with_path(mark), timeout=PATIENCE)  # noqa: B023
            assert on.is_well()


def _with_path(mark: str) -> list[int]:
    """Processes that were started with this in their environment."""
    found = []
    for each in Path("/proc").iterdir():
        try:
            if each.name.isdecimal() and mark.encode() in (each / "environ").read_bytes():
                found.append(int(each.name))
        except OSError:
            continue
    return found
