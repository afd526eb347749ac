"""A process in another root and PID namespace, as another user: its copies run there as that user, and go."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from asyncspy.sample.inject.copies import SLEEPING, started
from asyncspy.sample.inject.inject import clear, inject
from asyncspy.sample.inject.rehearse import rehearse
from asyncspy.sample.inject.target_python import find_python
from asyncspy.sample.inject.texts import run_file
from tests.live.in_a_root import ENVIRONMENT, SOMEBODY, in_a_root, somebody_below
from tests.live.inject.targets import DEBIAN, KINDS, SANE, Target
from tests.live.processes import eventually, running

pytestmark = [
    pytest.mark.live,
    pytest.mark.root,
    pytest.mark.skipif(os.getuid() != 0 or not shutil.which("unshare"), reason="needs root and unshare"),
    pytest.mark.skipif(not Path(DEBIAN).exists(), reason="needs the system's own Python 3.11"),
]

SYSTEM = ("usr", "bin", "sbin", "lib", "lib64", "etc")


@pytest.fixture
def inside(tmp_path: Path) -> Iterator[Target]:
    """Our own system in another folder; its `folder` is its own /tmp."""
    root, folder = tmp_path / "root", tmp_path / "tmp"
    for made in (root, folder, root / "proc", root / "tmp"):
        made.mkdir()
    folder.chmod(0o1777)
    links = [name for name in SYSTEM if Path("/", name).is_symlink()]
    for name in links:
        (root / name).symlink_to(Path("/", name).readlink())
    bound = {Path("/", name): f"/{name}" for name in SYSTEM if name not in links and Path("/", name).is_dir()}
    command = [DEBIAN, "-c", SANE + KINDS["tick"], "/tmp/ready"]  # noqa: S108
    argv = in_a_root(root, {**bound, folder: "/tmp"}, command)  # noqa: S108
    with running(argv, cwd="/", env=ENVIRONMENT, ready=(folder / "ready").exists) as process:
        (pid,) = somebody_below(process.pid)
        target = Target(pid, folder)
        yield target
        assert eventually(target.is_well, timeout=5)
        os.kill(pid, signal.SIGKILL)


def test_a_file_of_its_own_root_is_run_there(inside: Target) -> None:
    counted = inside.folder / "counted"
    inside.code("code", "import os\nwith open('/tmp/counted', 'w') as file: file.write(str(os.getpid()))")
    made = inject(inside.pid, "/tmp/code")  # noqa: S108
    assert eventually(lambda: counted.exists() and counted.read_text() != "", timeout=20)
    clear(made)
    assert counted.stat().st_uid == SOMEBODY
    assert int(counted.read_text()) != inside.pid


def test_its_copies_are_where_it_is_and_have_its_rights(inside: Target) -> None:
    with started(inside.pid, SLEEPING) as copy:
        for name in ("pid", "mnt"):
            assert os.readlink(f"/proc/{copy.pid}/ns/{name}") == os.readlink(f"/proc/{inside.pid}/ns/{name}")  # noqa: PTH115
        assert Path(f"/proc/{copy.pid}/root").samefile(f"/proc/{inside.pid}/root")
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{copy.pid}/status").read_text().splitlines())
        assert (status["Uid"].split(), status["Gid"].split()) == ([str(SOMEBODY)] * 4, [str(SOMEBODY)] * 4)
        assert (status["CapEff"], status["NoNewPrivs"], status["Groups"].split()) == ("0" * 16, "1", [])
    assert not psutil.pid_exists(copy.pid)


def test_a_rehearsal_leaves_nothing_there(inside: Target) -> None:
    before = sorted(os.listdir(inside.folder))  # noqa: PTH208
    rehearse(find_python(inside.pid), run_file("/nowhere"))
    assert sorted(os.listdir(inside.folder)) == before  # noqa: PTH208
    assert members(inside) == [inside.pid]  # no zombie either: nobody in there waits for children


def test_nothing_is_left_there_when_asyncspy_is_killed(inside: Target) -> None:
    code = (
        "import sys; from asyncspy.sample.inject.inject import inject\n"
        "print(1, flush=True); inject(int(sys.argv[1]), '/x')"
    )
    for delay in (0.1, 0.5, 1.0):
        with subprocess.Popen([sys.executable, "-c", code, str(inside.pid)], stdout=subprocess.PIPE) as killed:
            assert killed.stdout is not None
            killed.stdout.readline()
            time.sleep(delay)
            killed.kill()
        assert eventually(lambda: members(inside) == [inside.pid], timeout=10)


def members(inside: Target) -> list[int]:
    """All that is in its PID namespace, as it is called out here."""
    space = os.readlink(f"/proc/{inside.pid}/ns/pid")  # noqa: PTH115
    found = []
    for each in psutil.pids():
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{each}/ns/pid") == space:  # noqa: PTH115
                found.append(each)
    return found
