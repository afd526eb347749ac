"""A run of passes with a stand-in for py-spy: whatever becomes of it, what was recorded is reported."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import psutil
import pytest
from click.testing import CliRunner, Result

from asyncspy.cli import commands
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import ENDED_WORKERS_PID, Frame, Origin, Stack
from asyncspy.read import profile_of_document
from asyncspy.recording import destination
from asyncspy.sample import RecordingWriter
from asyncspy.workflow import preflight, record_live, recording_run, watch_live
from asyncspy.workflow.machine import Machine
from tests.sample.conftest import SPEEDSCOPE, fails, staged

RECORDS = f"done({SPEEDSCOPE!r})"


Attach = Callable[..., Result]


@pytest.fixture
def attach(target: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Attach:
    """A command on that process, with a py-spy that runs these lines instead of recording."""
    worker = Worker(target, 1, "worker", True, "uvicorn")
    (tmp_path / "saved").mkdir()
    monkeypatch.setattr(preflight, "IDLE_SECONDS", 0.0)

    def invoke(*words: str, command: str = "attach", record: str = RECORDS, version: str = "0.4.3") -> Result:
        py_spy = staged(tmp_path, f"if sys.argv[1] == 'dump': sys.exit(0)\n{record}")
        py_spy = replace(py_spy, version=version)
        machine = Machine(
            inspect_process=lambda _: worker, sibling_pids=lambda one: {one.pid}, find_py_spy=lambda: py_spy
        )
        asked = [command, "--pid", str(target), "--format", "json", "--output", str(tmp_path / "saved" / "out.json")]
        return CliRunner().invoke(commands, [*asked, *words], obj=machine)

    return invoke


@pytest.mark.parametrize("words", [("attach", "--wall-duration", "1"), ("watch",)])
@pytest.mark.parametrize(("root", "kept"), [("/srv/shop", 0), ("/v/site-packages/django", 8)])
def test_of_workers_long_gone_the_lines_beneath_a_query_are_given_up(
    attach: Attach, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], root: str, kept: int
) -> None:
    made: list[RecordingWriter] = []

    def noted(path: Path, **how: Any) -> RecordingWriter:
        made.append(RecordingWriter(path, max_processes=0, silent_seconds=-1.0, **how))
        return made[0]

    monkeypatch.setattr(preflight, "RecordingWriter", noted)
    monkeypatch.setattr(psutil, "pid_exists", lambda _pid: False)
    command, *more = words
    assert attach("--duration", "1", "--app-root", root, *more, command=command).exit_code == 0
    compiler = "/v/site-packages/django/db/models/sql/compiler.py"
    frames = [Frame("view", "/srv/shop/views.py", 7), Frame("SQLCompiler.execute_sql", compiler, 8)]
    thread = {"type": "sampled", "name": 'Process 9 Thread 1 "MainThread"', "unit": "seconds", "weights": [0.01]}
    table = [{"name": one.function, "file": one.file, "line": one.line} for one in frames]
    worker = Worker(9, 1, "worker", True, "uvicorn")
    document = {"profiles": [{**thread, "samples": [[0, 1]]}], "shared": {"frames": table}}
    made[0].add(Origin("py-spy 0.4.3", "gil", 100, target=worker), document)
    stacks = profile_of_document(made[0].document(), made[0].path).stacks
    assert Stack((frames[0], frames[1]._replace(line=kept)), ENDED_WORKERS_PID, "MainThread") in stacks


@pytest.mark.parametrize(("version", "noted"), [("0.4.2", 1), ("0.4.3", 0)])
def test_an_old_py_spy_is_noted(attach: Attach, version: str, noted: int) -> None:
    done = attach("--duration", "1", "--wall-duration", "1", version=version)
    assert done.exit_code == 0
    assert done.stderr.count("is older than 0.4.3") == noted


TWO_PASSES = ("--duration", "1", "--wall-duration", "1")


def modes(result: Result) -> list[str]:
    return [origin["mode"] for origin in json.loads(result.stdout)["origins"]]


def test_a_second_pass_that_finds_no_place_for_its_file_leaves_the_report_of_the_first(
    attach: Attach, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = 3  # the check before it all; the first pass, for py-spy and for the recording
    failing = fails(destination.create_scratch_file, before + 1, errno.EROFS)
    monkeypatch.setattr(destination, "create_scratch_file", failing)
    done = attach(*TWO_PASSES)
    assert done.exit_code == 0, done.output
    assert modes(done) == ["gil"]
    assert os.strerror(errno.EROFS) in done.stderr


def test_a_second_pass_that_cannot_be_saved_leaves_the_report_of_the_first(
    attach: Attach, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.fsync", fails(os.fsync, 2, errno.ENOSPC))
    done = attach(*TWO_PASSES)
    assert done.exit_code == 0, done.output
    assert modes(done) == ["gil"]
    (kept,) = (path for path in (tmp_path / "saved").iterdir() if path.suffix == ".partial")
    assert f"asyncspy report {kept}" in done.stderr


@pytest.mark.parametrize(
    "words", [("--until", "found", "--max-duration", "1m", "--mode", "gil"), ("--slice", "1", "--duration", "1m")]
)
def test_a_py_spy_that_fails_from_then_on_is_not_started_for_ever(
    words: tuple[str, ...], attach: Attach, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_run, "PAUSE_SECONDS", 0.0)
    starts = tmp_path / "starts"
    once = (
        f"open({str(starts)!r}, 'a').write('x')\n"
        f"if os.path.getsize({str(starts)!r}) > 1: sys.exit('Error: out of order')\n"
    )
    done = attach(*words, command="watch" if "--slice" in words else "attach", record=once + RECORDS)
    assert done.exit_code == 0, done.output
    assert starts.read_text() == "x" * (1 + recording_run.MAX_FAILURES)
    assert "10 slices in a row gave nothing" in done.stderr


@pytest.mark.parametrize("command", ["attach", "watch"])
def test_sampling_nothing_needs_something_to_count(command: str, attach: Attach) -> None:
    refused = attach("--mode", "none", command=command)
    assert refused.exit_code == 2
    assert "next: add --exact" in refused.stderr


@pytest.mark.parametrize(("felt", "looks"), [(60.0, 4), (0.0, 1)])
def test_a_watch_judges_less_often_where_that_takes_long(
    felt: float, looks: int, attach: Attach, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording_run, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(watch_live, "NOTICEABLE_SECONDS", felt)
    monkeypatch.setattr(watch_live, "MAX_CPU_SHARE", 1e-6)
    starts = repr(str(tmp_path / "starts"))
    four = f"open({starts}, 'a').write('x')\nif os.path.getsize({starts}) > 4: sys.exit('Error: out of order')\n"
    done = attach("--slice", "1", "--duration", "1m", command="watch", record=four + RECORDS)
    assert done.exit_code == 0, done.output
    assert len(re.findall(r", \d slices?,", done.stderr)) == looks


@pytest.mark.parametrize(
    ("command", "words", "where"),
    [
        ("attach", ["--duration", "1"], record_live),
        ("attach", ["--until", "found"], record_live),
        ("watch", ["--slice", "1"], watch_live),
    ],
)
def test_ctrl_c_before_anything_is_sampled_is_an_interruption(
    command: str,
    words: list[str],
    where: ModuleType,
    attach: Attach,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(_: object) -> str:
        os.kill(os.getpid(), signal.SIGINT)
        return "it"

    monkeypatch.setattr(where, "description", interrupted)
    done = attach(*words, command=command)
    assert done.exit_code == 130
    assert "nothing was recorded" in done.stderr
    assert "error" not in done.stderr
    assert list((tmp_path / "saved").iterdir()) == []


def test_a_recording_that_is_gone_when_it_is_to_be_reported_is_said_to_be_lost(attach: Attach, tmp_path: Path) -> None:
    gone = f"if '--idle' in sys.argv: import shutil; shutil.rmtree({str(tmp_path / 'saved')!r}); sys.exit(0)\n"
    done = attach(*TWO_PASSES, record=gone + RECORDS)
    assert done.exit_code == 4
    assert "is not there any more" in done.stderr
    assert "--output" in done.stderr


def test_the_report_at_the_end_is_that_of_the_saved_file(attach: Attach, tmp_path: Path) -> None:
    done = attach(*TWO_PASSES)
    later = CliRunner().invoke(commands, ["report", str(tmp_path / "saved" / "out.json"), "--format", "json"])
    assert {**json.loads(done.stdout), "saved": None} == json.loads(later.stdout)
