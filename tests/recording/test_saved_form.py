"""The saved form: what is written is read back, and what later or broken hands wrote is met with words."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from asyncspy.errors import InputError
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Origin
from asyncspy.read import load
from asyncspy.recording import saved_form

TARGET = Worker(7, 1, "worker", True, "gunicorn", "27.0", "shop.asgi:application", python="3.12", started_at=1.5)
ORIGIN = Origin("py-spy 0.4.3", "gil", 100, 180.0, "2026-11-21T02:13:00+00:00", 17, 2, 1.2, True, "0.1.0", TARGET)


def test_what_is_embedded_is_extracted() -> None:
    document = saved_form.embed({"profiles": [1, 2]}, ORIGIN)
    assert saved_form.extract(json.loads(json.dumps(document))).passes == [(ORIGIN, [1, 2])]
    assert document["profiles"] == [1, 2]


def test_a_file_of_py_spys_own_says_nothing() -> None:
    assert saved_form.extract({"profiles": []}).passes == [(None, [])]


def told(account: dict[str, object]) -> Origin | None:
    """The one origin of an account, in whichever format."""
    first = saved_form.extract({"asyncspy": {"format": 1, **account}}).passes
    second = saved_form.extract({"asyncspy": {"format": 2, "passes": [{"profiles": 0, **account}]}}).passes
    assert first == second
    ((origin, _),) = first
    return origin


def test_a_later_format_asks_for_an_upgrade() -> None:
    with pytest.raises(InputError) as caught:
        saved_form.extract({"asyncspy": {"format": saved_form.FORMAT + 1, "sampler": "x"}})
    assert "upgrade" in caught.value.remedy


def test_unknown_keys_of_a_later_version_are_passed_over() -> None:
    assert told({"sampler": "py-spy", "weather": "fine"}) == Origin("py-spy")


@pytest.mark.parametrize(
    "broken",
    [
        {"rate": "fast"},
        {"samples": -5},
        {"rate": 10**400},
        {"duration": float("nan")},
        {"mode": "hearsay"},
        {"duration": None, "rate": True},
        {"target": [1]},
        {"interrupted": 3},
    ],
)
def test_values_of_the_wrong_kind_are_left_out(broken: dict[str, object]) -> None:
    assert told({"sampler": "py-spy", **broken}) == Origin("py-spy")


def test_an_account_without_what_it_needs_is_refused_with_a_way_out() -> None:
    with pytest.raises(InputError) as caught:
        saved_form.extract({"asyncspy": {"format": 1, "sampler": "py-spy", "target": {"pid": "x"}}})
    assert "remove" in caught.value.remedy


FIRST = Path(__file__).parents[2] / "fixtures" / "hops" / "gil-plain-first.json"


def test_the_first_format_is_read_forever() -> None:
    profile = load(FIRST)
    (origin,) = profile.origins
    assert json.loads(FIRST.read_text())["asyncspy"]["format"] == 1
    assert (origin.mode, origin.rate, origin.slices, origin.host) == ("gil", 100, 1, None)
    assert origin.target is not None
    assert origin.target.server == "uvicorn"
    assert profile.total == origin.samples
    assert (profile.waits, profile.sources) == (None, {})


@pytest.mark.parametrize("counts", [[1], [3], [-1, 3], [1, 1, 1], [True, 1], ["2"], [10**30]])
def test_an_account_that_does_not_fit_its_profiles_is_refused(counts: list[Any]) -> None:
    passes = [{"profiles": count, "sampler": "py-spy"} for count in counts]
    with pytest.raises(InputError) as caught:
        saved_form.extract({"asyncspy": {"format": 2, "passes": passes}, "profiles": [{}, {}]})
    assert "remove" in caught.value.remedy


def test_passes_are_told_apart() -> None:
    wall = replace(ORIGIN, mode="wall")
    document = saved_form.embed({"profiles": ["a", "b", "c"]}, ORIGIN, wall, counts=[1, 2])
    assert saved_form.extract(json.loads(json.dumps(document))).passes == [(ORIGIN, ["a"]), (wall, ["b", "c"])]


def test_lines_of_code_are_read_back() -> None:
    lines = {"/srv/a.py": {3: "\treturn 1", 12: "    # naïve – “quoted”"}}
    document = saved_form.embed({"profiles": []}, ORIGIN, sources=lines)
    assert saved_form.extract(json.loads(json.dumps(document))).sources == lines


@pytest.mark.parametrize(
    "lines",
    [
        [1],
        {"x": "a"},
        {"٣": "a"},
        {"0": "a"},
        {"-1": "a"},
        {"1_0": "a"},
        {"9" * 400: "a"},
        {"1": 7},
        {"1": "\x1b[2J"},
        {"1": "a\u202eb"},
        {"1": "x" * 5000},
        {"1": "\udc80"},
    ],
)
def test_what_is_no_line_of_code_is_left_out(lines: object) -> None:
    account = {"format": 2, "passes": [], "sources": {"/srv/a.py": lines, "/srv/b.py": {"1": "fine"}}}
    assert saved_form.extract({"asyncspy": account}).sources == {"/srv/b.py": {1: "fine"}}


def test_more_lines_than_a_recording_may_carry_are_left_out() -> None:
    many = {f"/srv/{n}.py": {str(line): "x" for line in range(1, 101)} for n in range(1000)}
    kept = saved_form.extract({"asyncspy": {"format": 2, "passes": [], "sources": many}}).sources
    assert sum(map(len, kept.values())) == saved_form.MAX_LINES
