"""The hook as a guest: as a text of its own and as an app, it brings nothing in that was not there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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
    }
    script = "import sys, asyncspy.django.apps; print(*{'click', 'rich', 'psutil'} & set(sys.modules))"
    assert not subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
