"""asyncspy demo, as a new user runs it: every planted fault named with its line and remedy, no twin, nothing left."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from asyncspy.demo.planted import planted, twins

pytestmark = pytest.mark.live


def shop_processes() -> set[int]:
    return {p.pid for p in psutil.process_iter(["cmdline"]) if "shop.asgi:application" in (p.info["cmdline"] or [])}


def test_the_demo_names_what_was_planted_and_nothing_else(tmp_path: Path) -> None:
    before = shop_processes()
    done = subprocess.run(
        [sys.executable, "-m", "asyncspy", "demo", "--format", "json", "--duration", "40", "--output", str(tmp_path)],
        capture_output=True, text=True, timeout=170, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    findings = [f for f in json.loads(done.stdout)["findings"] if f["kind"] == "async-unsafe"]
    named = {(f["culprit"]["file"].rpartition("/shop/")[2], f["culprit"]["line"]) for f in findings}
    assert named == {(mark.file.removeprefix("shop/"), mark.line) for mark in planted()}
    assert not named & {(mark.file.removeprefix("shop/"), mark.line) for mark in twins()}
    assert all(finding["remedy"] for finding in findings)
    assert shop_processes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_the_demo_fixes_its_shop_and_proves_it(tmp_path: Path) -> None:
    """A short run: which faults are sampled is left to chance, but what is patched is gone."""
    done = subprocess.run(
        [sys.executable, "-m", "asyncspy", "demo", "--fix", "--duration", "10", "--output", str(tmp_path)],
        capture_output=True, text=True, timeout=170, check=False,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert "0 left to you" in said, said
    assert "+    async for product in for_sale()" in said or "+            await " in said
    assert "GONE  " in said
    assert not re.search(r"^(NEW|SAME|MORE|LESS) ", said, re.MULTILINE)
    assert "\nThe shop answered" in said
    assert re.findall(r"requests, (\d+) of them with an error", said)[1] == "0"
    assert len(list(tmp_path.iterdir())) == 2
