"""What was really recorded comes out whole: no sample lost or invented, and every format tells the same story."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from asyncspy.model.stacks import Frame, Profile
from asyncspy.read import load
from tests.read.fixtures import MADE, READABLE, RECORDINGS, marked, named

TITLED = re.compile(r'<title>(.*?) \([0-9,]+ samples, [0-9.]+%\)</title><rect [^>]*?y="(\d+)"[^>]*? fg:w="(\d+)"')


def read(name: str) -> Profile:
    return load(RECORDINGS / name)


def test_every_recording_is_known_and_every_known_one_is_there() -> None:
    assert {path.name for path in RECORDINGS.iterdir()} == set(MADE)


@pytest.mark.parametrize("name", named(".json", ".txt"))
def test_holds_as_many_samples_as_py_spy_says_it_wrote(name: str) -> None:
    assert read(name).total == MADE[name]["samples"]


@pytest.mark.parametrize("name", named(".svg"))
def test_an_svg_holds_the_samples_it_says_it_holds(name: str) -> None:
    said = re.search(r'total_samples="(\d+)"', (RECORDINGS / name).read_text())
    assert said is not None
    assert read(name).total == int(said[1]) <= MADE[name]["samples"]


@pytest.mark.parametrize("name", READABLE)
def test_nothing_recorded_is_dropped(name: str) -> None:
    profile = read(name)
    assert profile.inputs[0].dropped == 0
    assert profile.inputs[0].stacks > 0
    assert profile.inputs[0].path == str(RECORDINGS / name)
    assert profile.origins[0].samples == profile.total


@pytest.mark.parametrize("name", [*named(".svg", starts="uvicorn-asyncio"), *named(".svg", starts="uvicorn-uvloop")])
def test_an_svg_gives_each_box_its_width_again(name: str) -> None:
    """By name and height, widths summed from the file's text against stacks summed from the profile."""
    drawn: Counter[tuple[int, str]] = Counter()
    for title, y, width in TITLED.findall((RECORDINGS / name).read_text()):
        drawn[int(y), html.unescape(title)] += int(width)
    heights = sorted({y for y, _ in drawn})
    rebuilt: Counter[tuple[int, str]] = Counter()
    for stack, weight in read(name).stacks.items():
        rebuilt[heights[0], "all"] += weight
        for depth, frame in enumerate(stack.frames, 1):
            rebuilt[heights[depth], f"{frame.function} ({frame.file}:{frame.line})"] += weight
    assert rebuilt == drawn


@pytest.mark.parametrize("name", named(".speedscope.json"))
def test_a_speedscope_file_gives_each_frame_its_samples_again(name: str) -> None:
    document = json.loads((RECORDINGS / name).read_text())
    written: Counter[tuple[str, str, int]] = Counter()
    for profile in document["profiles"]:
        for sample in profile["samples"]:
            frames = [document["shared"]["frames"][place] for place in sample]
            written.update({(one["name"], one["file"], one["line"]) for one in frames if one["file"]})
    found: Counter[tuple[str, str, int]] = Counter()
    for stack, weight in read(name).stacks.items():
        for frame in set(stack.frames):
            found[frame] += weight
    assert found == written


def routes(profile: Profile) -> set[tuple[Frame, ...]]:
    """All ways from the root to the planted line, the line itself included."""
    line = marked("pricing.py", "planted")
    return {
        stack.frames[: at + 1]
        for stack in profile.stacks
        for at, frame in enumerate(stack.frames)
        if frame.function == "helper_count" and frame.file.endswith("shop/pricing.py") and frame.line == line
    }


@pytest.mark.parametrize("base", ["uvicorn-asyncio-every1", "uvicorn-uvloop-every1"])
@pytest.mark.parametrize(
    "forms",
    [("speedscope.json", "raw-full.txt", "full.svg"), ("raw.txt", "raw-threads.txt", "svg")],
    ids=["full names", "short names"],
)
def test_the_formats_agree_on_the_way_to_the_planted_line(base: str, forms: Sequence[str]) -> None:
    found = [routes(read(f"{base}.{form}")) for form in forms]
    assert len(found[0]) == 1
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("base", ["uvicorn-asyncio-every1", "uvicorn-uvloop-every1"])
def test_short_names_are_the_ends_of_the_full_ones(base: str) -> None:
    (full,), (short,) = routes(read(f"{base}.raw-full.txt")), routes(read(f"{base}.raw.txt"))
    assert [frame.function for frame in full] == [frame.function for frame in short]
    assert all(long.file.endswith(brief.file) for long, brief in zip(full, short, strict=True))


@pytest.mark.parametrize("name", [name for name in READABLE if "every1." in name])
def test_the_planted_line_is_in_every_recording_of_the_violating_load(name: str) -> None:
    function_only = ".nolineno." in name or ".function." in name
    functions = {frame.function for stack in read(name).stacks for frame in stack.frames}
    assert "helper_count" in functions
    assert bool(routes(read(name))) is not function_only


@pytest.mark.parametrize("name", named(".json", starts="uvicorn-workers") + named(".json", starts="gunicorn"))
def test_samples_of_workers_carry_the_workers_pids(name: str) -> None:
    made = MADE[name]
    by_pid = Counter[int | None]()
    for stack, weight in read(name).stacks.items():
        by_pid[stack.pid] += weight
    assert set(made["worker_pids"]) <= set(by_pid) <= {made["pid"], *made["worker_pids"]}


@pytest.mark.parametrize("name", named("raw.txt", ".svg", starts="uvicorn-workers"))
def test_spawned_workers_are_told_apart_though_their_command_lines_hold_semicolons(name: str) -> None:
    made = MADE[name]
    stacks = read(name).stacks
    assert {stack.pid for stack in stacks} - {made["pid"]} == set(made["worker_pids"])
    assert not [frame for stack in stacks for frame in stack.frames if "spawn_main(" in frame.function]


@pytest.mark.parametrize("name", READABLE)
def test_no_process_or_thread_is_left_on_a_stack(name: str) -> None:
    roots = {frame.function for stack in read(name).stacks for frame in stack.frames if not frame.file}
    assert roots == set()


@pytest.mark.parametrize("name", [*named("raw-threads.txt"), *named("speedscope.json", starts="uvicorn-asyncio-every")])
def test_threads_are_named_where_the_recording_names_them(name: str) -> None:
    on_loop = {stack.thread for stack in read(name).stacks if any(f.function == "Runner.run" for f in stack.frames)}
    in_pool = {stack.thread for stack in read(name).stacks if any(f.function == "_worker" for f in stack.frames)}
    assert on_loop == {"MainThread"}
    assert any(thread.startswith("ThreadPoolExecutor-") for thread in in_pool)


@pytest.mark.parametrize("name", [name for name in READABLE if "raw" in name or "svg" in name])
def test_short_names_are_noted_and_full_names_are_not(name: str) -> None:
    noted = any(note.startswith("file names are short") for note in read(name).inputs[0].notes)
    assert noted is ("full" not in name and "odd-newline" not in name)


def test_a_frame_that_has_no_file_is_no_short_name(tmp_path: Path) -> None:
    """Python 3.13 and newer have one before each constructor."""
    file = tmp_path / "313.raw.txt"
    file.write_text("view (/srv/shop/views.py:3);__init__ (__init__);C.__init__ (/srv/shop/c.py:2) 1\n")
    assert load(file).inputs[0].notes == ()


def test_missing_line_numbers_are_noted() -> None:
    (*_, note) = read("uvicorn-asyncio-every1.nolineno.txt").inputs[0].notes
    assert note.startswith("recorded without line numbers")


@pytest.mark.parametrize("name", named(".svg"))
def test_an_svg_says_what_it_cannot_show_only_where_something_can_be_missing(name: str) -> None:
    profile = read(name)
    notes = [note for note in profile.inputs[0].notes if "not drawn" in note]
    assert len(notes) == (1 if profile.total > 1000 else 0)
    for note in notes:
        said = re.match(r"frames in fewer than ([\d,]+) of ([\d,]+) samples", note)
        assert said is not None
        fewest, total = (int(number.replace(",", "")) for number in said.groups())
        widths = [int(width) for *_, width in TITLED.findall((RECORDINGS / name).read_text())]
        assert total == profile.total
        assert min(widths) >= fewest == -(-total // 1000)


def test_speedscope_files_tell_the_sampler_and_the_rate() -> None:
    (origin,) = read("uvicorn-asyncio-every1.speedscope.json").origins
    assert (origin.sampler, origin.rate, origin.mode) == ("py-spy 0.4.3", 100, "unknown")


@pytest.mark.parametrize("name", ["odd-newline-in-command-line.raw.txt", "odd-newline-in-command-line.svg"])
def test_a_command_line_with_newlines_semicolons_and_quotes_is_put_together_again(name: str) -> None:
    profile = read(name)
    assert {stack.frames for stack in profile.stacks} == {(Frame("<module>", "<string>", 3),)}
    assert all(stack.pid for stack in profile.stacks)


def test_a_thread_name_with_a_semicolon_is_put_together_again() -> None:
    threads = {stack.thread for stack in read("odd-thread-name.raw.txt").stacks}
    assert "db;pool" in threads
