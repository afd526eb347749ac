"""Lives through the rehearsal for real, for some ten minutes, and writes docs/walkthrough.md from what was seen.

python -m docs.walkthrough
"""

from __future__ import annotations

import platform
import re
import sys
import tempfile
from pathlib import Path

from tests.live.rehearsal.story import Step, Story, tell

PAGE = Path(__file__).with_name("walkthrough.md")
REFRESH, PROOF = 50, "2m"

HEAD = """# A rehearsal: from the page to the proof

A bookshop, Django 5.2 on PostgreSQL under gunicorn with two uvicorn workers. Since the last release **{failed} of
{asked:,} requests** have been answered with 500, at no particular view. Nothing is in the log: production logs no
tracebacks. This is what an operator types who has this repository's README, and what is printed: recorded by
`python -m docs.walkthrough` on a machine of two processors that others kept busy, and replayed by
`tests/live/rehearsal` (`make ship`). What a person thinks or looks up takes no time here; what the tool takes is real.

| since the page | |
|---|---|
{times}

The fault: a middleware reads its feature flags again once in {refresh} requests, and does so on the event loop.
"""

TOLD = {
    "asyncspy find-workers": "Which processes serve?",
    "asyncspy doctor": "May they be watched?",
    "asyncspy attach --pid PID --until": "Record the master, which means all its workers, for no longer than it takes.",
    "vi": "The edit, as the report's second fix has it:",
    "kill": "gunicorn's own reload; nothing was restarted until here.",
    "asyncspy attach --pid PID --duration": "Record again.",
    "asyncspy diff": "Is the line gone?",
    "asyncspy report": "From now on CI holds it: exit code 0, and 1 once there is a violation that was not there.",
}


def page(story: Story) -> str:
    """The whole page."""
    before = story.answered["before"]
    named = story.step("asyncspy attach").ended
    mended = story.step("kill").ended
    proved = max(step.ended for step in story.steps if step.typed.startswith("asyncspy diff"))
    rows = [(named, "the line is named, with what to write instead"), (mended, "the mended code serves")]
    rows += [(proved, "that it is gone is proved")]
    head = HEAD.format(
        failed=before.get(500, 0),
        asked=sum(before.values()),
        refresh=REFRESH,
        times="\n".join(f"| {clock(at)} | {what} |" for at, what in rows),
    )
    return neutral("\n".join([head, *map(section, story.steps)]))


def section(step: Step) -> str:
    """One step: when, why, what was typed, what it printed."""
    typed = re.sub(r"--pid \d+", "--pid PID", step.typed)
    why = next((text for start, text in TOLD.items() if typed.startswith(start)), "")
    printed = f"\n{step.printed.rstrip()}" if step.printed.strip() else ""
    return f"## {clock(step.began)}\n\n{why}\n\n```console\n$ {step.typed}{printed}\n```\n"


def clock(seconds: float) -> str:
    """1:05 of 65 seconds."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}"


def neutral(text: str) -> str:
    """Without where this checkout happens to lie, and whose kernel it was."""
    release = platform.release()
    return text.replace(sys.prefix, "/srv/venv").replace(release, ".".join(release.split(".")[:2]))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="rehearsal-") as scratch:
        PAGE.write_text(page(tell(Path(scratch), refresh=REFRESH, proof=PROOF)))
