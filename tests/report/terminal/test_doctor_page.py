from __future__ import annotations

import json
import unicodedata

import pytest
from rich.cells import cell_len

from asyncspy.model.processes import CheckResult, Diagnosis
from asyncspy.report.json_report import diagnosis_as_json
from asyncspy.report.terminal.doctor_page import render_diagnosis
from tests.report import examples
from tests.report.views import view

FINE = CheckResult("yama", ok=True, said="this kernel has no Yama")
WRONG = CheckResult(
    "same user", ok=False, said="it belongs to ada and you are bob", remedy="sudo asyncspy attach --pid 42"
)


def shown(diagnosis: Diagnosis, width: int = 80) -> str:
    return render_diagnosis(diagnosis, view(width))


def test_what_is_wrong_stands_with_its_remedy_and_the_answer_below() -> None:
    lines = shown(Diagnosis(42, False, (FINE, WRONG))).splitlines()
    assert lines == [
        "ok  yama       this kernel has no Yama",
        "no  same user  it belongs to ada and you are bob",
        "               ▸ sudo asyncspy attach --pid 42",
        "",
        "Attaching will not work to process 42: same user.",
    ]


def test_the_answer_where_all_is_well() -> None:
    assert shown(Diagnosis(42, True, (FINE,))).splitlines()[-1] == "Attaching will work to process 42."
    assert "No worker of a known server" in shown(Diagnosis(None, True, (FINE,)))


def test_workers_are_listed_where_no_process_was_asked_for() -> None:
    text = shown(Diagnosis(None, True, (FINE,), (examples.GUNICORN[1], examples.UVICORN[0])))
    assert "ok  gunicorn worker 48291  shop.asgi:application" in text
    assert "no  uvicorn worker 51077  intranet.asgi:app: The process belongs" in text
    assert "sudo asyncspy attach --pid 51077" in text


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_line_is_wider_than_asked_and_hostile_names_are_inert(width: int) -> None:
    hostile = CheckResult("name", ok=False, said=examples.HOSTILE, remedy=examples.HOSTILE)
    diagnosis = Diagnosis(42, False, (hostile, WRONG), (examples.HOSTILE_WORKER,))
    for line in shown(diagnosis, width).split("\n"):
        assert cell_len(line) <= width
    for text in (shown(diagnosis, width), diagnosis_as_json(diagnosis)):
        assert not [c for c in text if c != "\n" and unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]


def test_the_object_for_programs() -> None:
    told = json.loads(diagnosis_as_json(Diagnosis(42, False, (FINE, WRONG))))
    assert (told["pid"], told["will_attach"]) == (42, False)
    assert told["checks"][1] == {"name": "same user", "ok": False, "said": WRONG.said, "remedy": WRONG.remedy}
