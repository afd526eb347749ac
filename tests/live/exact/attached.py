"""asyncspy attach --exact beside the guard program, to what it captured; on which Pythons."""

from __future__ import annotations

import itertools
import json
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.live.exact.served import OURS, PROGRAM, Served, needs_a_root

PLANTED = PROGRAM / "guard" / "planted.py"
LINES = {
    found[1]: number
    for number, line in enumerate(PLANTED.read_text().splitlines(), 1)
    if (found := re.search(r"# planted: (\w+)", line))
}


def versions(*wanted: str) -> pytest.MarkDecorator:
    """A test on our own Python, and where the matrix is asked for on each of these; those that are missing say so."""
    each = dict.fromkeys(["ours", *(version for version in wanted if version != OURS)])
    return pytest.mark.parametrize("version", [pytest.param(version, marks=_marks(version)) for version in each])


def _marks(version: str) -> list[pytest.MarkDecorator]:
    if version == "ours":
        return []
    return [pytest.mark.matrix, *([pytest.mark.root] if needs_a_root(version) else [])]


def attach(served: Served, folder: Path, *words: str, seconds: int = 170) -> subprocess.Popen[str]:
    """Attach in the background, counting alone."""
    how = ["--exact", "--mode", "none", "--duration", str(seconds), "--output", str(folder), "--format", "json"]
    command = [sys.executable, "-m", "asyncspy", "attach", "--pid", str(served.pid), *how, *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until_in(attached: subprocess.Popen[str], served: Served) -> None:
    """Until it says that the hook counts; the app of older Pythons looks for it as requests begin."""
    assert attached.stderr is not None
    with asking_all_the_time(served):
        said = list(itertools.takewhile(lambda line: not line.startswith("Counting"), attached.stderr))
    assert attached.poll() is None, said


@contextmanager
def asking_all_the_time(served: Served) -> Iterator[None]:
    """Requests without a fault, ten a second."""
    over = threading.Event()

    def poke() -> None:
        while not over.wait(0.1):
            served.get("/innocent")

    poking = threading.Thread(target=poke, daemon=True)
    poking.start()
    try:
        yield
    finally:
        over.set()
        poking.join(10)


def report(attached: subprocess.Popen[str]) -> dict[str, Any]:
    """Ends it, as Ctrl-C does, and gives its report."""
    attached.send_signal(signal.SIGINT)
    said, errors = attached.communicate(timeout=90)
    assert attached.returncode == 130, errors
    told: dict[str, Any] = json.loads(said)
    return told


def captured(told: dict[str, Any]) -> Counter[str]:
    """How often each planted line was captured; what was not planted is under its own name."""
    sites = {line: site for site, line in LINES.items()}
    counts: Counter[str] = Counter()
    for finding in told["findings"]:
        culprit = finding["culprit"]
        own = culprit["file"].endswith("guard/planted.py") and culprit["line"] in sites
        name = sites[culprit["line"]] if own else f"{culprit['file']}:{culprit['line']}"
        counts[name] += finding["evidence"]["exact"]
    return counts
