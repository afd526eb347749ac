"""Real servers, started in each of their modes: every role, app, address, version and loop is told right."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from asyncspy.discover import find_workers, inspect, may_attach, workers_of
from asyncspy.model import Worker
from tests.live.processes import accepts, eventually, free_port, running

pytestmark = pytest.mark.live

for needed in ("django", "gunicorn", "setproctitle", "uvicorn", "uvicorn_worker", "uvloop"):
    pytest.importorskip(needed)

PROJECT = {
    "shop/__init__.py": "",
    "shop/settings.py": 'SECRET_KEY = "x"\nROOT_URLCONF = "shop.urls"\nALLOWED_HOSTS = ["*"]\n',
    "shop/urls.py": "urlpatterns = []\n",
    "shop/asgi.py": (
        'import os\nos.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"\n'
        "from django.core.asgi import get_asgi_application\napplication = get_asgi_application()\n"
    ),
    "without/setproctitle/setproctitle.py": 'raise ImportError("left out")\n',
    "without/uvloop/uvloop.py": 'raise ImportError("left out")\n',
}
APP = "shop.asgi:application"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
VERSIONS = {name: importlib.metadata.version(name) for name in ("django", "asgiref", "uvicorn", "gunicorn")}
GUNICORN = f"gunicorn {APP} --bind 127.0.0.1:PORT --workers 2 --no-control-socket --graceful-timeout 1"
UVICORN = f"uvicorn {APP} --port PORT"


@dataclass(frozen=True)
class Case:
    """A command line, what it must be told as, and which packages it has to do without."""

    line: str
    server: str
    roles: tuple[str, ...]
    loop: str | None
    without: tuple[str, ...] = ()
    script: bool = True

    def argv(self, port: int) -> list[str]:
        words = self.line.replace("PORT", str(port)).split()
        if self.script:
            return [str(Path(sys.executable).with_name(words[0])), *words[1:]]
        return [sys.executable, "-m", *words]


ONE = ("worker",)
TWO = ("master", "worker", "worker")
SPAWNED = ("master", "worker", "worker", "helper")
CASES = {
    "uvicorn": Case(UVICORN, "uvicorn", ONE, "uvloop"),
    "uvicorn, asyncio asked for": Case(f"{UVICORN} --loop asyncio", "uvicorn", ONE, "asyncio"),
    "uvicorn, no uvloop": Case(UVICORN, "uvicorn", ONE, "asyncio", without=("uvloop",)),
    "python -m uvicorn": Case(UVICORN, "uvicorn", ONE, "uvloop", script=False),
    "uvicorn --workers": Case(f"{UVICORN} --workers 2", "uvicorn", SPAWNED, "uvloop"),
    "uvicorn --reload": Case(f"{UVICORN} --reload", "uvicorn", ("reloader", "worker", "helper"), "uvloop"),
    "gunicorn, uvicorn_worker": Case(f"{GUNICORN} -k uvicorn_worker.UvicornWorker", "gunicorn", TWO, "uvloop"),
    "gunicorn, uvicorn_worker, no setproctitle": Case(
        f"{GUNICORN} -k uvicorn_worker.UvicornWorker", "gunicorn", TWO, "uvloop", without=("setproctitle",)
    ),
    "gunicorn, uvicorn_worker, no setproctitle, no uvloop": Case(
        f"{GUNICORN} -k uvicorn_worker.UvicornWorker", "gunicorn", TWO, "asyncio", without=("setproctitle", "uvloop")
    ),
    "gunicorn, uvicorn_worker, no uvloop": Case(
        f"{GUNICORN} -k uvicorn_worker.UvicornWorker", "gunicorn", TWO, None, without=("uvloop",)
    ),
    "gunicorn, uvicorn.workers": Case(f"{GUNICORN} -k uvicorn.workers.UvicornWorker", "gunicorn", TWO, "uvloop"),
    "gunicorn, asgi": Case(f"{GUNICORN} -k asgi", "gunicorn", TWO, "uvloop"),
    "python -m gunicorn, asgi, no setproctitle": Case(
        f"{GUNICORN} -k asgi", "gunicorn", TWO, "uvloop", without=("setproctitle",), script=False
    ),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("discover")
    for name, text in PROJECT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@contextmanager
def served(case: Case, project: Path, **environ: str) -> Iterator[tuple[int, int]]:
    """The server's first pid and its port, once all of its workers are there."""
    port = free_port()
    path = os.pathsep.join(str(project / "without" / name) for name in case.without)
    env = {"PATH": os.environ["PATH"], "HOME": str(project), **({"PYTHONPATH": path} if path else {}), **environ}
    with running(case.argv(port), cwd=project, env=env, ready=lambda: accepts(port), timeout=60) as process:
        assert eventually(lambda: settled(process.pid, len(case.roles), case.loop), timeout=60)
        yield process.pid, port


def settled(top: int, count: int, loop: str | None) -> bool:
    """All processes are there, and each worker has imported its loop: that comes after the socket is open."""
    found = tree(top)
    workers = [worker for worker in found if worker.role == "worker"]
    return (
        len(found) == count
        and (loop is None or all(worker.loop == loop for worker in workers))
        and all(worker.certain for worker in found)
    )


def tree(top: int) -> list[Worker]:
    try:
        pids = {top, *(child.pid for child in psutil.Process(top).children(recursive=True))}
    except psutil.NoSuchProcess:
        return []
    return [worker for worker in find_workers() if worker.pid in pids]


@pytest.mark.parametrize("name", CASES)
def test_every_process_is_told(name: str, project: Path) -> None:
    case = CASES[name]
    with served(case, project) as (top, port):
        found = tree(top)
        of_master = workers_of(found[0])
    assert [worker.role for worker in found] == list(case.roles)
    assert found[0].pid == top
    same: dict[str, Any] = {
        "server": case.server, "server_version": VERSIONS[case.server], "app": APP, "bind": f"127.0.0.1:{port}",
        "python": PYTHON, "django": VERSIONS["django"], "asgiref": VERSIONS["asgiref"], "certain": True,
        "cwd": str(project), "attachable": may_attach(os.getpid()).allowed,
    }  # fmt: skip
    for worker in found:
        assert {field: getattr(worker, field) for field in same} == same
        assert worker.loop == (case.loop if worker.role == "worker" else None)
        assert worker.ppid == (os.getpid() if worker.pid == top else top)
    assert of_master == [] or [worker.pid for worker in of_master] == [w.pid for w in found if w.role == "worker"]
    assert len(of_master) == (case.roles.count("worker") if case.roles != ONE else 0)


@pytest.mark.parametrize("value", ["", "false", None])
def test_unsafe_setting_is_read_as_django_reads_it(project: Path, value: str | None) -> None:
    environ = {} if value is None else {"DJANGO_ALLOW_ASYNC_UNSAFE": value}
    with served(CASES["uvicorn --workers"], project, **environ) as (top, _):
        assert {worker.async_unsafe_allowed for worker in tree(top)} == {value == "false"}


def test_unsafe_setting_is_unknown_where_the_environment_is_wiped(project: Path) -> None:
    with served(CASES["gunicorn, uvicorn_worker"], project, DJANGO_ALLOW_ASYNC_UNSAFE="1") as (top, _):
        assert {worker.async_unsafe_allowed for worker in tree(top)} == {None}


def test_unix_socket_of_a_titled_gunicorn_is_read_from_the_process(project: Path, tmp_path: Path) -> None:
    socket = tmp_path / "shop.sock"
    argv = Case(f"gunicorn {APP} -k asgi --graceful-timeout 1 --bind unix:{socket}", "gunicorn", TWO, None).argv(0)
    env = {"PATH": os.environ["PATH"], "HOME": str(project)}
    with running(argv, cwd=project, env=env, ready=socket.exists, timeout=60) as process:
        assert eventually(lambda: len(tree(process.pid)) == 2, timeout=30)
        assert [worker.bind for worker in tree(process.pid)] == [f"unix:{socket}"] * 2


def test_port_zero_is_told_as_the_port_that_was_given(project: Path) -> None:
    argv = Case(f"uvicorn {APP} --port 0", "uvicorn", ONE, None).argv(0)

    def ports() -> list[int]:
        return [c.laddr.port for c in psutil.Process(process.pid).net_connections() if c.status == psutil.CONN_LISTEN]

    with running(argv, cwd=project, env={"PATH": os.environ["PATH"]}, ready=lambda: True) as process:
        assert eventually(lambda: bool(ports()), timeout=60)
        assert [worker.bind for worker in tree(process.pid)] == [f"127.0.0.1:{ports()[0]}"]


def test_inspect_knows_a_spawned_workers_app(project: Path) -> None:
    if not may_attach(os.getpid()).allowed:
        pytest.skip("this machine does not let us attach")
    with served(CASES["uvicorn --workers"], project) as (top, port):
        pid = next(worker.pid for worker in tree(top) if worker.role == "worker")
        worker = inspect(pid)
    assert (worker.server, worker.role, worker.app, worker.bind) == ("uvicorn", "worker", APP, f"127.0.0.1:{port}")
