"""A worker in another root and PID namespace, as in a container: versions, its own pid, and a recording across."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from asyncspy.discover import find_workers
from asyncspy.model.processes import Worker
from tests.live.harness import PROGRAMS, load, loading
from tests.live.processes import accepts, eventually, free_port, running

pytestmark = [
    pytest.mark.live,
    pytest.mark.root,
    pytest.mark.usefixtures("may_trace"),
    pytest.mark.skipif(os.getuid() != 0, reason="needs root to change the root"),
    pytest.mark.skipif(not shutil.which("unshare") or not shutil.which("chroot"), reason="needs util-linux"),
]

CONSTRUCTORS = "__init__"
"""What Python 3.13 and newer have for a file in the frame before each constructor."""

# A root of bind mounts that only the namespace sees: the system's programs, the interpreter where it lies, and under
# names that mean nothing outside, the packages and the project.
BUILD_AND_SERVE = """
set -e
root=$1 prefix=$2 packages=$3 project=$4 port=$5 way=$6
mount --bind $root $root
cd $root
mkdir -p proc tmp outside app/site-packages app/project
for name in usr bin sbin lib lib64 etc; do
    if [ -L /$name ]; then cp -P /$name $root/$name
    elif [ -d /$name ]; then mkdir -p $root/$name; mount --bind /$name $root/$name; fi
done
case $prefix in /usr) ;; *) mkdir -p $root$prefix; mount --bind $prefix $root$prefix;; esac
mount --bind $packages $root/app/site-packages
mount --bind $project $root/app/project
mount -t proc proc $root/proc
[ $way = chroot ] || pivot_root . outside
exec chroot . sh -ec "[ $way = chroot ] || umount --lazy /outside
cd /app/project; export PYTHONPATH=/app/site-packages PYTHONDONTWRITEBYTECODE=1
export SHOP_DATABASE=/tmp/db.sqlite3 SHOP_VIOLATE_EVERY=1
$prefix/bin/python3 -m shop.prepare
exec $prefix/bin/python3 -m uvicorn shop.asgi:application --port $port --workers 2 --log-level warning"
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where workers answer whose root is the whole of their mount namespace, as that of containers is."""
    with served(tmp_path_factory.mktemp("root"), "pivot") as url:
        yield url


@contextmanager
def served(root: Path, way: str) -> Iterator[str]:
    port = free_port()
    inside = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", BUILD_AND_SERVE, "sh"]
    places = [root, sys.base_prefix, sysconfig.get_path("purelib"), PROGRAMS / "shop"]
    argv = [*inside, *map(str, places), str(port), way]
    with running(argv, cwd="/", env={"PATH": os.environ["PATH"]}, ready=lambda: accepts(port), timeout=90) as process:
        assert eventually(lambda: len(contained(process.pid)) == 2, timeout=60)
        yield f"http://127.0.0.1:{port}/"


def contained(top: int) -> list[Worker]:
    pids = {child.pid for child in psutil.Process(top).children(recursive=True)}
    return [worker for worker in find_workers() if worker.pid in pids and worker.role == "worker"]


def workers(url: str) -> list[Worker]:
    return [
        w for w in find_workers() if w.bind and url.removeprefix("http://").startswith(w.bind) and w.role == "worker"
    ]


def test_versions_and_pids_are_those_inside(url: str) -> None:
    found = workers(url)
    assert len(found) == 2
    for worker in found:
        assert worker.pid_inside == int(Path(f"/proc/{worker.pid}/status").read_text().split("NSpid:")[1].split()[1])
        assert worker.pid_inside != worker.pid
        assert (worker.certain, worker.attachable, worker.settings) == (True, True, "shop.settings")
        assert worker.server_version == importlib.metadata.version("uvicorn")
        assert worker.django == importlib.metadata.version("django")
        assert worker.asgiref == importlib.metadata.version("asgiref")
        assert worker.python == f"{sys.version_info.major}.{sys.version_info.minor}"


def test_doctor_names_the_namespaces(url: str) -> None:
    worker = workers(url)[0]
    shown = asyncspy("doctor", "--pid", str(worker.pid))
    assert shown.returncode == 0, shown.stdout
    assert f"its own pid is {worker.pid_inside}" in " ".join(shown.stdout.split())


def test_attach_works_across_and_names_files_in_full(url: str, tmp_path: Path) -> None:
    load(url, requests=20)
    pid = workers(url)[0].ppid
    with loading(url):
        options = ["--mode", "gil", "--duration", "6", "--output", str(tmp_path), "--format", "json"]
        shown = asyncspy("attach", "--pid", str(pid), *options)
    assert shown.returncode == 0, shown.stderr
    report = json.loads(shown.stdout)
    assert {finding["culprit"]["file"] for finding in report["findings"]} == {"/app/project/shop/pricing.py"}
    assert "acount()" in report["findings"][0]["remedy"][0]["code"]  # its source was read through its root
    (saved,) = tmp_path.iterdir()
    files = {frame["file"] for frame in json.loads(saved.read_text())["shared"]["frames"]}
    assert any(file.startswith("/app/site-packages/django/") for file in files)
    assert not [file for file in files - {CONSTRUCTORS} if file and not file.startswith(("/", "<"))]


def test_a_changed_root_inside_of_another_mount_namespace_is_refused_before_py_spy_fails(tmp_path: Path) -> None:
    """py-spy looks for the interpreter under a name that holds the root twice."""
    with served(tmp_path, "chroot") as url:
        worker = workers(url)[0]
        tried = subprocess.run(
            [Path(sys.executable).with_name("py-spy"), "dump", "--pid", str(worker.pid)],
            capture_output=True,
            check=False,
        )
        told = asyncspy("doctor", "--pid", str(worker.pid))
    assert told.returncode == 3
    if not tried.returncode:
        pytest.skip("py-spy finds the interpreter here; asyncspy refuses, which is too careful, and names nsenter")
    assert "mount namespace" in " ".join(told.stdout.split())
    assert (worker.attachable, worker.django) == (False, importlib.metadata.version("django"))
    assert f"nsenter --target {worker.pid} --mount" in (worker.remedy or "")


def asyncspy(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "asyncspy", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
