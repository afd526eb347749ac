"""Every export, read back by somebody else's reader or schema: no sample is lost, and no name breaks a file.

profile_pb2.py is what Google's protocol buffer compiler made of the published profile.proto (google-cloud-profiler,
Apache 2.0), OpenTelemetry's definitions are a package of its own; speedscope-file-format-schema.json comes with
speedscope 1.25 (MIT).
"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from opentelemetry.proto.profiles.v1development.profiles_pb2 import ProfilesData

from asyncspy.errors import OutputError
from asyncspy.export import SUFFIXES, TARGETS, export_profile
from asyncspy.export.protobuf import varint
from asyncspy.model.stacks import Frame, Origin, Profile, Stack
from asyncspy.read import load
from asyncspy.sample import embed_origin
from tests.export.profile_pb2 import Profile as Pprof
from tests.report.hostile import ATTACKS

FIXTURES = Path(__file__).parents[2] / "fixtures"
REAL = load(FIXTURES / "recordings" / "uvicorn-workers-asyncio-every1.speedscope.json")
WALL = load(FIXTURES / "hops" / "wall-fetches-workers.json")
SCHEMA = json.loads(Path(__file__).with_name("speedscope-file-format-schema.json").read_text("utf-8"))

Counted = Counter[tuple[str, ...]]


def hostile(text: str) -> Profile:
    frame = Frame(text, text, 3)
    stacks = {Stack((frame, Frame("view", "views.py", 1), frame), 7, text): 3, Stack((), None, text): 2}
    return Profile(stacks, (Origin("py-spy", rate=100, started_at=text),))


def functions(profile: Profile) -> Counted:
    """How many samples have which functions, from the root to the leaf."""
    counted: Counted = Counter()
    for stack, weight in profile.stacks.items():
        counted[tuple(frame.function for frame in stack.frames) or ("(no frames)",)] += weight
    return counted


def of_folded(content: bytes) -> Counted:
    counted: Counted = Counter()
    for line in content.decode().splitlines():
        stack, _, count = line.rpartition(" ")
        counted[tuple(frame.rpartition(" (")[0] or frame for frame in stack.split(";"))] += int(count)
    return counted


def of_speedscope(content: bytes) -> Counted:
    document = json.loads(content)
    counted: Counted = Counter()
    frames = document["shared"]["frames"]
    for profile in document["profiles"]:
        each = 0.01 if profile["unit"] == "seconds" else 1
        for sample, weight in zip(profile["samples"], profile["weights"], strict=True):
            counted[tuple(frames[i]["name"] for i in sample)] += round(weight / each)
    return counted


def parsed(content: bytes) -> Any:
    profile = Pprof()
    profile.ParseFromString(gzip.decompress(content))
    return profile


def of_pprof(content: bytes) -> Counted:
    profile = parsed(content)
    names = {one.id: profile.string_table[one.name] for one in profile.function}
    lines = {one.id: names[one.line[0].function_id] for one in profile.location}
    counted: Counted = Counter()
    for sample in profile.sample:
        counted[tuple(lines[place] for place in reversed(sample.location_id))] += sample.value[0]
    return counted


def of_gecko(content: bytes) -> Counted:
    counted: Counted = Counter()
    for thread in json.loads(content)["threads"]:
        names = [thread["stringTable"][row[0]].rpartition(" (")[0] or thread["stringTable"][row[0]]
                 for row in thread["frameTable"]["data"]]  # fmt: skip
        for leaf, *_ in thread["samples"]["data"]:
            path, at = [], leaf
            while at is not None:
                at, frame = thread["stackTable"]["data"][at]
                path.append(names[frame])
            counted[tuple(reversed(path))] += 1
    return counted


def of_otlp(content: bytes) -> Counted:
    data = ProfilesData.FromString(content)
    names = data.dictionary
    counted: Counted = Counter()
    (of_resource,) = data.resource_profiles
    for sample in of_resource.scope_profiles[0].profiles[0].samples:
        places = names.stack_table[sample.stack_index].location_indices
        functions = [names.location_table[place].lines[0].function_index for place in reversed(places)]
        path = tuple(names.string_table[names.function_table[one].name_strindex] for one in functions)
        counted[path] += sample.values[0]
    return counted


READERS = {"otlp": of_otlp, "folded": of_folded, "speedscope": of_speedscope, "pprof": of_pprof, "gecko": of_gecko}


def test_every_target_has_a_reader_here_and_a_suffix() -> None:
    assert set(READERS) == set(TARGETS) == set(SUFFIXES)


@pytest.mark.parametrize("target", TARGETS)
def test_no_sample_is_lost_and_none_is_made_up(target: str) -> None:
    assert READERS[target](TARGETS[target](REAL)) == functions(REAL)


@pytest.mark.parametrize("target", TARGETS)
def test_the_same_recording_gives_the_same_bytes(target: str) -> None:
    again = replace(REAL, stacks=dict(reversed(list(REAL.stacks.items()))))
    assert TARGETS[target](again) == TARGETS[target](REAL)


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("target", TARGETS)
def test_hostile_names_break_no_file(target: str, attack: str) -> None:
    content = TARGETS[target](hostile(ATTACKS[attack]))
    counted = READERS[target](content)
    assert sorted(counted.values()) == [2, 3]
    assert sorted(map(len, counted)) == [1, 3]
    assert all(char.isprintable() for path in counted for name in path for char in name)


@pytest.mark.parametrize("profile", [REAL, WALL, *map(hostile, ATTACKS.values())], ids=lambda one: str(one.total))
def test_speedscope_files_keep_its_schema(profile: Profile) -> None:
    jsonschema.validate(json.loads(TARGETS["speedscope"](profile)), SCHEMA)


def test_asyncspy_reads_its_own_exports_again(tmp_path: Path) -> None:
    for target in ("folded", "speedscope"):
        file = tmp_path / target
        file.write_bytes(export_profile(REAL, target, embed_origin=embed_origin))
        assert functions(load(file)) == functions(REAL)


def test_pprof_tells_time_process_and_thread() -> None:
    profile = parsed(TARGETS["pprof"](WALL))
    text = profile.string_table
    assert [(text[one.type], text[one.unit]) for one in profile.sample_type] == [
        ("samples", "count"),
        ("wall", "nanoseconds"),
    ]
    assert text[profile.default_sample_type] == "wall"
    assert profile.period == 1_000_000_000 // 20
    assert all(sample.value[1] == sample.value[0] * profile.period for sample in profile.sample)
    labels = {(text[one.key], text[one.str], one.num) for sample in profile.sample for one in sample.label}
    assert {pid for key, _, pid in labels if key == "pid"} == {stack.pid for stack in WALL.stacks if stack.pid}
    assert ("thread", "MainThread", 0) in labels
    assert profile.time_nanos > 1_700_000_000 * 10**9
    assert len(text) == len(set(text))
    assert text[0] == ""


def test_pprof_knows_the_lines() -> None:
    profile = parsed(TARGETS["pprof"](REAL))
    found = {(profile.string_table[f.name], profile.string_table[f.filename]) for f in profile.function}
    assert ("helper_count", "/srv/shop/shop/pricing.py") in found
    (function,) = [f.id for f in profile.function if profile.string_table[f.name] == "helper_count"]
    assert {line.line for place in profile.location for line in place.line if line.function_id == function} == {9}


def test_without_a_rate_samples_are_samples() -> None:
    profile = replace(REAL, origins=())
    read = parsed(TARGETS["pprof"](profile))
    assert [read.string_table[one.unit] for one in read.sample_type] == ["count"]
    assert {one["unit"] for one in json.loads(TARGETS["speedscope"](profile))["profiles"]} == {"none"}


@pytest.mark.parametrize(
    ("number", "said"), [(0, b"\0"), (1, b"\1"), (127, b"\x7f"), (300, b"\xac\2"), (-1, b"\xff" * 9 + b"\1")]
)
def test_numbers_are_written_as_the_protocol_has_them(number: int, said: bytes) -> None:
    assert varint(number) == said


@pytest.mark.parametrize("target", ["folded", "speedscope", "pprof", "otlp"])
def test_absurd_weights_fit(target: str) -> None:
    TARGETS[target](Profile({Stack((Frame("f", "f.py", 2**40),)): 10**30}, (Origin("x", rate=1, duration=1e300),)))


def test_what_gecko_cannot_hold_is_refused_with_what_to_do() -> None:
    with pytest.raises(OutputError, match="too many"):
        TARGETS["gecko"](Profile({Stack((Frame("f", "f.py"),)): 10**9}))
