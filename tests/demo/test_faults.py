"""The shop itself is asked whether its marks are true: which lines raise, which answer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from asyncspy.demo.planted import planted, twins
from asyncspy.demo.shop import DemoError, copied_shop
from asyncspy.demo.traffic import ROUTES

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    with copied_shop(tmp_path_factory.mktemp("shop")) as (root, environment, session):
        routes = json.dumps([route._asdict() for route in ROUTES])
        program = Path(__file__).with_name("ask_the_shop.py")
        done = subprocess.run(
            [sys.executable, str(program), routes, session],
            cwd=root,
            env={**environment, "ASYNCSPY_TRACER_NAMED": ""},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "the shop must not flood the terminal"
    return dict(json.loads(done.stdout))


def lines_that_raised(answer: dict[str, Any]) -> set[str | None]:
    return {line for page in answer["asked"].values() for line in page["raised"]}


def test_the_lines_that_raise_are_exactly_the_planted_ones(answer: dict[str, Any]) -> None:
    assert lines_that_raised(answer) == {f"{mark.file}:{mark.line}" for mark in planted()}


def test_every_twin_runs(answer: dict[str, Any]) -> None:
    assert {f"{mark.file}:{mark.line}" for mark in twins()} <= set(answer["ran"])


def test_pages_without_a_fault_answer(answer: dict[str, Any]) -> None:
    innocent = {path: page["status"] for path, page in answer["asked"].items() if not page["raised"]}
    assert len(innocent) >= 8
    assert set(innocent.values()) == {200}


def test_a_fault_is_a_failed_page_or_a_caught_one(answer: dict[str, Any]) -> None:
    statuses = {path: page["status"] for path, page in answer["asked"].items() if page["raised"]}
    assert set(statuses.values()) == {200, 500}


def test_no_page_of_the_shop_is_left_out_of_the_load() -> None:
    with copied_shop() as (root, environment, _session):
        code = (
            "import django, json; django.setup(); from shop.urls import urlpatterns; import sys;"
            "paths = [p[1:] for p in json.loads(sys.argv[1])];"
            "print([str(u.pattern) for u in urlpatterns if not any(u.resolve(p) for p in paths)])"
        )
        paths = json.dumps([route.path for route in ROUTES])
        done = subprocess.run(
            [sys.executable, "-c", code, paths],
            cwd=root, env=environment, capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
    assert done.stdout.strip() == "['health/']"


def test_a_folder_with_something_in_it_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(DemoError, match="not empty"), copied_shop(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
