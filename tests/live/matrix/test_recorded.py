"""What was recorded in every world is judged by the same marks: nothing seen is missed, and nothing innocent is named.

These are the matrix's fixtures (fixtures/matrix/record.py made them); the worlds themselves need `make matrix`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from asyncspy.analyse import analyse
from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding
from asyncspy.read import load
from tests.live.matrix.combinations import COMBINATIONS
from tests.live.matrix.verdict import SEEN, judged, planted, seen

FOLDER = Path(__file__).parents[3] / "fixtures" / "matrix"
WORLDS = sorted(path.name for path in FOLDER.glob("django*.json"))
SAMPLERS = sorted(path.name for path in FOLDER.glob("py-spy-*.json"))
FORMS = sorted(path.name for path in FOLDER.glob("[!pd]*py3*"))
FUNCTIONS = {
    *{("faults.py", fault) for (file, _), fault in planted().items() if file == "core/faults.py"},
    ("helpers.py", "staff_count"),
    ("helpers.py", "on_order"),
}
"""The planted functions: all that a recording without line numbers can name."""


def analysed(name: str) -> Analysis:
    return analyse(load(FOLDER / name))


def test_every_combination_has_its_recording_and_none_is_large() -> None:
    assert sorted(f"{combination.name}.json" for combination in COMBINATIONS) == WORLDS
    assert [path.name for path in FOLDER.iterdir() if path.stat().st_size > 200_000] == []


@pytest.mark.parametrize("name", [*WORLDS, *SAMPLERS])
def test_all_that_was_seen_is_found_and_nothing_else(name: str) -> None:
    row = judged(FOLDER / name, analysed(name))
    assert row.missed == frozenset()
    assert row.false_alarms == ()
    assert len(row.well_seen) >= 9


@pytest.mark.parametrize("name", WORLDS)
def test_nothing_is_called_allowed_where_the_guard_refused_all(name: str) -> None:
    assert [finding.call for finding in analysed(name).findings if finding.allowed] == []


@pytest.mark.parametrize("name", [*WORLDS, *SAMPLERS])
def test_the_way_in_is_the_view_whatever_the_world(name: str) -> None:
    if "wsgi" in name:
        pytest.skip("async views under WSGI run on a loop of their own, with no frame of Django below them")
    kinds = {entry.kind for finding in analysed(name).findings for entry in finding.entries}
    assert kinds <= {"async view", "signal receiver"}


@pytest.mark.parametrize("python", ["py3.9", "py3.11"])
def test_every_py_spy_gives_the_same_findings(python: str) -> None:
    """Of the faults that each of them saw often enough, by the line, the function, and the name of the call."""
    names = [name for name in SAMPLERS if python in name]
    assert len(names) == 3
    often = [{fault for fault, count in seen(FOLDER / name).items() if count >= SEEN} for name in names]
    shared = frozenset.intersection(*map(frozenset, often))
    assert len(shared) >= 8
    told = [{_told(finding) for finding in analysed(name).findings if _fault(finding) in shared} for name in names]
    assert told[0] == told[1] == told[2]


@pytest.mark.parametrize("name", FORMS)
def test_poorer_forms_name_the_planted_functions_and_no_other(name: str) -> None:
    analysis = analysed(name)
    culprits = {
        (finding.culprit.frame.file.rpartition("/")[2], finding.culprit.frame.function.rpartition(".")[2])
        for finding in analysis.findings
        if finding.kind == "async-unsafe"
    }
    assert culprits <= FUNCTIONS
    assert len(culprits) >= 6
    assert [finding.call for finding in analysis.findings if finding.allowed] == []
    assert analysis.samples.sync <= analysis.samples.total // 50


def _fault(finding: Finding) -> str | None:
    file, line, *_ = _told(finding)
    return next((fault for (at, number), fault in planted().items() if file.endswith(at) and number == line), None)


def _told(finding: Finding) -> tuple[str, int, str, str]:
    frame = finding.culprit.frame
    return frame.file, frame.line, frame.function, finding.call
