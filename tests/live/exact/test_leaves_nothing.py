"""Whatever ends a count, the worker is as it was: guard, monitoring, files, threads, modules; and no folder is left."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asyncspy.guest.counting import LEASE_SECONDS
from tests.live.exact.attached import attach, versions, wait_until_in
from tests.live.exact.served import Served, starting
from tests.live.processes import eventually

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("may_trace")]

PATIENCE = LEASE_SECONDS + 12
"""A lease, and some time on a busy machine."""

NUMBER = re.compile(r"[0-9]+")
CHECKS = ("guard", "monitoring", "threads", "files", "modules", "hooks", "at_exit", "tracing", "folders")


def look(served: Served) -> dict[str, Any]:
    """All that a guest could leave in it, or in its file system."""
    told = served.state()
    folder = Path(f"/proc/{served.pid}/root", "tmp")
    mine = {str(served.pid), *Path(f"/proc/{served.pid}/status").read_text().split("NSpid:")[1].splitlines()[0].split()}
    left = [
        name
        for name in os.listdir(folder)  # noqa: PTH208
        if name in {f"asyncspy-exact-{pid}" for pid in mine} or is_folder_for(folder / name, mine)
    ]
    told["threads"] = [NUMBER.sub("N", name) for name in told["threads"]]  # each request may have one of its own
    return {**{name: told[name] for name in CHECKS[:-1]}, "folders": left}


def is_folder_for(folder: Path, pids: set[str]) -> bool:
    """Whether it is the folder of a hook for one of these; other tests count in other workers meanwhile."""
    if not (folder.name.startswith("asyncspy-") and len(folder.name) == len("asyncspy-") + 32):
        return False
    try:
        text = (folder / "text").read_text()
    except OSError:
        return folder.exists()
    return any(text.endswith(f", {pid})\n") for pid in pids)


@versions("3.10", "3.11", "3.12", "3.13", "3.14", "3.15")
@pytest.mark.parametrize("way", ["detached", "killed", "lapsed"])
def test_nothing_is_left(version: str, way: str, tmp_path: Path) -> None:
    with starting(version, {"GUARD_EVERY": "2"}) as served:
        served.ask(20)
        before = look(served)
        with attach(served, tmp_path) as attached:
            try:
                wait_until_in(attached, served)
                during = look(served)
                assert during["hooks"]
                assert (during["guard"], during["monitoring"]) != (before["guard"], before["monitoring"])
                assert during["folders"]
                assert during["threads"] == before["threads"]
                assert during["modules"] == before["modules"]
                assert during["files"] == before["files"]
                served.ask(20)
                END[way](attached)
                last = dict(during)

                def is_clean() -> bool:
                    last.update(look(served))
                    return last == before

                clean = eventually(is_clean, timeout=PATIENCE)
            finally:
                attached.kill()
        table = [f"{name:12} {'as before' if last[name] == before[name] else last[name]}" for name in CHECKS]
        sys.stdout.write("\n  ".join([f"\n{version} {way}:", *table]) + "\n")  # pytest -s shows it
        assert clean, table


END: dict[str, Callable[[subprocess.Popen[str]], None]] = {
    "detached": lambda attached: _end(attached, signal.SIGINT),
    "killed": lambda attached: _end(attached, signal.SIGKILL),
    "lapsed": lambda attached: attached.send_signal(signal.SIGSTOP),
}


def _end(attached: subprocess.Popen[str], how: signal.Signals) -> None:
    attached.send_signal(how)
    attached.communicate(timeout=60)
