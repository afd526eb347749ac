"""Reports of examples in every format, kept in golden/. `python -m tests.report.goldens` writes them anew."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from asyncspy import __version__
from asyncspy.report import COMPARISON_FORMATS, FORMATS
from asyncspy.report.terminal.worker_tree import render_workers
from tests.report import examples
from tests.report.test_comparison_formats import EVERY
from tests.report.views import view

GOLDEN = Path(__file__).parent / "golden"
SUFFIXES = {"terminal": "txt", "json": "json", "html": "html", "markdown": "md", "sarif": "sarif"}

REPORTS: dict[str, Callable[[], str]] = {
    "typical-80.txt": lambda: FORMATS["terminal"](examples.typical, view(80)),
    "crowded-60-ascii.txt": lambda: FORMATS["terminal"](examples.crowded, view(60, ascii=True)),
    "none-seen-120.txt": lambda: FORMATS["terminal"](examples.none_seen, view(120)),
    "costly-80.txt": lambda: FORMATS["terminal"](examples.costly, view(80)),
    "waiting-80.txt": lambda: FORMATS["terminal"](examples.waiting, view(80)),
    "hung-80.txt": lambda: FORMATS["terminal"](examples.hung, view(80)),
    "workers-80.txt": lambda: render_workers(examples.WORKERS, view(80), now=examples.NOW),
    "comparison-80.txt": lambda: COMPARISON_FORMATS["terminal"](EVERY, view(80)),
    **{
        f"{name}.{SUFFIXES[form]}": lambda name=name, form=form: FORMATS[form](examples.ALL[name], view(80))  # type: ignore[misc]
        for name in ("typical", "costly", "waiting", "hung")
        for form in ("json", "html", "markdown", "sarif")
    },
    **{
        f"comparison.{SUFFIXES[form]}": lambda form=form: COMPARISON_FORMATS[form](EVERY, view(80))  # type: ignore[misc]
        for form in ("json", "html", "markdown")
    },
}
"""By the name of the file that holds it."""


def golden_text(name: str) -> str:
    """The report as it is kept: of a page without what its style and script are, and with every tag on its own line."""
    text = REPORTS[name]().replace(f"asyncspy {__version__}<", "asyncspy VERSION<")
    text = text.replace(f'"version": "{__version__}"', '"version": "VERSION"')
    if not name.endswith(".html"):
        return text
    text = re.sub(r"<(style|script)>.*?</\1>", r"<\1></\1>", text, flags=re.DOTALL)
    return re.sub(r"'sha256-[^']*'", "'sha256-HASH'", text).replace("><", ">\n<")


def bless() -> None:
    """Write every golden, and remove those that are of no report."""
    GOLDEN.mkdir(exist_ok=True)
    for left_over in {file.name for file in GOLDEN.iterdir()} - set(REPORTS):
        (GOLDEN / left_over).unlink()
    for name in REPORTS:
        (GOLDEN / name).write_text(golden_text(name), encoding="utf-8")


if __name__ == "__main__":
    bless()
