"""All planted faults of the demo's shop are patched; then no call is stopped, and pages are as with the guard off."""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import django

from asyncspy.demo.planted import planted, twins
from asyncspy.demo.shop import ShopCopy, copied_shop
from asyncspy.demo.traffic import ROUTES
from asyncspy.model.stacks import Frame
from asyncspy.workflow.fix_findings import FixOptions, plan_patch
from tests.fix.planted import counted

ASK = Path(__file__).parents[1] / "demo" / "ask_the_shop.py"


def asked(copy: ShopCopy, **environment: str) -> Any:
    """Ask for every page, with the database as it was at first."""
    fresh = copy.root / "fresh"
    if not fresh.exists():
        fresh.mkdir()
        for file in copy.root.glob("*.sqlite3*"):
            shutil.copy(file, fresh)
    for file in fresh.iterdir():
        shutil.copy(file, copy.root)
    routes = json.dumps([route._asdict() for route in ROUTES])
    done = subprocess.run(
        [sys.executable, str(ASK), routes, copy.session],
        cwd=copy.root,
        env={**copy.environment, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def bodies(answered: Any) -> dict[str, str]:
    return {path: answer["body"] for path, answer in answered["asked"].items()}


def test_every_fault_is_patched_and_all_pages_are_what_they_should_be() -> None:
    with copied_shop() as copy:
        guarded, allowed = asked(copy), asked(copy, DJANGO_ALLOW_ASYNC_UNSAFE="1")
        stacks = {tuple(Frame(*frame) for frame in stack) for stack in guarded["stacks"]}
        recorded = counted(copy.root, stacks, django.__version__, platform.python_version())
        patch, files = plan_patch(recorded, FixOptions())
        assert len(patch.fixes) == len(planted())
        assert [(fix.culprit.frame, fix.reason) for fix in patch.fixes if fix.outcome == "left"] == []
        touched = {
            (file.source.name, line + 1) for file in files for c in file.changes for line in range(c.start, c.end)
        }
        assert touched.isdisjoint({(mark.file, mark.line) for mark in twins()})
        assert bodies(guarded) != bodies(allowed), "the faults show"
        for file in files:
            file.source.path.write_bytes(file.new)
        after = asked(copy)
    assert [line for answer in after["asked"].values() for line in answer["raised"]] == []
    assert bodies(after) == bodies(allowed)
