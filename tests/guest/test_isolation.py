"""The hook as a guest: as a text of its own and as an app, it brings nothing in that was not there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from asyncspy.sample.inside.hook_session import hook_script


def test_a_process_without_django_is_left_as_it_is(tmp_path: Path) -> None:
    """Neither the hook as a text of its own, nor the app's door, brings in what the process does not have."""
    (tmp_path / "lease").touch()
    script = f"""
import sys
before = set(sys.modules)
exec(compile({hook_script()!r}, "text", "exec"), (space := {{"__builtins__": __builtins__}}))
assert space["start_hook"]({str(tmp_path)!r}, {os.getpid()}) is None
import os
space["start_hook"]({str(tmp_path)!r}, os.getpid())
print(*(set(sys.modules) - before))
"""
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
    assert "has not loaded django.utils.asyncio" in (tmp_path / "started").read_text()


def test_the_app_brings_nothing_of_the_rest() -> None:
    script = "import sys, asyncspy.django.apps; print(*(name for name in sys.modules if name.startswith('asyncspy')))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    ours = {"asyncspy", "asyncspy.django", "asyncspy.django.apps", "asyncspy.django.door"}
    assert set(done.stdout.split()) == ours | {
        "asyncspy.guest",
        "asyncspy.guest.counting",
        "asyncspy.guest.entering",
        "asyncspy.guest.files",
        "asyncspy.guest.loop_watch",
        "asyncspy.guest.task_looks",
    }
    script = "import sys, asyncspy.django.apps; print(*{'click', 'rich', 'psutil'} & set(sys.modules))"
    assert not subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()


LAST = """
import asyncio, json, os, sys
sys.path.insert(0, {repo!r})
from django.core.exceptions import SynchronousOnlyOperation
from django.utils import asyncio as guard
exec(compile({hook!r}, "text", "exec"), space := dict(__builtins__=__builtins__))
hook = space["start_hook"]({folder!r}, os.getpid())
assert hook is not None, open({folder!r} + "/started").read()
async def calls():
    try:
        guard.async_unsafe(list)()
    except SynchronousOnlyOperation:
        pass
asyncio.run(calls())
{end}
"""
ENDS = {
    "by itself": ("sys.exit(3)", 1),
    "with an error": ("raise RuntimeError", 1),
    "its child does": ("pid = os.fork()\nif pid == 0: sys.exit(3)\nos.waitpid(pid, 0); os._exit(0)", None),
    "after the hook was removed": ("hook.uninstall()", None),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_process_that_ends_writes_its_last_counts(end: str, tmp_path: Path) -> None:
    """Once, and only the process that was asked."""
    (tmp_path / "lease").touch()
    code, counted = ENDS[end]
    script = LAST.format(repo=str(Path(__file__).parents[2]), hook=hook_script(), folder=str(tmp_path), end=code)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "lease" not in done.stderr, done.stderr
    last = tmp_path / "last"
    assert (json.loads(last.read_text())["chains"][0][0] if last.exists() else None) == counted, done.stderr
