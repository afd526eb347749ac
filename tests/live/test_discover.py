"""Real servers, started in each of their modes: every role, app, address, version and loop is told right."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
import zipapp
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from asyncspy.discover import find_workers, inspect_process, may_attach, workers_of
from asyncspy.model.processes import Worker
from tests.live.processes import accepts, eventually, free_port, running
from tests.live.server_modes import APP, BIN, MODES, PROJECT, SETTINGS, Mode

pytestmark = pytest.mark.live

for needed in ("django", "gunicorn", "setproctitle", "uvicorn", "uvicorn_worker", "uvloop"):
    pytest.importorskip(needed)

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("discover")
    for name, text in PROJECT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "links").mkdir()
    (folder / "links" / "uvicorn").symlink_to(BIN / "uvicorn")
    (folder / "zipped").mkdir()
    (folder / "zipped" / "__main__.py").write_text(PROJECT["serve.py"].replace("sys.argv[2]", '"one"'))
    zipapp.create_archive(folder / "zipped", folder / "shop.pyz")
    return folder


@contextmanager
def served(mode: Mode, project: Path, **environ: str) -> Iterator[tuple[int, int]]:
    """The first pid and the port of a server, once all of its processes are there."""
    if missing := mode.missing():
        pytest.skip(f"{', '.join(missing)} not installed")
    port = free_port()
    path = os.pathsep.join(str(project / "without" / name) for name in mode.without)
    env = {
        "PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(project), "VIRTUAL_ENV": sys.prefix, "PORT": str(port),
        "UV_CACHE_DIR": str(project / "uv"), "COVERAGE_FILE": str(project / "coverage"),
        **({"PYTHONPATH": path} if path else {}), **mode.environ, **environ,
    }  # fmt: skip
    with running(mode.argv(port), cwd=project, env=env, ready=lambda: accepts(port), timeout=60) as process:
        eventually(lambda: settled(process.pid, mode), timeout=30)  # what is told otherwise, the test says better
        yield process.pid, port


def settled(top: int, mode: Mode) -> bool:
    """All processes are there, and each worker has imported its loop: that comes after the socket is open."""
    found = tree(top)
    loops = {worker.loop for worker in found if worker.role == "worker"}
    return told(found) == mode.roles and (mode.loop is None or loops == {mode.loop})


def told(workers: list[Worker]) -> str:
    return " ".join(worker.role + ("" if worker.certain else "?") for worker in workers)


def tree(top: int) -> list[Worker]:
    pids = family(top)
    return [worker for worker in find_workers() if worker.pid in pids]


def family(top: int) -> set[int]:
    try:
        return {top, *(child.pid for child in psutil.Process(top).children(recursive=True))}
    except psutil.NoSuchProcess:
        return set()


@pytest.mark.parametrize("name", MODES)
def test_every_process_is_told(name: str, project: Path) -> None:
    mode = MODES[name]
    with served(mode, project) as (top, port):
        found = tree(top)
        everybody = family(top)
        of_first = workers_of(found[0]) if found else []
    print(f"{name} | {mode.roles} | {told(found)}")  # noqa: T201 - the table that `pytest -rP` shows
    assert told(found) == mode.roles
    assert len(everybody) == len(found) + mode.outer, "a process of the server was left out"
    assert (found[0].pid == top) is (mode.outer == 0)
    package = "django" if mode.server == "runserver" else mode.server
    same: dict[str, Any] = {
        "server": mode.server, "server_version": importlib.metadata.version(package), "bind": f"127.0.0.1:{port}",
        "python": PYTHON, "django": importlib.metadata.version("django"),
        "asgiref": importlib.metadata.version("asgiref"), "cwd": str(project), "pid_inside": None,
        "attachable": may_attach(os.getpid()).allowed,
    }  # fmt: skip
    for worker in found:
        assert {field: getattr(worker, field) for field in same} == same
        assert worker.app == mode.app or (worker.role == "helper" and worker.app is None)
        assert worker.loop == (mode.loop if worker.role == "worker" else None)
        assert (worker.doubt is None) is worker.certain
    assert {worker.settings for worker in found} == {settings_told(mode)}
    workers = [worker.pid for worker in found if worker.role == "worker"]
    assert sorted(worker.pid for worker in of_first) == (workers if found[0].role != "worker" else [])


def settings_told(mode: Mode) -> str | None:
    """Nothing names it where a title wiped the environment, which might, or where only the program itself knows."""
    titled = mode.server in {"gunicorn", "granian"} and "setproctitle" not in mode.without
    return None if titled or (mode.app is None and mode.server != "runserver") else SETTINGS


OWN_PROGRAMS = {
    "serve.py PORT one": "worker",
    "serve.py PORT two": "master worker worker helper",
    "serve.py PORT reload": "reloader worker helper",
    "serve_hypercorn.py PORT": "worker",
    "no_server.py PORT": "",
}


@pytest.mark.usefixtures("may_trace")
@pytest.mark.parametrize("line", OWN_PROGRAMS)
def test_one_stack_dump_settles_what_a_program_of_its_own_is(line: str, project: Path) -> None:
    doubted = " ".join(f"{role}?" if role != "helper" else role for role in OWN_PROGRAMS[line].split()) or "worker?"
    mode = Mode(f"BIN/python {line}", "uvicorn", doubted, None, None, needs=("hypercorn",) if "hyper" in line else ())
    with served(mode, project) as (top, _):
        assert told(tree(top)) == doubted
        pids = family(top)
        asked = [sys.executable, "-m", "asyncspy", "find-workers", "--probe", "--json"]
        shown = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=True)
    found = [row for row in json.loads(shown.stdout) if row["pid"] in pids]
    assert " ".join(row["role"] for row in found) == OWN_PROGRAMS[line]
    assert all(row["certain"] for row in found)


@pytest.mark.parametrize("value", ["", "false", None])
def test_unsafe_setting_is_read_as_django_reads_it(project: Path, value: str | None) -> None:
    environ = {} if value is None else {"DJANGO_ALLOW_ASYNC_UNSAFE": value}
    with served(MODES["uvicorn --workers 2"], project, **environ) as (top, _):
        assert {worker.async_unsafe_allowed for worker in tree(top)} == {value == "false"}


def test_unsafe_setting_is_unknown_where_the_environment_is_wiped(project: Path) -> None:
    with served(MODES["gunicorn -k uvicorn_worker"], project, DJANGO_ALLOW_ASYNC_UNSAFE="1") as (top, _):
        assert {worker.async_unsafe_allowed for worker in tree(top)} == {None}


def test_unix_socket_of_a_titled_gunicorn_is_read_from_the_process(project: Path, tmp_path: Path) -> None:
    socket = tmp_path / "shop.sock"
    argv = [f"{BIN}/gunicorn", APP, "-k", "asgi", "--graceful-timeout", "1", "--bind", f"unix:{socket}"]
    env = {"PATH": os.environ["PATH"], "HOME": str(project)}
    with running(argv, cwd=project, env=env, ready=socket.exists, timeout=60) as process:
        assert eventually(lambda: len(tree(process.pid)) == 2, timeout=30)
        assert [worker.bind for worker in tree(process.pid)] == [f"unix:{socket}"] * 2


def test_port_zero_is_told_as_the_port_that_was_given(project: Path) -> None:
    argv = [f"{BIN}/uvicorn", APP, "--port", "0"]

    def ports() -> list[int]:
        return [c.laddr.port for c in psutil.Process(process.pid).net_connections() if c.status == psutil.CONN_LISTEN]

    with running(argv, cwd=project, env={"PATH": os.environ["PATH"]}, ready=lambda: True) as process:
        assert eventually(lambda: bool(ports()), timeout=60)
        assert [worker.bind for worker in tree(process.pid)] == [f"127.0.0.1:{ports()[0]}"]


def test_inspect_knows_a_spawned_workers_app(project: Path) -> None:
    if not may_attach(os.getpid()).allowed:
        pytest.skip("this machine does not let us attach")
    with served(MODES["uvicorn --workers 2"], project) as (top, port):
        pid = next(worker.pid for worker in tree(top) if worker.role == "worker")
        worker = inspect_process(pid)
    assert (worker.server, worker.role, worker.app, worker.bind) == ("uvicorn", "worker", APP, f"127.0.0.1:{port}")


def test_a_python_program_that_listens_without_a_server_installed_is_none(project: Path, tmp_path: Path) -> None:
    """The bare interpreter's own web server, and a program outside of any environment with Django."""
    port = free_port()
    python = str(Path(sys.base_prefix) / "bin" / f"python{PYTHON}")
    argv = [python, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    with running(argv, cwd=tmp_path, env={"PATH": "/usr/bin:/bin"}, ready=lambda: accepts(port)) as process:
        assert tree(process.pid) == []
