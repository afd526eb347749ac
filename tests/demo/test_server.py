"""The shop's server: found as a user's would be, and gone afterwards however the block is left."""

from __future__ import annotations

import contextlib
import http.client
import importlib.metadata
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from asyncspy.demo import server
from asyncspy.demo.planted import PROJECT, marks
from asyncspy.demo.server import Shop, running_shop
from asyncspy.demo.shop import DemoError

live = pytest.mark.live
PATIENCE = 20


def processes_of(shop: Shop) -> list[psutil.Process]:
    master = psutil.Process(shop.pid)
    return [master, *master.children(recursive=True)]


def status(shop: Shop, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port_of(shop), timeout=PATIENCE)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={"Cookie": f"sessionid={shop.session}"})
        return connection.getresponse().status


def port_of(shop: Shop) -> int:
    return int(shop.url.rsplit(":")[-1])


def assert_gone(processes: list[psutil.Process], root: Path) -> None:
    assert_ended(processes)
    assert not root.exists()


def sweep(processes: list[psutil.Process], root: Path) -> None:
    """What a failed test left behind must not stay."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    shutil.rmtree(root, ignore_errors=True)


def assert_ended(processes: list[psutil.Process]) -> None:
    # An orphan that init has not collected yet is dead all the same.
    _, left = psutil.wait_procs(processes, timeout=PATIENCE)
    assert [p for p in left if p.is_running() and p.status() != psutil.STATUS_ZOMBIE] == []


@live
def test_the_shop_runs_as_a_users_would_and_is_gone_afterwards() -> None:
    with running_shop(workers=2) as shop:
        processes = processes_of(shop)
        command = processes[0].cmdline()
        workers = [p for p in processes if "--multiprocessing-fork" in p.cmdline()]
        assert command[:4] == [sys.executable, "-m", "uvicorn", "shop.asgi:application"]
        assert command[command.index("--workers") + 1] == "2"
        assert len(workers) == 2
        assert marks(shop.root) == marks(PROJECT)
        assert shop.root.stat().st_mode & 0o077 == 0
        assert status(shop, "/account/orders/") == 200
        assert status(shop, "/catalogue/") == 500
    assert_gone(processes, shop.root)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port_of(shop)), timeout=1)


@live
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_the_shop_is_gone_when_the_block_raises(error: type[BaseException]) -> None:
    processes: list[psutil.Process] = []
    root = Path()

    def visit() -> None:
        nonlocal processes, root
        with running_shop(workers=1) as shop:
            processes, root = processes_of(shop), shop.root
            raise error

    with pytest.raises(error):
        visit()
    assert_gone(processes, root)


@pytest.fixture
def holder() -> Iterator[subprocess.Popen[str]]:
    program = Path(__file__).with_name("shop_holder.py")
    package = str(Path(server.__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, str(program)],
        env={**os.environ, "PYTHONPATH": package},
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


def shop_of(holder: subprocess.Popen[str]) -> tuple[list[psutil.Process], Path]:
    assert holder.stdout is not None
    said = json.loads(holder.stdout.readline())
    assert len(said["pids"]) >= 3
    return [psutil.Process(pid) for pid in said["pids"]], Path(said["root"])


@live
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_the_shop_is_gone_when_its_owner_is_told_to_end(holder: subprocess.Popen[str], number: int) -> None:
    processes, root = shop_of(holder)
    holder.send_signal(number)
    try:
        assert holder.wait(PATIENCE) != 0
        assert_gone(processes, root)
    finally:
        sweep(processes, root)


@live
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux ends children with their parent")
def test_no_server_outlives_an_owner_that_is_killed(holder: subprocess.Popen[str]) -> None:
    processes, root = shop_of(holder)
    holder.kill()
    holder.wait(PATIENCE)
    try:
        assert_ended(processes)
    finally:
        sweep(processes, root)


@live
def test_a_workers_death_follows_its_masters() -> None:
    with running_shop(workers=2) as shop:
        processes = processes_of(shop)
        processes[0].kill()
        assert_ended(processes[1:])


@live
def test_the_callers_settings_do_not_change_the_shop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "nowhere.settings")
    monkeypatch.setenv("UVICORN_ROOT_PATH", "/elsewhere")
    with running_shop(workers=1) as shop:
        assert status(shop, "/catalogue/") == 500
        assert status(shop, "/") == 200


@live
def test_a_port_that_somebody_else_took_is_not_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    free = server._free_port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = iter([int(taken.getsockname()[1])])
        monkeypatch.setattr(server, "_free_port", lambda: next(ports, None) or free())
        with running_shop(workers=1) as shop:
            assert not shop.url.endswith(f":{taken.getsockname()[1]}")
            assert status(shop, "/") == 200


@live
def test_a_server_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_uvicorn", lambda *_: ["-c", "raise SystemExit('no such option')"])
    with pytest.raises(DemoError, match="no such option"), running_shop():
        pass


@live
def test_a_named_folder_keeps_the_code_that_ran(tmp_path: Path) -> None:
    root = tmp_path / "shop"
    log = tmp_path / "server.log"
    with running_shop(workers=1, root=root, log=log) as shop:
        assert shop.root == root.resolve()
        processes = processes_of(shop)
    assert marks(root) == marks(PROJECT)
    assert log.exists()
    assert_ended(processes)


@pytest.mark.parametrize(
    ("versions", "message"),
    [
        ({"uvicorn": "0.54.0"}, "needs django, which is not installed"),
        ({"django": "5.2"}, "needs uvicorn, which is not installed"),
        ({"django": "3.2.25", "uvicorn": "0.54.0"}, "needs django 4.2 or newer; this is 3.2.25"),
    ],
)
def test_missing_packages_are_named_with_the_line_that_installs_them(
    monkeypatch: pytest.MonkeyPatch, versions: dict[str, str], message: str
) -> None:
    def version(package: str) -> str:
        if package not in versions:
            raise importlib.metadata.PackageNotFoundError(package)
        return versions[package]

    monkeypatch.setattr(importlib.metadata, "version", version)
    with pytest.raises(DemoError, match=message) as caught, running_shop():
        pass
    assert 'pip install "asyncspy[demo]"' in caught.value.remedy
