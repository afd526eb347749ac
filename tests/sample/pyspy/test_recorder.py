"""A recording is on disk whatever happens, says where it came from, and leaves nothing else behind."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from types import ModuleType

import pytest

from asyncspy.errors import OutputError, SamplerError, TargetError
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Origin
from asyncspy.recording import destination, saved_form
from asyncspy.sample import (
    PassResult,
    PySpy,
    RecordingWriter,
    RecordPlan,
    check_destination,
    record,
    recording_path,
    stop_on_signals,
)
from asyncspy.sample.pyspy import child_process
from tests.sample.conftest import SPEEDSCOPE, Stage, fails

OUT = Path("out.json")
TARGET = Worker(77, 1, "worker", True, "uvicorn", django="5.2.19")


def plan_for(duration: int = 1) -> RecordPlan:
    return RecordPlan(TARGET, duration, 100)


def run(
    folder: Path, py_spy: PySpy, duration: int = 1, *, tick: Callable[[float], None] = lambda _seconds: None
) -> Origin:
    """Record into out.json, raising what went wrong."""
    writer = RecordingWriter(folder / "out.json")
    check_destination(writer.path)
    with stop_on_signals() as stop:
        (taken,) = record([plan_for(duration)], writer, py_spy, stop, tick=tick)
    if taken.error is not None:
        raise taken.error
    (origin,) = writer.origins
    return origin


def test_waits_are_sampled_when_they_are_asked_for() -> None:
    words = replace(plan_for(), mode="wall").command(PySpy("py-spy", "0.4.3"), OUT)
    assert "--idle" in words
    assert "--gil" not in words


def left_in(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir() if entry.is_file()}


def test_it_runs_py_spy_as_the_runbook_says() -> None:
    words = plan_for().command(PySpy("py-spy", "0.4.3"), OUT)
    assert words[:4] == ["py-spy", "record", "--pid", "77"]
    assert {"--gil", "--subprocesses", "--full-filenames"} <= set(words)
    assert words[words.index("--format") + 1] == "speedscope"
    assert words[words.index("--rate") + 1] == "100"


@pytest.mark.parametrize(("named", "host"), [("node-7", "node-7"), ("", socket.gethostname())])
def test_a_recording_names_its_host(
    tmp_path: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch, named: str, host: str
) -> None:
    """That of a container is not its node's: the manifests say which it is."""
    monkeypatch.setenv("ASYNCSPY_HOST", named)
    assert run(tmp_path, stage(f"done({SPEEDSCOPE!r})")).host == host


def test_what_was_recorded_is_saved_with_where_it_came_from(tmp_path: Path, stage: Stage) -> None:
    said = "print('py-spy> 1.20s behind in sampling'); print('Samples: 150 Errors: 3')"
    run(tmp_path, stage(f"done({SPEEDSCOPE!r}); {said}"))
    saved = json.loads((tmp_path / "out.json").read_text())
    ((origin, _),) = saved_form.extract(saved).passes
    assert origin is not None
    assert (origin.sampler, origin.mode, origin.rate, origin.target) == ("py-spy 0.4.3", "gil", 100, TARGET)
    assert (origin.samples, origin.errors, origin.late_seconds, origin.interrupted) == (150, 3, 1.2, False)
    assert saved["exporter"] == "py-spy@0.4.3"
    assert left_in(tmp_path) == {"out.json"}


def test_nothing_to_sample_is_a_result_too(tmp_path: Path, stage: Stage) -> None:
    run(tmp_path, stage("sys.exit(0)"))
    assert json.loads((tmp_path / "out.json").read_text())["profiles"] == []


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

    assert run(tmp_path, stage(body), 60, tick=tick).interrupted
    assert (tmp_path / "out.json").exists()
    assert signal.getsignal(number) is before


def test_a_second_signal_gives_up_and_ends_py_spy(tmp_path: Path, stage: Stage) -> None:
    ready, ends = tmp_path / "ready", tmp_path / "pid"
    body = (
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        f"open({str(ends)!r}, 'w').write(str(os.getpid())); open({str(ready)!r}, 'w').close()\ntime.sleep(60)"
    )

    def tick(_seconds: float) -> None:
        if ready.exists():
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, stage(body, exit=0.2), 60, tick=tick)
    with pytest.raises(ProcessLookupError):
        os.kill(int(ends.read_text()), 0)


def test_a_py_spy_that_never_ends_is_ended(tmp_path: Path, stage: Stage) -> None:
    with pytest.raises(SamplerError):
        run(tmp_path, stage("signal.signal(signal.SIGINT, signal.SIG_IGN)\ntime.sleep(60)", grace=0.3))


def test_an_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "out.json").write_text("precious")
    with pytest.raises(OutputError, match="never overwritten"):
        check_destination(tmp_path / "out.json")
    assert (tmp_path / "out.json").read_text() == "precious"


def test_a_missing_folder_is_told_before_sampling(tmp_path: Path) -> None:
    with pytest.raises(OutputError) as caught:
        check_destination(tmp_path / "nowhere" / "out.json")
    assert caught.value.exit_code == 4
    assert f"mkdir -p {tmp_path / 'nowhere'}" in caught.value.remedy


def test_two_recordings_of_one_name_do_not_replace_each_other(tmp_path: Path, stage: Stage) -> None:
    py_spy = stage(f"done({SPEEDSCOPE!r})")
    first, second = RecordingWriter(tmp_path / "out.json"), RecordingWriter(tmp_path / "out.json")
    with stop_on_signals() as stop:
        record([plan_for()], first, py_spy, stop, tick=lambda _seconds: None)
        saved = (tmp_path / "out.json").read_text()
        with pytest.raises(OutputError, match="kept as") as caught:
            record([plan_for()], second, py_spy, stop, tick=lambda _seconds: None)
    assert (tmp_path / "out.json").read_text() == saved
    (kept,) = left_in(tmp_path) - {"out.json"}
    assert kept in caught.value.remedy
    assert (tmp_path / kept).read_text() == SPEEDSCOPE


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
        origin = run(
            tmp_path,
            stage(f"time.sleep(0.5); done({SPEEDSCOPE!r})"),
            tick=lambda _seconds: os.kill(os.getpid(), signal.SIGHUP),
        )
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
    assert not origin.interrupted


def test_a_talkative_py_spy_is_heard_to_the_end(tmp_path: Path, stage: Stage) -> None:
    talk = "print('py-spy> 1.00s behind in sampling\\n' * 60000); print('Samples: 500 Errors: 7')"
    assert run(tmp_path, stage(f"done({SPEEDSCOPE!r}); {talk}")).samples == 500


@pytest.mark.parametrize("name", ["x" * 300 + ".json", "a\0b"])
def test_a_name_that_no_file_can_have(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError) as caught:
        check_destination(recording_path(tmp_path / name, 7, datetime.now(timezone.utc)))
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
    run(tmp_path, stage(body))
    assert (tmp_path / "out.json").exists()
    assert tried.read_text() == "xxx"


def test_a_recording_that_the_disk_has_no_room_for_is_refused_before_sampling(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="MiB are free") as caught:
        check_destination(tmp_path / "out.json", needed_bytes=10**16)
    assert "--output" in caught.value.remedy
    assert left_in(tmp_path) == set()


def several(folder: Path, py_spy: PySpy, *plans: RecordPlan) -> tuple[RecordingWriter, list[PassResult]]:
    writer = RecordingWriter(folder / "out.json")
    with stop_on_signals() as stop:
        return writer, record(plans, writer, py_spy, stop, tick=lambda _seconds: None)


def test_several_processes_are_recorded_at_once_and_their_time_counts_once(tmp_path: Path, stage: Stage) -> None:
    meet = tmp_path / "bin"
    body = (
        f"open({str(meet)!r} + '/here-' + sys.argv[sys.argv.index('--pid') + 1], 'w').close()\n"
        f"while len([n for n in os.listdir({str(meet)!r}) if n.startswith('here-')]) < 2: time.sleep(0.01)\n"
        f"done({SPEEDSCOPE!r})"
    )
    other = replace(plan_for(30), target=replace(TARGET, pid=78))
    writer, taken = several(tmp_path, stage(body), plan_for(30), other)
    assert [one.error for one in taken] == [None, None]
    assert [(o.target and o.target.pid, o.alongside) for o in writer.origins] == [(77, False), (78, True)]


def test_one_process_that_cannot_be_recorded_costs_the_others_nothing(tmp_path: Path, stage: Stage) -> None:
    body = f"if '78' in sys.argv: sys.exit('Error: No such process (os error 3)')\ndone({SPEEDSCOPE!r})"
    other = replace(plan_for(), target=replace(TARGET, pid=78))
    writer, taken = several(tmp_path, stage(body), other, plan_for())
    assert [type(one.error) for one in taken] == [TargetError, type(None)]
    assert [o.target and o.target.pid for o in writer.origins] == [77]
    assert [o.alongside for o in writer.origins] == [False]
    assert left_in(tmp_path) == {"out.json"}


def test_a_process_that_ends_early_is_told_from_one_that_was_interrupted(tmp_path: Path, stage: Stage) -> None:
    _, (taken,) = several(tmp_path, stage(f"done({SPEEDSCOPE!r})"), plan_for(60))
    assert taken.ended_early


def test_a_py_spy_that_is_killed_says_by_what(tmp_path: Path, stage: Stage) -> None:
    with pytest.raises(SamplerError, match="ended by SIGKILL") as caught:
        run(tmp_path, stage("os.kill(os.getpid(), signal.SIGKILL)"))
    assert "memory" in caught.value.remedy


def test_a_py_spy_that_hangs_after_ctrl_c_is_not_waited_for_long(tmp_path: Path, stage: Stage) -> None:
    ready = tmp_path / "bin" / "ready"
    body = f"signal.signal(signal.SIGINT, signal.SIG_IGN); open({str(ready)!r}, 'w').close()\ntime.sleep(60)"
    told = threading.Event()

    def tick(_seconds: float) -> None:
        if ready.exists() and not told.is_set():
            told.set()
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(SamplerError, match="was killed"):
        run(tmp_path, stage(body, grace=0.3), 600, tick=tick)
    assert left_in(tmp_path) == set()


@pytest.mark.parametrize(
    ("where", "name", "number", "error"),
    [
        (destination, "create_scratch_file", errno.EROFS, OutputError),
        (child_process, "started", errno.ENOMEM, SamplerError),
    ],
)
def test_one_py_spy_that_cannot_be_started_costs_the_others_nothing(
    where: ModuleType,
    name: str,
    number: int,
    error: type[Exception],
    tmp_path: Path,
    stage: Stage,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(where, name, fails(getattr(where, name), 2, number))
    other = replace(plan_for(), target=replace(TARGET, pid=78))
    writer, taken = several(tmp_path, stage(f"done({SPEEDSCOPE!r})"), plan_for(), other)
    assert [(one.plan.target.pid, type(one.error)) for one in taken] == [(77, type(None)), (78, error)]
    assert os.strerror(number) in str(taken[1].error)
    assert [o.target and o.target.pid for o in writer.origins] == [77]
    assert left_in(tmp_path) == {"out.json"}


def test_a_folder_that_went_away_is_told_not_raised(tmp_path: Path, stage: Stage) -> None:
    _, (taken,) = several(tmp_path / "gone", stage("done('')"), plan_for())
    assert isinstance(taken.error, OutputError)
    assert "mkdir" in taken.error.remedy


def test_a_start_that_cannot_be_repeated_says_why(
    tmp_path: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_process, "started", fails(child_process.started, 2, errno.EAGAIN))
    with pytest.raises(SamplerError, match=os.strerror(errno.EAGAIN)):
        run(tmp_path, stage("sys.exit('Error: Failed to get stack traces')"))
    assert left_in(tmp_path) == set()
