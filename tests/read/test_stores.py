"""Profiles of stores: what was exported is read back as it was, real ones name the line, and odd ones do no harm."""

from __future__ import annotations

import contextlib
import gzip
import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.profiles.v1development.profiles_pb2 import ProfilesData

from asyncspy.analyse import analyse
from asyncspy.errors import InputError
from asyncspy.export import TARGETS
from asyncspy.export.by_thread import NO_FRAMES
from asyncspy.export.protobuf import message, number, numbers, texts
from asyncspy.model.stacks import Frame, Profile
from asyncspy.read import FORMATS, import_reader, load
from asyncspy.read.stores.value_types import NamedType, choose
from tests.read.fixtures import FIXTURES, RECORDINGS

STORES = {"pprof": "pprof", "otlp": "OTLP profiles"}
RECORDED = {
    "gil": "uvicorn-asyncio-every1.speedscope.json",
    "workers": "gunicorn-uvloop-every1.speedscope.json",
}
STRINGS = ("", "cpu", "nanoseconds", "samples", "count", "run", "/srv/app.py", "pid", "thread", "Main")


def read_back(profile: Profile, target: str, folder: Path) -> Profile:
    path = folder / "exported"
    path.write_bytes(TARGETS[target](profile))
    return load(path)


@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize("target", STORES)
def test_what_was_exported_is_read_back_as_it_was(target: str, name: str, tmp_path: Path) -> None:
    recorded = load(RECORDINGS / RECORDED[name])
    back = read_back(recorded, target, tmp_path)
    assert back.inputs[0].format == STORES[target]
    assert back.inputs[0].dropped == 0
    shown = {stack._replace(frames=stack.frames or NO_FRAMES): weight for stack, weight in recorded.stacks.items()}
    assert dict(back.stacks) == shown
    origin, origins = back.origins[0], recorded.origins
    assert (origin.mode, origin.rate) == ("default", origins[0].rate)


@pytest.mark.parametrize("target", STORES)
def test_the_findings_are_the_same(target: str, tmp_path: Path) -> None:
    recorded = load(RECORDINGS / RECORDED["gil"])

    def found(profile: Profile) -> list[tuple[str, Frame, str, int]]:
        return [(one.kind, one.culprit.frame, one.call, one.evidence.sampled) for one in analyse(profile).findings]

    assert found(read_back(recorded, target, tmp_path)) == found(recorded)
    assert found(recorded)


@pytest.mark.parametrize("target", STORES)
def test_waits_stay_waits(target: str, tmp_path: Path) -> None:
    recorded = load(RECORDINGS / RECORDED["gil"])
    waits = replace(recorded, origins=tuple(replace(each, mode="wall") for each in recorded.origins))
    assert read_back(waits, target, tmp_path).modes == {"wall"}


def test_of_datadog_s_values_the_waits_are_taken() -> None:
    assert load(FIXTURES / "formats" / "datadog.pprof").modes == {"wall"}


@pytest.mark.parametrize(
    ("types", "period", "chosen"),
    [
        ([("cpu", "nanoseconds")], 10_000_000, (0, "default", 10_000_000)),
        ([("samples", "count"), ("cpu", "nanoseconds")], 10_000_000, (0, "default", 1)),
        ([("cpu", "nanoseconds"), ("samples", "count")], 10_000_000, (1, "default", 1)),
        ([("cpu-time", "nanoseconds"), ("wall-time", "nanoseconds"), ("wall-samples", "count")], 0, (2, "wall", 1)),
        ([("sample", "count"), ("wall", "nanoseconds")], 10_000_000, (0, "wall", 1)),
        ([("Wall time", "μs")], 0, (0, "wall", 0)),
        ([("alloc_space", "bytes"), ("alloc_objects", "count")], 0, None),
        ([("mutex", "nanoseconds")], 0, None),
        ([], 0, None),
    ],
)
def test_the_values_of_time_are_chosen(types: list[tuple[str, str]], period: int, chosen: object) -> None:
    kind = choose([NamedType(*each) for each in types], period, NamedType("cpu", "nanoseconds"))
    assert (kind and tuple(kind)[:3]) == chosen


def pprof(*samples: bytes, strings: tuple[str, ...] = STRINGS, types: bytes = number(1, 1) + number(2, 2)) -> bytes:
    """A profile of one location, line 3 of run in /srv/app.py, sampled every ten milliseconds."""
    body = message(1, types) + b"".join(message(2, each) for each in samples)
    body += message(4, number(1, 1) + message(4, number(1, 1) + number(2, 3)))
    body += message(5, number(1, 1) + number(2, 5) + number(4, 6)) + texts(6, strings)
    return body + message(11, number(1, 1) + number(2, 2)) + number(12, 10_000_000)


SAMPLE = numbers(1, [1]) + numbers(2, [30_000_000])


def read(data: bytes, folder: Path) -> Profile:
    path = folder / "profile"
    path.write_bytes(data)
    return load(path)


def test_times_become_samples_and_labels_a_process_and_a_thread(tmp_path: Path) -> None:
    labels = message(3, number(1, 7) + number(3, 4711)) + message(3, number(1, 8) + number(2, 9))
    profile = read(pprof(SAMPLE + labels), tmp_path)
    ((stack, weight),) = profile.stacks.items()
    assert (stack.frames, stack.pid, stack.thread, weight) == ((Frame("run", "/srv/app.py", 3),), 4711, "Main", 3)
    assert profile.origins[0].rate == 100


@pytest.mark.parametrize(
    "sample",
    [
        numbers(1, [2]) + numbers(2, [30]),
        numbers(1, [1]) + numbers(2, [-1]),
        numbers(1, [1] * 20_001) + numbers(2, [30]),
    ],
    ids=["no such place", "less than nothing", "too deep"],
)
def test_a_sample_that_cannot_be_is_counted_as_dropped(sample: bytes, tmp_path: Path) -> None:
    profile = read(pprof(SAMPLE, sample), tmp_path)
    assert (profile.total, profile.inputs[0].dropped) == (3, 1)


def test_a_sample_without_time_is_none(tmp_path: Path) -> None:
    profile = read(pprof(SAMPLE, numbers(1, [1]) + numbers(2, [0]), numbers(1, [1])), tmp_path)
    assert (profile.total, profile.inputs[0].dropped) == (3, 0)


def test_names_that_are_missing_or_no_text_are_no_error(tmp_path: Path) -> None:
    (stack,) = read(pprof(SAMPLE, strings=STRINGS[:5]), tmp_path).stacks
    assert stack.frames == (Frame("", ""),)
    assert read(pprof(SAMPLE).replace(b"/srv/app.py", b"/srv/\xff\xfe.py."), tmp_path).total == 3


def test_a_profile_of_memory_is_refused_and_says_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a profile of alloc_space, not of processor or wall time"):
        read(pprof(SAMPLE, strings=("", "alloc_space", "bytes")), tmp_path)


@pytest.mark.parametrize("data", [b"\n\n\n\n\n\n\n\nall is well\n", b"\n2026-11-29 INFO it runs\n" * 20])
def test_a_text_that_begins_with_an_empty_line_is_none(data: bytes, tmp_path: Path) -> None:
    try:
        formats = {each.format for each in read(data, tmp_path).inputs}
    except InputError as refused:
        formats = {refused.message.partition(":")[2]}
    assert not formats & set(STORES.values())


@pytest.mark.parametrize("target", STORES)
@given(cut=st.integers(0, 3_000), flips=st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 255)), max_size=4))
@settings(max_examples=60)
def test_what_is_damaged_is_read_or_refused(target: str, cut: int, flips: list[tuple[int, int]]) -> None:
    small = Profile(dict.fromkeys(list(load(RECORDINGS / RECORDED["gil"]).stacks)[:3], 1))
    exported = TARGETS[target](small)
    data = bytearray(gzip.decompress(exported) if target == "pprof" else exported)
    for at, byte in flips:
        data[at % len(data)] = byte
    (reader,) = (import_reader(each.module) for each in FORMATS if each.name == STORES[target])
    with contextlib.suppress(InputError):
        analyse(reader(io.BytesIO(data[: len(data) - cut % len(data)]), "damaged"))


def test_otlp_samples_may_have_moments_instead_of_values(tmp_path: Path) -> None:
    data = ProfilesData()
    names = data.dictionary
    names.string_table.extend(["", "samples", "count", "run", "/srv/app.py"])
    names.function_table.add()
    names.function_table.add(name_strindex=3, filename_strindex=4)
    names.location_table.add()
    names.location_table.add().lines.add(function_index=1, line=3)
    names.stack_table.add()
    names.stack_table.add(location_indices=[1])
    of_resource = data.resource_profiles.add()
    host = of_resource.resource.attributes.add(key="host.name")
    host.value.string_value = "web-1"
    profile = of_resource.scope_profiles.add().profiles.add()
    profile.sample_type.type_strindex, profile.sample_type.unit_strindex = 1, 2
    profile.samples.add(stack_index=1, timestamps_unix_nano=[1, 2, 3])
    back = read(data.SerializeToString(), tmp_path)
    assert [(stack.frames, weight) for stack, weight in back.stacks.items()] == [((Frame("run", "/srv/app.py", 3),), 3)]
    assert back.origins[0].host == "web-1"
