"""Under a container's seccomp filter, and with fewer rights: it works, or says why in one line and writes nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.live import confined
from tests.live.inject.targets import target
from tests.live.processes import eventually

pytestmark = [
    pytest.mark.live,
    pytest.mark.root,
    pytest.mark.usefixtures("may_trace"),
    pytest.mark.skipif(os.getuid() != 0 or not shutil.which("setpriv"), reason="needs root and setpriv"),
    pytest.mark.skipif(os.uname().machine != "x86_64", reason="the filter is one for x86_64"),
]

FILTER = (sys.executable, confined.__file__)
NO_PTRACE = (*FILTER, "--without-ptrace")
NO_RIGHT = ("setpriv", "--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace")
NO_NEW_RIGHTS = ("setpriv", "--no-new-privs")
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")

INJECT = """
import sys
from asyncspy.errors import TargetError
from asyncspy.model.processes import Worker
from asyncspy.sample.inject.inject import clear, inject_file
try:
    made = inject_file(Worker(int(sys.argv[1]), 1, "worker", True, "uvicorn"), sys.argv[2])
except TargetError as error:
    sys.exit(f"{error.message} | {error.remedy}")
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that every user may enter."""
    with tempfile.TemporaryDirectory(prefix="confined-") as made:
        Path(made).chmod(0o777)
        yield Path(made)


def run(words: Sequence[str], *command: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "COLUMNS": "1000"}
    return subprocess.run(
        [*words, sys.executable, *command], capture_output=True, text=True, timeout=120, check=False, env=env
    )


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        pytest.param(FILTER, FILTER, id="both under a filter"),
        pytest.param((), (*FILTER, *NOBODY), id="another user under a filter", marks=pytest.mark.matrix),
        pytest.param(NO_RIGHT, NO_RIGHT, id="both without the right to trace all", marks=pytest.mark.matrix),
        pytest.param(NO_NEW_RIGHTS, NO_NEW_RIGHTS, id="both without new rights", marks=pytest.mark.matrix),
    ],
)
def test_where_it_may_be_traced_it_works(ours: Sequence[str], theirs: Sequence[str], folder: Path) -> None:
    with target(sys.executable, "tick", folder, theirs) as on:
        path = on.code("code", f"open({str(folder / 'ran')!r}, 'w').close()")
        done = run(ours, "-c", INJECT, str(on.pid), path)
        assert done.returncode == 0, done.stderr
        assert eventually((folder / "ran").exists, timeout=20)


@pytest.mark.parametrize(
    ("ours", "theirs", "words"),
    [
        pytest.param(NO_PTRACE, (), "there is no right to write into it | asyncspy doctor", id="no ptrace"),
        pytest.param(NO_RIGHT, (), "there is no right to write into it | asyncspy doctor", id="no right"),
        pytest.param((), FILTER, "it is root with fewer rights than asyncspy", id="a confined root"),
        pytest.param(
            (), NO_RIGHT, "it is root with fewer rights than asyncspy", id="a lesser root", marks=pytest.mark.matrix
        ),
    ],
)
def test_else_one_line_says_why(ours: Sequence[str], theirs: Sequence[str], words: str, folder: Path) -> None:
    with target(sys.executable, "tick", folder, theirs) as on:
        path = on.code("code", f"open({str(folder / 'ran')!r}, 'w').close()")
        done = run(ours, "-c", INJECT, str(on.pid), path)
        assert done.returncode == 1
        assert words in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert not eventually((folder / "ran").exists, timeout=0.3)


@pytest.mark.parametrize("ours", [NO_PTRACE, NO_RIGHT], ids=["no ptrace", "no right"])
def test_attach_and_doctor_say_what_is_missing(ours: Sequence[str], folder: Path) -> None:
    with target(sys.executable, "tick", folder) as on:
        counting = ("--exact", "--inject", "--mode", "none", "--duration", "1", "--output", str(folder / "saved"))
        attached = run(ours, "-m", "asyncspy", "attach", "--pid", str(on.pid), *counting)
        said = run(ours, "-m", "asyncspy", "doctor", "--pid", str(on.pid), "--rehearse")
    sys.stdout.write(f"{attached.stderr}\n{said.stdout}\n{said.stderr}\n")  # pytest -s shows it
    reason = "seccomp" if ours == NO_PTRACE else "--cap-add SYS_PTRACE"
    assert (attached.returncode, reason in attached.stderr) == (3, True)
    assert reason in said.stdout
