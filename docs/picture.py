"""Serves the live tests' shop under load, runs the runbook's first two commands on it, and draws what they print.

python -m docs.picture        writes docs/report.svg, from a real run of about half a minute
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import CONSOLE_SVG_FORMAT, Console
from rich.text import Text

from tests.live.harness import PROGRAMS, loading, serving

WIDTH = 96
PICTURE = Path(__file__).with_name("report.svg")


def run(*words: str) -> str:
    """A command as it was typed, and what it printed on a terminal of this width."""
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(WIDTH)}
    done = subprocess.run(
        [sys.executable, "-m", "asyncspy", *words], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.rstrip()


def record() -> str:
    """Both commands on a gunicorn with two workers that violates in every fortieth request."""
    shop = PROGRAMS / "shop"
    served = serving(shop, server="gunicorn", loop="uvloop", env={"SHOP_VIOLATE_EVERY": "10"})
    with served as server, loading(server.url), tempfile.TemporaryDirectory() as folder:
        pid = str(server.pid)
        found = run("find-workers")
        attached = run("attach", "--pid", pid, "--duration", "30", "--output", folder)
    attached = re.sub(rf"{re.escape(folder)}/", "", attached)
    return f"$ asyncspy find-workers\n{found}\n\n$ asyncspy attach --pid {pid} --duration 30\n{attached}\n"


def draw(text: str) -> None:
    """The terminal as an SVG that fetches nothing."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(text))
    without_fonts = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    console.save_svg(str(PICTURE), title="asyncspy", code_format=without_fonts)


if __name__ == "__main__":
    draw(record())
