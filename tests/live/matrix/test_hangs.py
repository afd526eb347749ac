"""Deadlocks that only some releases of asgiref have, each in a venv with that release, really hanging."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live.hung import TOO_EARLY, Kind, agree, row, watched
from tests.live.matrix.homes import CACHE, Missing, venv

pytestmark = [pytest.mark.matrix, pytest.mark.live, pytest.mark.usefixtures("may_trace")]

PYTHON = "3.12"
CLOSING = TOO_EARLY | {"slow", "blocked-loop"}
"""First the middleware sleeps, then the loop waits for its thread; only once that wants the loop is it a deadlock."""

OF_VERSIONS = (
    ("4.2.30", "3.7.2", Kind(
        "in_a_task", "suspected", "loop", certain=False, mark="pinned", middleware="sync", known="asgiref#348"
    )),
    ("4.2.30", "3.7.2", Kind(
        "gathered", "suspected", "loop", certain=False, mark="pinned", middleware="sync", known="asgiref#348"
    )),
    ("5.2.19", "3.8.1", Kind(
        "zulip", "suspected", "loop", certain=False, known="asgiref#492", before=TOO_EARLY | {"slow"}
    )),
    ("5.2.19", "3.11.1", Kind(
        "leaves_early", "deadlock", "loop", mark="cancelled", server="daphne", middleware="slow", leaves=True,
        known="asgiref#535", before=CLOSING,
    )),
)  # fmt: skip
"""Django, asgiref, and what hangs with them."""


@pytest.mark.parametrize(("django", "asgiref", "kind"), OF_VERSIONS, ids=[kind.name for *_, kind in OF_VERSIONS])
def test_a_deadlock_of_asgiref_is_named(
    django: str, asgiref: str, kind: Kind, tmp_path: Path, table: list[str]
) -> None:
    requirements = [f"django=={django}", f"asgiref=={asgiref}", kind.server]
    try:
        python = venv(CACHE / f"hang-{django}-{asgiref}", PYTHON, requirements)
    except Missing as reason:
        pytest.skip(str(reason))
    hang = watched(kind, tmp_path, python=str(python))
    table.append(row(f"{kind.name} {asgiref}", hang))
    agree(kind, hang)
