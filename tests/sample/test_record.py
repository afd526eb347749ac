"""A recording is on disk whatever happens, says where it came from, and leaves nothing else behind."""

from __future__ import annotations

import errno
import json
import os
import signal
import threading
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from asyncspy import recording
from asyncspy.errors import OutputError, SamplerError, TargetError
from asyncspy.model import Worker
from asyncspy.sample import Plan, PySpy, Recorded, claim, place, record
from tests.sample.conftest import Stage

SPEEDSCOPE = '{"profiles": [], "shared": {"frames": []}, "exporter": "py-spy@0.4.3"}'
TARGET = Worker(77, 1, "worker", True, "uvicorn", django="5.2.19")


def plan_for(folder: Path, duration: int = 1) -> Plan:
    output = folder / "out.json"
    return Plan(TARGET, duration, 100, output, claim(output))


def test_waits_are_sampled_when_they_are_asked_for(tmp_path: Path, stage: Stage) -> None:
    plan = replace(plan_for(tmp_path), mode="wall")
    words = plan.command(PySpy("py-spy", "0.4.3"))
    assert "--idle" in words
    assert "--gil" not in words
    recorded = record(plan, stage(f"done({SPEEDSCOPE!r})"), tick=lambda _seconds: None)
    assert recorded.origin.mode == "wall"


def run(folder: Path, py_spy: PySpy, duration: int = 1) -> Recorded:
    return record(plan_for(folder, duration), py_spy, tick=lambda _seconds: None)


def left_in(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir() if entry.is_file()}


def test_it_runs_py_spy_as_the_runbook_says(tmp_path: Path) -> None:
    words = plan_for(tmp_path).command(PySpy("py-spy", "0.4.3"))
    assert words[:4] == ["py-spy", "record", "--pid", "77"]
    assert {"--gil", "--subprocesses", "--full-filenames"} <= set(words)
    assert words[words.index("--format") + 1] == "speedscope"
    assert words[words.index("--rate") + 1] == "100"


def test_what_was_recorded_is_saved_with_where_it_came_from(tmp_path: Path, stage: Stage) -> None:
    said = "print('py-spy> 1.20s behind in sampling'); print('Samples: 150 Errors: 3')"
    recorded = run(tmp_path, stage(f"done({SPEEDSCOPE!r}); {said}"))
    saved = json.loads(recorded.path.read_text())
    origin = recording.extract(saved)
    assert origin is not None
    assert (origin.sampler, origin.mode, origin.rate, origin.target) == ("py-spy 0.4.3", "gil", 100, TARGET)
    assert (origin.samples, origin.errors, origin.late_seconds, origin.interrupted) == (150, 3, 1.2, False)
    assert saved["exporter"] == "py-spy@0.4.3"
    assert left_in(tmp_path) == {"out.json"}


def test_nothing_to_sample_is_a_result_too(tmp_path: Path, stage: Stage) -> None:
    recorded = run(tmp_path, stage("sys.exit(0)"))
    assert json.loads(recorded.path.read_text())["profiles"] == []


def test_a_target_that_went_away_before_the_first_sample(tmp_path: Path, stage: Stage) -> None:
    with pytest.raises(TargetError, match="77 is gone"):
        run(tmp_path, stage("sys.exit('Error: No such process (os error 3)')"))
    assert left_in(tmp_path) == set()


@pytest.mark.parametrize("garbage", ["{", "[1, 2]", "[" * 100_000])
def test_garbage_is_kept_and_named(tmp_path: Path, stage: Stage, garbage: str) -> None:
    with pytest.raises(SamplerError, match="kept as") as caught:
        run(tmp_path, stage(f"done({garbage[:2]!r} * {max(1, len(garbage) // 2)})"))
    (kept,) = left_in(tmp_path)
    assert kept in str(caught.value)


def test_a_py_spy_that_dies_is_an_error(tmp_path: Path, stage: Stage) -> None:
    with pytest.raises(SamplerError):
        run(tmp_path, stage("os.kill(os.getpid(), signal.SIGKILL)"))
    assert left_in(tmp_path) == set()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_early_and_loses_nothing(tmp_path: Path, stage: Stage, number: signal.Signals) -> None:
    ready = tmp_path / "ready"
    body = (
        f"def end(*_): done({SPEEDSCOPE!r}); sys.exit(0)\n"
        f"signal.signal(signal.SIGINT, end); open({str(ready)!r}, 'w').close()\ntime.sleep(60)"
    )
    before = signal.getsignal(number)
    told = threading.Event()

    def tick(_seconds: float) -> None:
        if ready.exists() and not told.is_set():
            told.set()
            os.kill(os.getpid(), number)

    recorded = record(plan_for(tmp_path, 60), stage(body), tick=tick)
    assert recorded.origin.interrupted
    assert recorded.path.exists()
    assert signal.getsignal(number) is before


def test_a_second_signal_gives_up_and_ends_py_spy(
    tmp_path: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready, ends = tmp_path / "ready", tmp_path / "pid"
    body = (
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        f"open({str(ends)!r}, 'w').write(str(os.getpid())); open({str(ready)!r}, 'w').close()\ntime.sleep(60)"
    )

    def tick(_seconds: float) -> None:
        if ready.exists():
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr("asyncspy.sample.process.PATIENCE_SECONDS", 0.2)
    with pytest.raises(KeyboardInterrupt):
        record(plan_for(tmp_path, 60), stage(body), tick=tick)
    with pytest.raises(ProcessLookupError):
        os.kill(int(ends.read_text()), 0)


def test_a_py_spy_that_never_ends_is_ended(tmp_path: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyncspy.sample.recorder.GRACE_SECONDS", 0)
    with pytest.raises(SamplerError):
        run(tmp_path, stage("signal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(60)"))


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "out.json").write_text("precious")
    with pytest.raises(OutputError, match="never overwritten"):
        claim(tmp_path / "out.json")
    assert (tmp_path / "out.json").read_text() == "precious"


def test_a_missing_folder_is_told_before_sampling(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        claim(tmp_path / "nowhere" / "out.json")
    assert caught.value.exit_code == 4
    assert f"mkdir -p {tmp_path / 'nowhere'}" in caught.value.remedy


def test_two_recordings_of_one_name_do_not_replace_each_other(tmp_path: Path, stage: Stage) -> None:
    first, second = plan_for(tmp_path), plan_for(tmp_path)
    py_spy = stage(f"done({SPEEDSCOPE!r})")
    saved = record(first, py_spy, tick=lambda _seconds: None).path.read_text()
    with pytest.raises(OutputError, match="kept as"):
        record(second, py_spy, tick=lambda _seconds: None)
    assert (tmp_path / "out.json").read_text() == saved
    assert second.partial.read_text() == SPEEDSCOPE


def test_a_full_disk_names_what_is_left(tmp_path: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", no_room)
    with pytest.raises(OutputError, match="No space left on device") as caught:
        run(tmp_path, stage(f"done({SPEEDSCOPE!r})"))
    (kept,) = left_in(tmp_path)
    assert kept in caught.value.remedy


def test_nohup_stays_nohup(tmp_path: Path, stage: Stage) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        recorded = record(
            plan_for(tmp_path),
            stage(f"time.sleep(0.5); done({SPEEDSCOPE!r})"),
            tick=lambda _seconds: os.kill(os.getpid(), signal.SIGHUP),
        )
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    assert not recorded.origin.interrupted


def test_a_talkative_py_spy_is_heard_to_the_end(tmp_path: Path, stage: Stage) -> None:
    talk = "print('py-spy> 1.00s behind in sampling\\n' * 60000); print('Samples: 500 Errors: 7')"
    assert run(tmp_path, stage(f"done({SPEEDSCOPE!r}); {talk}")).origin.samples == 500


@pytest.mark.parametrize("name", ["x" * 300 + ".json", "a\0b"])
def test_a_name_that_no_file_can_have(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError) as caught:
        claim(place(tmp_path / name, 7, datetime.now(timezone.utc)))
    assert "--output" in caught.value.remedy


@pytest.mark.parametrize(
    "said", ["Failed to find a python interpreter in the .data section", "Failed to get stack traces\\nReason: gone"]
)
def test_a_start_that_stumbles_over_a_thread_is_repeated(said: str, tmp_path: Path, stage: Stage) -> None:
    tried = tmp_path / "bin" / "tried"
    body = (
        f"open({str(tried)!r}, 'a').write('x')\n"
        f"if len(open({str(tried)!r}).read()) < 3:\n"
        f"    sys.exit('Error: {said}')\n"
        f"done({SPEEDSCOPE!r})"
    )
    assert run(tmp_path, stage(body)).path.exists()
    assert tried.read_text() == "xxx"
