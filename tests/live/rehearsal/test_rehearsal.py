"""docs/walkthrough.md is replayed: the same commands, on the same service, with a fault that comes more often."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.live.harness import PROGRAMS
from tests.live.rehearsal.story import MIDDLEWARE, Story, tell

pytestmark = [pytest.mark.live, pytest.mark.ship, pytest.mark.usefixtures("may_trace"), pytest.mark.timeout(1800)]

PAGE = Path(__file__).parents[3] / "docs" / "walkthrough.md"
QUERY = "return {flag.name: flag.on for flag in Flag.objects.all()}"


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return tell(tmp_path_factory.mktemp("rehearsal"), refresh=5, proof="60s")


def kinds(typed: list[str]) -> list[str]:
    """What was typed, each once, without pids, lengths of time and names of later recordings."""
    plain = [re.sub(r"\b\d+[sm]?\b|longer-\d.json|after.json", "N", line) for line in typed]
    return list(dict.fromkeys(plain))


def test_the_report_names_the_line_with_the_query(story: Story) -> None:
    lines = (PROGRAMS / "bookshop" / MIDDLEWARE).read_text().splitlines()
    (number,) = [at for at, line in enumerate(lines, 1) if line.strip() == QUERY]
    report = story.step("asyncspy attach").printed
    assert report.startswith("1 line of your code calls async-unsafe Django")
    assert f"{MIDDLEWARE}:{number}  read_flags" in report


def test_the_edit_is_the_reports_own_and_ends_the_errors(story: Story) -> None:
    assert "+            self.flags = await sync_to_async(read_flags)()" in story.edit
    assert story.answered["before"][500] > 0
    assert set(story.answered["after"]) == {200}


def test_it_is_proved_that_the_line_is_gone(story: Story) -> None:
    proof = [step for step in story.steps if step.typed.startswith("asyncspy diff")][-1]
    assert re.search(r"^GONE\s+bookshop/middleware.py", proof.printed, re.MULTILINE), proof.printed


def test_the_page_shows_what_was_typed(story: Story) -> None:
    shown = re.findall(r"^\$ (.*)$", PAGE.read_text(), re.MULTILINE)
    assert kinds(shown) == kinds([step.typed for step in story.steps])
