"""The use cases as a library: called without a command line, they print nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from asyncspy.workflow.check_gate import GateOptions, load_gate, parse_condition
from asyncspy.workflow.compare_recordings import compare_recordings
from asyncspy.workflow.export_recordings import ExportOptions, export_recordings
from asyncspy.workflow.list_workers import ListOptions, list_workers
from asyncspy.workflow.load_recordings import load_and_analyse
from asyncspy.workflow.machine import Machine
from asyncspy.workflow.record_live import stage_times
from asyncspy.workflow.record_options import in_slices, whole_passes

RECORDINGS = Path(__file__).parents[2] / "fixtures" / "recordings"
EVERY, NEVER = (RECORDINGS / f"uvicorn-asyncio-{often}.speedscope.json" for often in ("every1", "never"))


@pytest.fixture(autouse=True)
def silent(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Nothing is printed by any of them."""
    yield
    assert capfd.readouterr() == ("", "")


def test_saved_recordings_are_analysed() -> None:
    recording = load_and_analyse([EVERY])
    assert [finding.culprit.frame.function for finding in recording.analysis.findings] == ["helper_count"]
    assert load_and_analyse([EVERY, EVERY]).analysis == recording.analysis


def test_recordings_are_compared() -> None:
    (difference,) = compare_recordings([EVERY], [NEVER]).comparison.differences
    assert difference.change == "gone"


def test_findings_are_exported() -> None:
    content = export_recordings([EVERY], ExportOptions("folded", findings_only=True))
    assert all(b"helper_count" in line for line in content.splitlines())


def test_a_gate_is_checked_against_its_baseline() -> None:
    conditions, analysis = (parse_condition("violation"),), load_and_analyse([EVERY]).analysis
    gate, against_itself = load_gate(GateOptions(conditions)), load_gate(GateOptions(conditions, baseline=EVERY))
    assert gate is not None
    assert against_itself is not None
    assert len(gate.check(analysis).failures) == 1
    result = against_itself.check(analysis)
    assert (result.failures, len(result.known)) == ((), 1)
    assert load_gate(GateOptions()) is None


def test_workers_are_listed() -> None:
    assert list_workers(ListOptions(server="uvicorn"), Machine(find_workers=list)) == ([], [])


def test_how_long_all_stages_take_is_said_beforehand() -> None:
    both = whole_passes("both", 20, 10, None)
    assert stage_times(both) == (
        "20 s at 100 Hz, then 10 s at 20 Hz, waits included: 30 s in all, and a few more to start and to report"
    )
    assert stage_times(whole_passes("gil", 20, 10, None)) == "20 s at 100 Hz"
    assert ": at most 30 s in all" in stage_times(in_slices(both))
