"""Formats by producers: each file was really written by that profiler, its totals are conserved, and all agree."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from asyncspy.analyse import analyse
from asyncspy.errors import InputError
from asyncspy.model.stacks import Profile
from asyncspy.read import load
from asyncspy.read.open_file import open_stream
from tests.export.profile_pb2 import Profile as Pprof
from tests.read.fixtures import FIXTURES, RECORDINGS, marked

FORMATS = FIXTURES / "formats"
MADE: dict[str, dict[str, Any]] = json.loads((FIXTURES / "formats.json").read_text())
PLANTED = marked("pricing.py", "planted")


def said_by_py_spy(path: Path) -> int:
    found = re.search(r"Samples: (\d+)", MADE[path.name]["said"])
    assert found
    return int(found[1])


def raw_counts(path: Path) -> int:
    return sum(int(line.rpartition(" ")[2]) for line in path.with_suffix(".raw.txt").read_text().splitlines())


def own_counts(path: Path) -> int:
    return sum(int(line.rpartition(" ")[2]) for line in path.read_text().splitlines())


def threads_in_text(path: Path) -> int:
    return len(re.findall(r"^Thread ", path.read_text(), re.MULTILINE))


def threads_in_json(path: Path) -> int:
    return len(json.loads(path.read_text()))


def changes(path: Path) -> int:
    """All moments at which anything of a thread changed, less those that left nothing open."""
    moments: dict[tuple[int, int], int] = {}
    depth: Counter[int] = Counter()
    for event in json.loads(path.read_text()):
        depth[event["tid"]] += 1 if event["ph"] == "B" else -1
        moments[event["tid"], event["ts"]] = depth[event["tid"]]
    return sum(1 for left_open in moments.values() if left_open)


def austin_intervals(path: Path) -> int:
    times: list[int] = [int(line.rpartition(" ")[2]) for line in path.read_text().splitlines() if line.startswith("P")]
    return sum(max(1, round(time / 10_000)) for time in times)


def entries(path: Path) -> int:
    return sum(len(one["samples"]) for one in json.loads(path.read_text())["profiles"])


def milliseconds(path: Path) -> int:
    (profile,) = json.loads(path.read_text())["profiles"]
    seconds: float = profile["events"][-1]["at"] - profile["events"][0]["at"]
    return round(seconds * 1000)


def pprof(path: Path) -> Any:
    """As the official definitions decode it."""
    profile = Pprof()
    with open_stream(path) as unpacked:
        profile.ParseFromString(unpacked.read())
    return profile


def wall_samples(path: Path) -> int:
    profile = pprof(path)
    names = [profile.string_table[each.type] for each in profile.sample_type]
    place = names.index("wall-samples")
    return sum(sample.value[place] for sample in profile.sample)


def periods(path: Path) -> int:
    profile = pprof(path)
    return sum(sample.value[0] // profile.period for sample in profile.sample)


def samples_with_time(path: Path) -> int:
    return sum(sample.value[0] > 0 for sample in pprof(path).sample)


class Row(NamedTuple):
    """A file: the format that it is told to be, how its total is had from the file itself, and the line it can tell."""

    name: str
    format: str
    total: Callable[[Path], int]
    line: int = PLANTED


TABLE = [
    Row("py-spy-speedscope.json", "speedscope", said_by_py_spy),
    Row("py-spy-chrometrace.json", "chrometrace", changes),
    Row("py-spy-chrometrace-processes.json", "chrometrace", changes),
    Row("py-spy-dump.txt", "dump", threads_in_text),
    Row("py-spy-dump-full.txt", "dump", threads_in_text),
    Row("py-spy-dump-locals.txt", "dump", threads_in_text),
    Row("py-spy-dump-subprocesses.txt", "dump", threads_in_text),
    Row("py-spy-dump.json", "dump --json", threads_in_json),
    Row("py-spy-dump-locals.json", "dump --json", threads_in_json),
    Row("flamegraph-pl.raw.txt", "raw", own_counts),
    Row("flamegraph-pl.svg", "svg", raw_counts),
    Row("austin-wall.txt", "folded", austin_intervals),
    Row("austin-sleepless.txt", "folded", austin_intervals),
    Row("austin2speedscope.json", "speedscope", entries),
    # pyinstrument gives the line on which a function begins
    Row("pyinstrument-evented.speedscope.json", "speedscope", milliseconds, PLANTED - 1),
    Row("sampling-3.15-collapsed.txt", "folded", own_counts),
    Row("datadog.pprof", "pprof", wall_samples),
    Row("pyroscope.pprof", "pprof", periods),
    Row("pyroscope-0.8.pprof", "pprof", periods),
    Row("austin2pprof.pprof", "pprof", samples_with_time),
]
WITHOUT_STACKS = "sampling-3.15.jsonl"


def test_every_file_is_in_the_table() -> None:
    assert {path.name for path in FORMATS.iterdir()} == {row.name for row in TABLE} | {WITHOUT_STACKS}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_is_read_whole(row: Row) -> None:
    profile = load(FORMATS / row.name)
    assert profile.inputs[0].format == row.format
    assert profile.inputs[0].dropped == 0
    assert abs(profile.total - row.total(FORMATS / row.name)) <= (1 if row.total is milliseconds else 0)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_all_name_the_planted_line_and_no_other(row: Row) -> None:
    (found,) = analyse(load(FORMATS / row.name)).findings
    culprit = found.culprit.frame
    assert (culprit.function.rpartition(".")[2], culprit.line) == ("helper_count", row.line)
    assert culprit.file.endswith("pricing.py")
    assert found.call == "QuerySet.count"
    assert found.evidence.samples > 0


def test_frames_without_their_stacks_are_refused_with_the_form_to_ask_for() -> None:
    with pytest.raises(InputError, match="without their stacks") as caught:
        load(FORMATS / WITHOUT_STACKS)
    assert "--collapsed" in caught.value.remedy


def test_pixels_give_the_stacks_that_they_were_drawn_from() -> None:
    """flamegraph-pl.svg was drawn from flamegraph-pl.raw.txt."""

    def stacks(profile: Profile) -> Counter[tuple[Any, ...]]:
        return Counter({stack.frames: count for stack, count in profile.stacks.items()})

    assert stacks(load(FORMATS / "flamegraph-pl.svg")) == stacks(load(FORMATS / "flamegraph-pl.raw.txt"))


@pytest.mark.parametrize("name", ["py-spy-dump-locals.txt", "py-spy-dump-locals.json"])
def test_no_value_of_a_variable_is_kept(name: str) -> None:
    held = repr(load(FORMATS / name))
    assert "auth_user" in (FORMATS / name).read_text()
    assert "auth_user" not in held
    assert "0x7f" not in held


def test_a_dump_keeps_what_it_says_of_each_thread() -> None:
    for name in ("py-spy-dump.txt", "py-spy-dump.json"):
        main = next(
            thread for dump in load(FORMATS / name).dumps for thread in dump.threads if thread.name == "MainThread"
        )
        assert main.pid == main.os_id == MADE[name]["pid"]
        assert main.active is True
        assert any(frame.function == "helper_count" for frame in main.frames)
        assert main.frames[0].function == "_run_module_as_main"


def test_austin_s_modes_are_kept_apart() -> None:
    modes = {name: load(FORMATS / name).origins[0].mode for name in ("austin-wall.txt", "austin-sleepless.txt")}
    assert modes == {"austin-wall.txt": "wall", "austin-sleepless.txt": "default"}


def test_frames_that_a_sampler_could_not_read_are_counted() -> None:
    text = (FORMATS / "austin-sleepless.txt").read_text()
    invalid = sum(":INVALID:" in line for line in text.splitlines())
    notes = load(FORMATS / "austin-sleepless.txt").inputs[0].notes
    assert any(f"{invalid:,} samples have frames" in note for note in notes)


def test_processes_of_a_trace_are_told_apart() -> None:
    profile = load(FORMATS / "py-spy-chrometrace-processes.json")
    assert {stack.pid for stack in profile.stacks} == {MADE["py-spy-chrometrace-processes.json"]["pid"]}
    assert not [frame for stack in profile.stacks for frame in stack.frames if frame.function.startswith("process ")]


def test_plain_folded_stacks_are_read(tmp_path: Path) -> None:
    path = tmp_path / "plain.txt"
    path.write_text("main;work;count 3\nmain;rest 4\n")
    profile = load(path)
    assert profile.total == 7
    assert profile.inputs[0].format == "raw"


def test_the_same_load_recorded_before_gives_the_same_finding() -> None:
    old = analyse(load(RECORDINGS / "uvicorn-asyncio-every1.speedscope.json")).findings[0]
    new = analyse(load(FORMATS / "py-spy-chrometrace.json")).findings[0]
    assert (old.culprit.frame, old.call, old.kind) == (new.culprit.frame, new.call, new.kind)
