"""asyncspy report on recordings of one load in several formats: the same verdict, and nothing lost in silence."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from asyncspy.cli import commands

RECORDINGS = Path(__file__).parents[2] / "fixtures" / "recordings"
PLANTED = ("helper_count", "shop/pricing.py", "QuerySet.count")


def report(*files: Path) -> dict[str, Any]:
    shown = CliRunner().invoke(commands, ["report", "--format", "json", *map(str, files)], prog_name="asyncspy")
    assert shown.exit_code == 0, shown.output
    answer: dict[str, Any] = json.loads(shown.stdout)
    return answer


def named(answer: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (f["culprit"]["function"], "/".join(f["culprit"]["file"].split("/")[-2:]), f["call"])
        for f in answer["findings"]
    ]


EVERY_REQUEST = sorted(RECORDINGS.glob("*-every1.*"))


@pytest.mark.parametrize("file", EVERY_REQUEST, ids=lambda path: path.name)
def test_every_format_names_the_planted_line_and_no_other(file: Path) -> None:
    answer = report(file)
    assert named(answer) == [PLANTED]
    assert answer["verdict"] == "violations"
    samples = answer["samples"]
    assert samples["total"] == sum(samples[world] for world in ("loop", "pool", "sync", "idle", "other"))


def test_there_are_recordings_of_every_format_and_server() -> None:
    names = " ".join(path.name for path in EVERY_REQUEST)
    for kind in ("uvicorn-asyncio", "uvicorn-uvloop", "uvicorn-workers", "gunicorn", "speedscope", "raw", "svg"):
        assert kind in names


@pytest.mark.parametrize("file", sorted(RECORDINGS.glob("*-never.*")), ids=lambda path: path.name)
def test_legitimate_traffic_alone_is_no_finding_though_its_threads_show_the_wrapper(file: Path) -> None:
    answer = report(file)
    assert named(answer) == []
    assert answer["verdict"] == "none-seen"
    assert "django/utils/asyncio.py" in file.read_text()


def test_an_svg_says_what_its_format_lost() -> None:
    (read,) = report(RECORDINGS / "uvicorn-asyncio-default.svg")["inputs"]
    assert read["format"] == "svg"
    assert "frames in fewer than 4 of 3,978 samples (0.1%) are not drawn" in read["notes"]


def test_several_recordings_are_one_report() -> None:
    files = sorted(RECORDINGS.glob("*-every1.speedscope.json"))
    together, alone = report(*files), [report(file) for file in files]
    assert len(files) > 1
    assert named(together) == [PLANTED]
    assert together["samples"]["total"] == sum(one["samples"]["total"] for one in alone)
    evidence = [one["findings"][0]["evidence"] for one in alone]
    assert together["findings"][0]["evidence"]["heading"] == sum(one["heading"] for one in evidence)


def test_violations_that_were_allowed_are_marked_as_the_worse_case() -> None:
    (finding,) = report(RECORDINGS / "uvicorn-asyncio-allowed.speedscope.json")["findings"]
    assert finding["allowed"] is True
    assert finding["evidence"]["reached"] > 0


def test_waiting_threads_in_an_idle_recording_are_idle_and_change_no_finding() -> None:
    answer = report(RECORDINGS / "uvicorn-asyncio-idle.speedscope.json")
    assert named(answer) == [PLANTED]
    assert answer["samples"]["idle"] > 0


def with_roots(file: Path, *roots: str) -> dict[str, Any]:
    options = [word for root in roots for word in ("--app-root", root)]
    words = ["report", "--format", "json", *options, str(file)]
    shown = CliRunner().invoke(commands, words, prog_name="asyncspy")
    assert shown.exit_code == 0, shown.output
    answer: dict[str, Any] = json.loads(shown.stdout)
    return answer


@pytest.mark.parametrize("root", ["/srv/shop", "/srv/shop/", "/srv"])
def test_own_code_lies_where_it_is_said_to(root: str) -> None:
    (finding,) = with_roots(RECORDINGS / "uvicorn-asyncio-every1.speedscope.json", root)["findings"]
    assert (finding["culprit"]["function"], finding["culprit"]["package"]) == ("helper_count", None)


def test_outside_of_all_roots_nothing_is_ones_own() -> None:
    (finding,) = with_roots(RECORDINGS / "uvicorn-asyncio-every1.speedscope.json", "/srv/other")["findings"]
    assert finding["culprit"]["function"] == "helper_count"
    assert finding["culprit"]["package"] == "/srv/shop/shop"


def test_several_roots_and_short_names() -> None:
    answer = with_roots(RECORDINGS / "uvicorn-asyncio-every1.raw.txt", "billing", "shop")
    assert named(answer) == [PLANTED]


def test_a_recording_without_folders_names_the_line_and_says_what_it_went_by(tmp_path: Path) -> None:
    """A container's recording without --full-filenames: every file has lost its folders."""
    text = (RECORDINGS / "uvicorn-asyncio-every1.raw.txt").read_text()
    bare = tmp_path / "container.raw.txt"
    bare.write_text(re.sub(r"\((?:[^();:]*/)([^/();:]+):", r"(\1:", text))
    (finding,) = with_roots(bare)["findings"]
    assert (finding["culprit"]["function"], finding["culprit"]["file"]) == ("helper_count", "pricing.py")
    assert finding["culprit"]["by_name"] is True
    whole = CliRunner().invoke(commands, ["report", str(bare)], prog_name="asyncspy").stdout
    assert "names alone decided" in " ".join(whole.split())


def test_each_worker_has_its_part() -> None:
    (finding,) = report(RECORDINGS / "uvicorn-workers-asyncio-every1.speedscope.json")["findings"]
    assert len({one["pid"] for one in finding["workers"]}) == 2
    assert sum(one["samples"] for one in finding["workers"]) == sum(finding["evidence"].values())
