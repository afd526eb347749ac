"""A file is run once in a live process, whatever that does."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from asyncspy.sample.inject import inject as engine
from asyncspy.sample.inject import rehearse as rehearsal
from asyncspy.sample.inject import texts
from asyncspy.sample.inject.inject import Injection, clear, inject, withdraw
from asyncspy.sample.inject.layouts import LAYOUTS, Layout
from asyncspy.sample.inject.memory import read
from asyncspy.sample.inject.pending_queue import WriteTarget
from asyncspy.sample.inject.refused import NotInjected
from asyncspy.sample.inject.rehearse import rehearse
from asyncspy.sample.inject.target_python import find_python
from asyncspy.sample.inject.writer_process import run_writer
from tests.live.inject.targets import VERSIONS, Target, python, target, versions
from tests.live.processes import eventually

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("may_trace")]

PATIENCE = 20.0


def counting(on: Target) -> tuple[str, Path]:
    """A file that adds a letter to another one each time it is run, and that other one."""
    counted = on.folder / "counted"
    counted.touch()
    return on.code(
        "code", f"import os\nwith open({str(counted)!r}, 'a') as file: file.write('x')\nundefined\n"
    ), counted


def holds_nothing(made: Injection) -> bool:
    """Whether no text of ours is left in it."""
    return not any(read(made.target.pid, made.target.place, made.target.room))


@versions(*VERSIONS, "debian")
@pytest.mark.parametrize("kind", ["tick", "busy", "threads", "short"])
def test_a_file_is_run_once_each_time(version: str, kind: str, tmp_path: Path) -> None:
    with target(python(version), kind, tmp_path) as on:
        path, counted = counting(on)
        for times in range(1, 4):
            made = inject(on.pid, path)
            assert eventually(lambda: counted.stat().st_size >= times, timeout=PATIENCE)  # noqa: B023
            clear(made)
            assert holds_nothing(made)
        assert counted.read_text() == "xxx"


@versions(*VERSIONS, "debian")
def test_one_that_stays_in_c_is_asked_and_the_asking_withdrawn(version: str, tmp_path: Path) -> None:
    with target(python(version), "blocked", tmp_path) as on:
        path, counted = counting(on)
        for _ in range(2):
            made = inject(on.pid, path)
            with pytest.raises(NotInjected) as refused:
                inject(on.pid, path)  # a second asyncspy
            assert refused.value.kind == "another"
            assert withdraw(made)
            assert holds_nothing(made)
            assert not withdraw(made)
        assert counted.read_text() == ""


@versions(*VERSIONS)
@pytest.mark.parametrize("ways", [1, pytest.param(4, marks=pytest.mark.matrix)], ids=["one way", "all ways"])
def test_a_wrong_layout_is_refused_before_the_process_is_touched(
    version: str, ways: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsal, "ANSWER_SECONDS", 2.0)
    with target(python(version), "tick", tmp_path) as on:
        right, text = find_python(on.pid), texts.run_file("/nowhere")
        rehearse(right, text)  # so what follows is refused for nothing but the layout
        noticed = {}
        for name, change in wrong_offsets(right.write.layout, ways):
            layouts = {**LAYOUTS, ("x86_64", *right.version): [change]}
            with pytest.raises(NotInjected) as refused:
                rehearse(find_python(on.pid, layouts), text, layouts)
            noticed[name] = refused.value.args
        sys.stdout.write("\n" + "".join(f"{version} {name:20} {' '.join(said)}\n" for name, said in noticed.items()))
        assert find_python(on.pid) == right
        assert not any(right.write.found)


def wrong_offsets(layout: Layout, ways: int) -> list[tuple[str, Layout]]:
    """Each offset that this version uses, off by a word in so many ways."""
    found = []
    for name, offset in layout._asdict().items():
        if offset is None or name in {"slot", "slots"}:
            continue
        offs = (8, -8) if name not in {"first", "last", "to_do", "limit", "loop_limit"} else (4, -4, 8, -8)
        for off in offs[:ways]:
            found.append((f"{name}{off:+}", layout._replace(**{name: offset + off})))
    return found


COUNT_SIGNALS = """
import os, signal, sys
sys.reader, writer = os.pipe()
os.set_blocking(writer, False)
signal.signal(signal.SIGRTMIN, lambda *_: None)
signal.set_wakeup_fd(writer)
open({!r}, 'w').close()
"""
"""For each signal that arrives, the interpreter writes a byte."""

TELL_SIGNALS = """
import os, sys
with open({!r} + '.part', 'w') as file:
    file.write(str(len(os.read(sys.reader, 1 << 20))))
os.rename({!r} + '.part', {!r})
"""


def test_signals_that_come_meanwhile_are_not_lost(tmp_path: Path) -> None:
    """Real-time signals are queued: as many arrive as were sent."""
    with target(sys.executable, "busy", tmp_path) as on:
        path, counted = counting(on)
        ready, told = tmp_path / "counts", tmp_path / "told"
        clear(inject(on.pid, on.code("count", COUNT_SIGNALS.format(str(ready)))))
        assert eventually(ready.exists, timeout=PATIENCE)
        sent = 0
        over = threading.Event()

        def rain() -> None:
            nonlocal sent
            while not over.wait(0.001):
                os.kill(on.pid, signal.SIGRTMIN)
                sent += 1

        raining = threading.Thread(target=rain)
        raining.start()
        try:
            for times in range(1, 21):
                made = inject(on.pid, path)
                assert eventually(lambda: counted.stat().st_size >= times, timeout=PATIENCE)  # noqa: B023
                clear(made)
        finally:
            over.set()
            raining.join()
        inject(on.pid, on.code("tell", TELL_SIGNALS.format(*[str(told)] * 3)))
        assert eventually(told.exists, timeout=PATIENCE)
        assert int(told.read_text()) == sent > 0


@pytest.mark.parametrize("kind", ["slow", "failed"])
def test_a_starved_rehearsal_takes_another_copy(kind: str, tmp_path: Path) -> None:
    """What a writer that was ended has written to a copy is not known, and says nothing about the layout."""
    starved = 0

    def write(action: str, target: WriteTarget, text: bytes) -> dict[str, Any]:
        nonlocal starved
        answer = run_writer(action, target, text)
        if action == "add" and starved < 2:
            starved += 1
            raise NotInjected(kind)
        return answer

    with target(sys.executable, "tick", tmp_path) as on:
        found = find_python(on.pid)
        rehearse(found, texts.run_file("/nowhere"), write=write)
        starved = -100
        with pytest.raises(NotInjected) as refused:
            rehearse(found, texts.run_file("/nowhere"), write=write)
        assert refused.value.kind == kind


def test_a_program_is_rehearsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rehearsed = []
    monkeypatch.setattr(engine, "_rehearsed", set())
    monkeypatch.setattr(engine, "rehearse", lambda *_: rehearsed.append(1))
    with target(sys.executable, "tick", tmp_path) as on:
        path, counted = counting(on)
        for times in (1, 2):
            made = inject(on.pid, path)
            assert eventually(lambda: counted.stat().st_size >= times, timeout=PATIENCE)  # noqa: B023
            clear(made)
    assert rehearsed == [1]
