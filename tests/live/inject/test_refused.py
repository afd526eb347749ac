"""Whatever is other than expected is refused in plain words, and the process is left as it is."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from asyncspy.errors import TargetError
from asyncspy.model.processes import Worker
from asyncspy.sample.inject import target_python
from asyncspy.sample.inject.inject import inject_file
from asyncspy.workflow.list_workers import diagnose_target
from tests.live.inject.targets import DEBIAN, python, target
from tests.live.processes import eventually, running

pytestmark = [pytest.mark.live, pytest.mark.usefixtures("may_trace")]

SNAKE = "import time, sys; open(sys.argv[1], 'w').close(); time.sleep(100)"
TRACE = """
import ctypes, sys, time
ctypes.CDLL(None).ptrace(0x4206, int(sys.argv[1]), 0, 0)
open(sys.argv[2], 'w').close()
time.sleep(100)
"""
MAPS = """
import mmap, sys, time
file = open(sys.argv[2], 'rb')
mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
open(sys.argv[1], 'w').close()
time.sleep(100)
"""
"""Has a file of that name mapped, as if it were a library."""


def refusal(pid: int) -> TargetError:
    with pytest.raises(TargetError) as refused:
        inject_file(Worker(pid, 1, "worker", True, "uvicorn"), "/nowhere")
    assert refused.value.remedy
    return refused.value


@contextmanager
def snake(
    program: str, folder: Path, *words: str, code: str = SNAKE, env: dict[str, str] | None = None
) -> Iterator[int]:
    """A process that only waits."""
    ready = folder / "ready"
    argv = [program, "-c", code, str(ready), *words]
    with running(argv, cwd="/", env={"PATH": os.environ["PATH"], **(env or {})}, ready=ready.exists) as process:
        yield process.pid


def test_one_that_is_gone() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    assert "ended, or runs another program" in refusal(ended.pid).message


def test_one_that_is_no_python(tmp_path: Path) -> None:
    with running(["sleep", "100"], cwd="/", env={}, ready=lambda: True) as process:
        assert eventually(lambda: "sleep" in str(Path(f"/proc/{process.pid}/exe").readlink()), timeout=10)
        assert "sleep is no python program" in refusal(process.pid).message


@pytest.mark.parametrize(("version", "words"), [("3.8", "knows 3.9 to 3.13"), ("3.7", "knows 3.9 to 3.13")])
def test_one_that_is_too_old(version: str, words: str, tmp_path: Path) -> None:
    with snake(python(version), tmp_path) as pid:
        assert words in refusal(pid).message


def test_one_that_is_stopped(tmp_path: Path) -> None:
    with snake(sys.executable, tmp_path) as pid:
        os.kill(pid, signal.SIGSTOP)
        error = refusal(pid)
        os.kill(pid, signal.SIGCONT)
    assert "stopped by a signal" in error.message
    assert error.remedy == f"let it go on first: kill -CONT {pid}"


def test_one_that_is_traced(tmp_path: Path) -> None:
    with (
        target(sys.executable, "tick", tmp_path) as on,
        running(
            [sys.executable, "-c", TRACE, str(on.pid), str(tmp_path / "traced")],
            cwd="/",
            env={},
            ready=(tmp_path / "traced").exists,
        ),
    ):
        assert "another program traces it" in refusal(on.pid).message


@pytest.mark.skipif(not Path(DEBIAN).exists(), reason="needs a python that is one file")
@pytest.mark.parametrize(
    ("name", "removed", "words"),
    [
        ("python3.11", True, "its program was replaced on disk"),
        ("shopserver", False, "shopserver is no python program"),
        ("python3.11d", False, "its Python is a debug build"),
        ("python3.13t", False, "its Python is a free-threaded build"),
    ],
)
def test_a_program_that_is_not_as_it_was_started(name: str, removed: bool, words: str, tmp_path: Path) -> None:
    copy = tmp_path / name
    shutil.copy(DEBIAN, copy)
    with snake(str(copy), tmp_path, env={"PYTHONHOME": "/usr"}) as pid:
        if removed:
            copy.unlink()
        assert words in refusal(pid).message


@pytest.mark.parametrize(("library", "words"), [("ld-musl-x86_64.so.1", "it runs on musl")])
def test_a_library_that_it_cannot_be_done_with(library: str, words: str, tmp_path: Path) -> None:
    (tmp_path / library).write_bytes(bytes(4096))
    with snake(sys.executable, tmp_path, str(tmp_path / library), code=MAPS) as pid:
        assert words in refusal(pid).message


@pytest.mark.parametrize(
    "damage", [b"\x7fELF\x02\x01\x01" + b"\xff" * 200, bytes(8192), b"\x7fELF\x01\x01" + bytes(100)]
)
def test_a_library_that_is_damaged(damage: bytes, tmp_path: Path) -> None:
    (tmp_path / "libpython3.11.so.1.0").write_bytes(damage)
    with snake(sys.executable, tmp_path, str(tmp_path / "libpython3.11.so.1.0"), code=MAPS) as pid:
        assert refusal(pid).message.startswith(f"nothing was injected into process {pid}: ")


@pytest.mark.root
@pytest.mark.skipif(os.getuid() != 0, reason="needs root to be somebody else")
def test_one_of_another_user_without_the_right(tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "from asyncspy.sample.inject import inject, refused\n"
        "os.setgroups([]), os.setresgid(*[65534] * 3), os.setresuid(*[65534] * 3)\n"
        "try: inject.inject(int(sys.argv[1]), '/x')\n"
        "except refused.NotInjected as error: print(error.kind)"
    )
    with snake(sys.executable, tmp_path) as pid:
        done = subprocess.run([sys.executable, "-c", code, str(pid)], capture_output=True, text=True, check=False)
    assert done.stdout == "denied\n", done.stderr


def test_an_architecture_on_which_it_was_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target_python, "OPEN_ARCHITECTURES", frozenset({"s390x"}))
    with snake(sys.executable, tmp_path) as pid:
        assert "has not been run on this architecture yet" in refusal(pid).message


@pytest.mark.parametrize("rehearse", [False, True])
def test_doctor_says_so_beforehand(rehearse: bool, tmp_path: Path) -> None:
    with target(sys.executable, "tick", tmp_path) as on:
        found = diagnose_target(on.pid, rehearse_injection=rehearse).checks[-1]
    assert (found.name, found.ok) == ("inject", True)
    assert ("rehearsed on copies" in found.said) is rehearse
    with snake(python("3.8"), tmp_path) as pid:
        found = diagnose_target(pid).checks[-1]
    assert (found.name, found.ok) == ("inject", False)
    assert "knows 3.9 to 3.13" in found.said
