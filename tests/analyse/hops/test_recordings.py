"""Real recordings of tests/live/programs/hops: every planted line is named as what it is, and no innocent twin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from asyncspy.analyse import analyse
from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding
from asyncspy.model.stacks import Frame, Stack
from asyncspy.read import load
from tests.read.fixtures import READABLE, RECORDINGS

FOLDER = Path(__file__).parents[3] / "fixtures" / "hops"
PROGRAM = Path(__file__).parents[2] / "live" / "programs" / "hops"
SERVED_FROM = "/srv/hops/"
LARGEST = 200_000

CULPRITS = {
    "wall-sleeps": ("blocked-loop", "sleep", "planted: sleep"),
    "wall-sleeps-uvloop": ("blocked-loop", "sleep", "planted: sleep"),
    "wall-fetches-workers": ("blocked-loop", "socket", "planted: socket, in the standard library"),
    "wall-reads": ("blocked-loop", "socket", "planted: socket, no frame of its own"),
    "wall-fetches": ("blocked-loop", "socket", "planted: socket, in the standard library"),
    "wall-locks": ("blocked-loop", "lock", "planted: lock"),
    "wall-waits": ("blocked-loop", "thread", "planted: event"),
    "wall-runs": ("blocked-loop", "process", "planted: subprocess"),
    "wall-computes": ("blocked-loop", "unknown", "busy: it holds the GIL"),
    "wall-computes_in_c": ("blocked-loop", "unknown", "busy: it holds the GIL, in one line of C"),
    "wall-raw": ("pool-saturated", None, "legit: in a thread; planted-pool: all requests wait for this one"),
    "wall-fills_the_pool": ("pool-saturated", None, None),
    "wall-sleeps_well-first": ("sync-middleware", None, "planted-middleware: class"),
    "wall-sleeps_well-last": ("sync-middleware", None, "planted-middleware: class"),
    "gil-plain-first": ("sync-middleware", None, "planted-middleware: class"),
    "gil-plain-last": ("sync-middleware", None, "planted-middleware: class"),
    "gil-plain-function": ("sync-middleware", None, "planted-middleware: function"),
    "gil-hops_often": ("hop-cost", None, "planted-hops"),
}
"""For each recording with a fault: its kind, what is waited for, and the mark on the planted line."""

INNOCENT = sorted({path.stem for path in FOLDER.glob("*.json")} - set(CULPRITS))


def source(file: str) -> str | None:
    """The program's text; it was served from a copy elsewhere."""
    here = PROGRAM / file.removeprefix(SERVED_FROM)
    return here.read_text() if file.startswith(SERVED_FROM) and here.is_file() else None


@cache
def judged(name: str, *, with_source: bool = True) -> Analysis:
    return analyse(load(FOLDER / f"{name}.json"), source=source if with_source else lambda _file: None)


def mark_at(finding: Finding) -> str | None:
    """What the program says of the line that is named."""
    lines = (source(finding.culprit.frame.file) or "").splitlines()
    line = finding.culprit.frame.line
    return lines[line - 1].partition("  # ")[2] if 0 < line <= len(lines) else None


@pytest.mark.parametrize("name", CULPRITS)
def test_what_was_planted_is_named_as_what_it_is(name: str) -> None:
    kind, wait, mark = CULPRITS[name]
    (finding,) = judged(name).findings
    assert (finding.kind, mark_at(finding)) == (kind, mark)
    assert (finding.wait.kind if finding.wait else None) == wait
    if finding.wait is not None:
        assert finding.wait.certain == (wait != "unknown")
    assert finding.remedies


@pytest.mark.parametrize("name", INNOCENT)
def test_the_twins_are_named_by_nothing(name: str) -> None:
    analysis = judged(name)
    assert analysis.findings == ()
    assert analysis.samples.total > 0


@pytest.mark.parametrize("name", READABLE)
def test_legitimate_applications_get_no_finding_beside_their_violations(name: str) -> None:
    kinds = {finding.kind for finding in analyse(load(RECORDINGS / name)).findings}
    assert kinds <= {"async-unsafe"}


@pytest.mark.parametrize("name", ["wall-computes", "wall-computes_in_c"])
def test_beside_a_recording_by_the_gil_a_line_that_computes_is_nothing(name: str) -> None:
    by_gil = load(FOLDER / f"{name.replace('wall', 'gil')}.json")
    assert analyse(load(FOLDER / f"{name}.json"), source=source, gil=by_gil).findings == ()


@pytest.mark.parametrize("name", ["wall-sleeps", "wall-reads", "wall-locks"])
def test_without_the_source_a_wait_without_a_frame_is_doubted(name: str) -> None:
    (finding,) = judged(name, with_source=False).findings
    assert mark_at(finding) == CULPRITS[name][2]
    assert finding.wait is not None
    assert not finding.wait.certain


def test_what_is_dragged_along_is_counted() -> None:
    assert [judged(name).findings[0].drags for name in ("gil-plain-first", "gil-plain-last")] == [0, 2]
    assert [judged(f"wall-sleeps_well-{place}").findings[0].drags for place in ("first", "last")] == [0, 2]


def test_a_pinned_thread_is_counted_where_waits_are() -> None:
    threads = judged("wall-sleeps_well-first").findings[0].threads
    assert threads is not None
    assert 2 < threads <= 4.5
    assert judged("gil-plain-first").findings[0].threads is None


def test_the_hops_of_middleware_are_djangos_and_its_classes_are_seen() -> None:
    figures = judged("gil-plain-mixin").hops
    assert figures is not None
    assert figures.share is not None
    assert figures.share.low > 0.1
    callers = {portion.frame.function: portion.weight for portion in figures.callers if portion.frame}
    assert max(callers, key=lambda name: callers[name]) == "MiddlewareMixin.__acall__"
    worked = {portion.frame.function.partition(".")[0] for portion in figures.work if portion.frame}
    assert worked & {"Stamp", "CommonMiddleware", "SecurityMiddleware"}


@pytest.mark.parametrize("name", [path.stem for path in FOLDER.glob("*.json")])
def test_figures_add_up_and_files_stay_small(name: str) -> None:
    analysis = judged(name)
    assert (FOLDER / f"{name}.json").stat().st_size < LARGEST
    assert (analysis.hops is None) == name.startswith("wall")
    if analysis.wall is not None:
        assert analysis.wall.loop == analysis.wall.idle + analysis.wall.waiting + analysis.wall.busy > 0
    if analysis.hops is not None:
        assert sum(portion.weight for portion in analysis.hops.callers) == analysis.hops.samples
        assert sum(portion.weight for portion in analysis.hops.work) == analysis.samples.pool


@pytest.mark.parametrize("spelling", ["whole, bare", "short, qualified"])
@pytest.mark.parametrize("name", CULPRITS)
def test_older_spellings_of_the_same_frames_lead_to_the_same_findings(name: str, spelling: str) -> None:
    profile = load(FOLDER / f"{name}.json")
    spell = _SPELLINGS[spelling]
    stacks: Counter[Stack] = Counter()
    for stack, weight in profile.stacks.items():
        stacks[stack._replace(frames=tuple(map(spell, stack.frames)))] += weight
    analysis = analyse(replace(profile, stacks=stacks), source=source)
    assert [(f.kind, f.wait, f.culprit.frame.line, f.drags) for f in analysis.findings] == [
        (f.kind, f.wait, f.culprit.frame.line, f.drags) for f in judged(name).findings
    ]


def _short(file: str) -> str:
    """As py-spy shortens it: to the import path, but for files of no package; own ones stay findable here."""
    for root in ("/site-packages/", "/lib/python3.12/"):
        file = file.rpartition(root)[2] if root in file else file
    return file


_SPELLINGS: dict[str, Callable[[Frame], Frame]] = {
    "whole, bare": lambda frame: frame._replace(function=frame.function.rpartition(".")[2]),
    "short, qualified": lambda frame: frame._replace(file=_short(frame.file)),
}
