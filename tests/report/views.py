"""The views that reports are tested in."""

from __future__ import annotations

from asyncspy.report.view import View
from tests.report import examples


def view(width: int = 80, **changed: object) -> View:
    known: dict[str, object] = {
        "width": width,
        "source": examples.source,
        "root": examples.ROOT,
        "pid": 48291,
        "saved": "asyncspy-48291-20261121T021305.speedscope.json",
    }
    return View(**{**known, **changed})  # type: ignore[arg-type]
