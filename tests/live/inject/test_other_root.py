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
from tests.live.inject.targets import DEBIAN, KINDS, SANE, Target
from tests.live.processes import eventually, running

pytestmark = [
    pytest.mark.live,
    pytest.mark.root,
    pytest.mark.skipif(os.getuid() != 0 or not shutil.which("unshare"), reason="needs root and unshare"),
    pytest.mark.skipif(not Path(DEBIAN).exists(), reason="needs the system's own Python 3.11"),
]

SOMEBODY = 1234
IN_A_ROOT = """
set -e
root=$1 program=$2 code=$3
mount --bind $root $root
cd $root
mkdir -p proc tmp outside
chmod 1777 tmp
for name in usr bin sbin lib lib64 etc; do
    if [ -L /$name ]; then cp -P /$name $root/$name
    elif [ -d /$name ]; then mkdir -p $root/$name; mount --bind /$name $root/$name; fi
done
mount -t proc proc proc
pivot_root . outside
exec chroot . sh -ec 'umount --lazy /outside
exec setpriv --reuid $0 --regid $0 --clear-groups "$1" -c "$2" /tmp/ready' $SOMEBODY "$program" "$code"
"""


@pytest.fixture
def inside(tmp_path: Path) -> Iterator[Target]:
    """Its `folder` is its own /tmp."""
    root = tmp_path / "root"
    root.mkdir()
    argv = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", IN_A_ROOT, "sh"]
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SOMEBODY": str(SOMEBODY)}
    with running(
        [*argv, str(root), DEBIAN, SANE + KINDS["tick"]], cwd="/", env=env, ready=(root / "tmp" / "ready").exists
    ) as process:
        (pid,) = (
            each.pid for each in psutil.Process(process.pid).children(recursive=True) if each.uids().real == SOMEBODY
        )
        made = Target(pid, root / "tmp")
        yield made
        assert eventually(made.is_well, timeout=5)
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
