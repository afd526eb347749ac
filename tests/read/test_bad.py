"""Every file of fixtures/bad: either one clear error, or a profile in which the bad part is counted."""

from __future__ import annotations

import time

import pytest

from asyncspy.analyse import analyse
from asyncspy.errors import InputError
from asyncspy.model.stacks import Frame
from asyncspy.read import load, load_all, sum_by_mode
from tests.read.fixtures import BAD, RECORDINGS

REFUSED = {
    "binary.bin": "not a recording of a known format",
    "entity-bomb.svg": "declares entities",
    "every-sample-bad.speedscope.json": "none of its 2 samples",
    "external-entity.svg": "declares entities",
    "long-integer.speedscope.json": "thousands of digits",
    "nested-too-deeply.speedscope.json": "nested too deeply",
    "newer-asyncspy.json": "format 99",
    "no-root.svg": 'no box "all"',
    "no-shared-frames.speedscope.json": 'no object "shared"',
    "not-a-flame-graph.svg": "without boxes that have a frame",
    "not-utf8.speedscope.json": "broken or cut short",
    "other.json": "not a recording of a known format",
    "profiles-not-a-list.speedscope.json": 'no list "profiles"',
    "prose.txt": "not a recording of a known format",
    "truncated.speedscope.json": "broken or cut short",
    "truncated.svg": "broken or cut short",
}

COUNTED = {  # samples, dropped
    "box-of-no-width.svg": (10, 4),
    "box-on-nothing.svg": (10, 1),
    "boxes-overlap.svg": (10, 1),
    "counts-in-other-digits.raw.txt": (3, 7),
    "evented.speedscope.json": (2, 0),
    "frame-of-wrong-types.speedscope.json": (1, 3),
    "frame-without-name.speedscope.json": (1, 2),
    "index-negative.speedscope.json": (2, 1),
    "index-not-an-integer.speedscope.json": (1, 7),
    "index-out-of-range.speedscope.json": (2, 1),
    "lone-surrogate.speedscope.json": (1, 0),
    "empty.txt": (0, 0),
    "no-samples.speedscope.json": (0, 0),
    "no-samples.svg": (0, 0),
    "not-utf8.raw.txt": (3, 0),
    "quote-never-closes.raw.txt": (7, 2),
    "truncated.raw.txt": (6, 1),
    "weight-not-a-time.speedscope.json": (1, 7),
    "weights-missing.speedscope.json": (1, 2),
}


def test_every_bad_file_has_an_expected_outcome() -> None:
    assert {path.name for path in BAD.iterdir()} == set(REFUSED) | set(COUNTED)


@pytest.mark.parametrize(("name", "reason"), REFUSED.items())
def test_is_refused_with_the_file_the_reason_and_a_remedy(name: str, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        load(BAD / name)
    assert caught.value.message.startswith(str(BAD / name))
    assert reason in caught.value.message
    assert caught.value.remedy
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(("name", "expected"), COUNTED.items())
def test_is_read_with_the_bad_part_counted(name: str, expected: tuple[int, int]) -> None:
    profile = load(BAD / name)
    assert (profile.total, profile.inputs[0].dropped) == expected


def test_a_negative_index_is_not_the_last_frame() -> None:
    stacks = load(BAD / "index-negative.speedscope.json").stacks
    main, work = Frame("main", "/srv/app.py", 3), Frame("work", "/srv/app.py", 9)
    assert {stack.frames: count for stack, count in stacks.items()} == {(main, work): 1, (main,): 1}


def test_what_cannot_be_encoded_can_be_printed() -> None:
    for name in ("lone-surrogate.speedscope.json", "not-utf8.raw.txt"):
        names = [frame.function for stack in load(BAD / name).stacks for frame in stack.frames]
        assert "".join(names).encode("utf-8")
        assert any(written in names for written in (r"caf\ud800", r"caf\xe9"))


NO_SAMPLES = ["no-samples.speedscope.json", "no-samples.svg", "empty.txt"]


@pytest.mark.parametrize("name", NO_SAMPLES)
def test_a_recording_without_samples_says_so(name: str) -> None:
    (note,) = load(BAD / name).inputs[0].notes
    assert "no samples" in note


@pytest.mark.parametrize("name", NO_SAMPLES)
def test_no_samples_are_no_data_and_among_others_no_matter(name: str) -> None:
    assert analyse(load(BAD / name)).verdict == "no-data"
    other = RECORDINGS / "uvicorn-asyncio-every1.speedscope.json"
    running, _ = sum_by_mode(load_all([BAD / name, other]))
    assert analyse(running).verdict == analyse(load(other)).verdict == "violations"


def test_a_cut_raw_file_says_so() -> None:
    assert any("cut short" in note for note in load(BAD / "truncated.raw.txt").inputs[0].notes)


def test_a_control_character_that_xml_cannot_carry_is_named_as_the_cause() -> None:
    with pytest.raises(InputError, match="control character"):
        load(RECORDINGS / "odd-control-character.svg")
    names = {f.function for s in load(RECORDINGS / "odd-control-character.speedscope.json").stacks for f in s.frames}
    assert "spin\x01" in names


def test_entities_are_refused_before_they_grow() -> None:
    start = time.process_time()
    with pytest.raises(InputError):
        load(BAD / "entity-bomb.svg")
    assert time.process_time() - start < 1
