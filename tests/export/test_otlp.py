"""OpenTelemetry's own definitions read what we write: the dictionary keeps their rules, and nothing is said twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.profiles.v1development.profiles_service_pb2 import ExportProfilesServiceRequest
from opentelemetry.proto.profiles.v1development.profiles_pb2 import ProfilesData

from asyncspy.export import TARGETS
from asyncspy.export.protobuf import fixed64
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Frame, Origin, Profile, Stack
from asyncspy.read import load

FIXTURES = Path(__file__).parents[2] / "fixtures"
REAL = load(FIXTURES / "recordings" / "uvicorn-workers-asyncio-every1.speedscope.json")
WALL = load(FIXTURES / "hops" / "wall-fetches-workers.json")
SHOP = "/srv/shop/shop/pricing.py"
TABLES = "mapping location function link string attribute stack".split()


def written(profile: Profile) -> Any:
    return ProfilesData.FromString(TARGETS["otlp"](profile))


def profile_of(data: Any) -> Any:
    return data.resource_profiles[0].scope_profiles[0].profiles[0]


def of_resource(data: Any) -> dict[str, str]:
    return {one.key: one.value.string_value for one in data.resource_profiles[0].resource.attributes}


def used(data: Any) -> dict[str, set[int]]:
    """Which entries of each table somebody refers to."""
    names, profile = data.dictionary, profile_of(data)
    lines = [line for place in names.location_table for line in place.lines]
    types = [profile.sample_type, profile.period_type]
    strings = {n for one in names.function_table for n in (one.name_strindex, one.filename_strindex)}
    strings |= {one.key_strindex for one in names.attribute_table}
    strings |= {n for one in types for n in (one.type_strindex, one.unit_strindex)}
    return {
        "stack": {sample.stack_index for sample in profile.samples},
        "attribute": _all(sample.attribute_indices for sample in profile.samples),
        "location": _all(stack.location_indices for stack in names.stack_table),
        "function": {line.function_index for line in lines},
        "string": strings,
    }


def _all(lists: Iterable[Iterable[int]]) -> set[int]:
    return {one for some in lists for one in some}


@pytest.mark.parametrize("profile", [REAL, WALL], ids=["gil", "wall"])
def test_a_dictionary_begins_with_the_empty_entry_has_none_twice_and_none_that_nobody_means(profile: Profile) -> None:
    data = written(profile)
    meant = used(data)
    for name in TABLES:
        table = getattr(data.dictionary, f"{name}_table")
        entries = [one if name == "string" else one.SerializeToString() for one in table]
        assert entries[0] in {"", b""}
        assert len(entries) == len(set(entries)), name
        assert meant.get(name, set()) - {0} == set(range(1, len(entries))), name


def test_a_collector_is_asked_in_the_same_bytes() -> None:
    asked = ExportProfilesServiceRequest.FromString(TARGETS["otlp"](REAL))
    assert asked.SerializeToString() == ProfilesData.FromString(TARGETS["otlp"](REAL)).SerializeToString()
    assert len(asked.resource_profiles) == 1


def test_time_process_and_thread_are_told() -> None:
    data = written(WALL)
    names, profile = data.dictionary, profile_of(data)
    text = names.string_table
    assert (text[profile.sample_type.type_strindex], text[profile.sample_type.unit_strindex]) == ("samples", "count")
    assert (text[profile.period_type.type_strindex], profile.period) == ("wall", 10**9 // 20)
    assert profile.time_unix_nano > 1_700_000_000 * 10**9
    assert profile.duration_nano > 10**9
    attributes = [(text[one.key_strindex], one.value) for one in names.attribute_table]
    assert {value.int_value for key, value in attributes if key == "process.pid"} == {
        s.pid for s in WALL.stacks if s.pid
    }
    assert "MainThread" in {value.string_value for key, value in attributes if key == "thread.name"}


def test_lines_are_told() -> None:
    names = written(REAL).dictionary
    (helper,) = [n for n, one in enumerate(names.function_table) if named(one, names) == "helper_count"]
    lines = {line.line for place in names.location_table for line in place.lines if line.function_index == helper}
    assert (names.string_table[names.function_table[helper].filename_strindex], lines) == (SHOP, {9})


def named(function: Any, names: Any) -> str:
    return str(names.string_table[function.name_strindex])


def test_what_all_recordings_have_in_common_is_told_of_the_whole() -> None:
    target = Worker(7, 1, "worker", certain=True, server="uvicorn", app="shop.asgi:application", python="3.12")
    here = Origin("py-spy", host="web-1", target=target)
    assert of_resource(written(replace(REAL, origins=(here,)))) == {
        "service.name": "shop.asgi:application",
        "host.name": "web-1",
        "process.runtime.version": "3.12",
    }
    assert "host.name" not in of_resource(written(replace(REAL, origins=(here, replace(here, host="web-2")))))


def test_a_process_of_number_0_and_a_thread_without_a_name_are_told_as_such() -> None:
    (attribute,) = written(Profile({Stack((Frame("f", "f.py"),), 0): 1})).dictionary.attribute_table[1:]
    assert attribute.value.WhichOneof("value") == "int_value"


def test_a_number_of_eight_bytes_has_its_least_byte_first() -> None:
    assert fixed64(3, 258) == b"\x19\2\1\0\0\0\0\0\0"
    assert fixed64(3, 0) == b""
