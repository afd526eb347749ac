"""find-workers narrows the list, settles doubt on request, and attach takes the only server that there is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from asyncspy.cli import commands
from asyncspy.errors import SamplerError
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Frame, Stack
from asyncspy.sample import PySpy
from asyncspy.workflow import preflight
from asyncspy.workflow.list_workers import diagnose_target
from asyncspy.workflow.machine import Machine


def worker(pid: int, ppid: int, role: Any = "worker", server: str = "uvicorn", **more: Any) -> Worker:
    return Worker(pid, ppid, role, more.pop("doubt", None) is None, server, **more)


SHOP = [
    worker(10, 1, "master", "gunicorn", app="shop.asgi:application", bind="127.0.0.1:8000"),
    worker(11, 10, server="gunicorn", app="shop.asgi:application"),
    worker(12, 10, server="gunicorn", app="shop.asgi:application"),
    worker(13, 10, "helper", "gunicorn"),
]
INTRANET = [worker(20, 1, app="intranet.asgi:app")]
SUSPECT = Worker(30, 1, "worker", certain=False, server="uvicorn", doubt="a program of its own")


HERE: list[Worker] = []
STACKS: dict[int, tuple[Stack, ...]] = {}


def read_stacks(_py_spy: PySpy, pid: int) -> tuple[Stack, ...]:
    if pid not in STACKS:
        raise SamplerError(f"py-spy could not read process {pid}", remedy="")
    return STACKS[pid]


def run(*words: str) -> Result:
    machine = Machine(find_workers=lambda: HERE, find_py_spy=lambda: PySpy("py-spy", "0.4.3"), read_stacks=read_stacks)
    return CliRunner().invoke(commands, list(words), prog_name="asyncspy", obj=machine)


@pytest.fixture
def here() -> list[Worker]:
    """What is found on this machine; a test fills it."""
    HERE.clear()
    STACKS.clear()
    return HERE


def pids(shown: Result) -> list[int]:
    return [row["pid"] for row in json.loads(shown.stdout)]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), [10, 11, 12, 13, 20]),
        (("--server", "gunicorn"), [10, 11, 12, 13]),
        (("--app", "intranet"), [20]),
        (("--app", "shop"), [10, 11, 12, 13]),
        (("--app", "shop", "--server", "uvicorn"), []),
    ],
)
def test_filters_keep_whole_families(here: list[Worker], words: tuple[str, ...], expected: list[int]) -> None:
    here += [*SHOP, *INTRANET]
    assert pids(run("find-workers", "--json", *words)) == expected


def test_pids_are_those_of_workers_one_a_line(here: list[Worker]) -> None:
    here += [*SHOP, *INTRANET]
    assert run("find-workers", "--pids").stdout == "11\n12\n20\n"


def test_no_pid_to_print_is_no_empty_success(here: list[Worker]) -> None:
    shown = run("find-workers", "--pids")
    assert shown.exit_code == 3
    assert shown.stdout == ""
    assert run("find-workers").exit_code == 0


def test_a_filter_that_nothing_matches_says_what_there_is(here: list[Worker]) -> None:
    here += [*SHOP, *INTRANET]
    shown = run("find-workers", "--app", "nosuch", "--server", "daphne")
    assert (shown.exit_code, shown.stdout) == (0, "")
    assert "nothing here matches --server daphne --app nosuch" in shown.stderr
    assert "intranet" in shown.stderr
    assert "nothing here" not in run("find-workers").output


def test_pids_and_json_do_not_go_together() -> None:
    assert run("find-workers", "--pids", "--json").exit_code == 2


def test_unknown_server_is_a_usage_error() -> None:
    assert run("find-workers", "--server", "apache").exit_code == 2


def test_busiest_is_one_worker(here: list[Worker], monkeypatch: pytest.MonkeyPatch) -> None:
    from asyncspy.discover.servers import select  # noqa: PLC0415

    looks = {11: iter([5.0, 5.1]), 12: iter([1.0, 3.0]), 20: iter([9.0, None])}
    monkeypatch.setattr(select, "cpu_seconds", lambda pid: next(looks[pid]))
    monkeypatch.setattr(select, "LOOK_SECONDS", 0)
    here += [*SHOP, *INTRANET]
    assert pids(run("find-workers", "--json", "--busiest")) == [12]


def frames(*files: str) -> tuple[Frame, ...]:
    return tuple(Frame("run", f"/site-packages{file}", 1) for file in files)


@pytest.mark.parametrize(
    ("stack", "role", "server"),
    [
        (("/uvicorn/main.py", "/uvicorn/server.py", "/asyncio/runners.py"), "worker", "uvicorn"),
        (("/uvicorn/main.py", "/uvicorn/supervisors/multiprocess.py"), "master", "uvicorn"),
        (("/uvicorn/main.py", "/uvicorn/supervisors/basereload.py"), "reloader", "uvicorn"),
        (("/gunicorn/arbiter.py", "/gunicorn/workers/base.py", "/uvicorn/server.py"), "worker", "gunicorn"),
        (("/gunicorn/arbiter.py",), "master", "gunicorn"),
        (("/gunicorn/arbiter.py", "/gunicorn/dirty/arbiter.py", "/asyncio/runners.py"), "helper", "gunicorn"),
        (("/serve.py", "/asyncio/runners.py"), "worker", "uvicorn"),
    ],
)
def test_a_stack_dump_settles_the_role(here: list[Worker], stack: tuple[str, ...], role: str, server: str) -> None:
    here.append(SUSPECT)
    STACKS[30] = (Stack(frames(*stack), 30, "MainThread"),)
    (row,) = json.loads(run("find-workers", "--probe", "--json").stdout)
    assert (row["role"], row["server"], row["certain"], row["doubt"]) == (role, server, True, None)
    (row,) = json.loads(run("find-workers", "--json").stdout)
    assert row["certain"] is False


def test_a_suspect_without_a_server_on_its_stacks_is_none(here: list[Worker]) -> None:
    here += [SUSPECT, *INTRANET]
    loop_in_another_thread = Stack(frames("/asyncio/runners.py"), 30, "Thread-1")
    STACKS[30] = (loop_in_another_thread,)
    assert pids(run("find-workers", "--probe", "--json")) == [20]


def test_a_dump_that_fails_leaves_the_doubt(here: list[Worker]) -> None:
    here.append(SUSPECT)
    (row,) = json.loads(run("find-workers", "--probe", "--json").stdout)
    assert (row["certain"], row["doubt"]) == (False, "py-spy could not read process 30")


def test_attach_lists_the_choices_where_there_are_several(here: list[Worker]) -> None:
    here += [*SHOP, *INTRANET]
    shown = run("attach")
    assert shown.exit_code == 2
    assert "10 (gunicorn shop.asgi:application 127.0.0.1:8000), 20 (uvicorn intranet.asgi:app)" in shown.stderr
    assert "name one: --pid 10" in shown.stderr


def test_attach_without_anything_to_attach_to(here: list[Worker]) -> None:
    shown = run("attach")
    assert shown.exit_code == 2
    assert "asyncspy find-workers" in shown.stderr


def test_attach_takes_the_only_server_by_its_master(here: list[Worker], monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []

    def requested(pids: list[int]) -> None:
        taken.append(pids)
        raise SamplerError("enough", remedy="")

    monkeypatch.setattr(preflight, "without_descendants", requested)
    here += SHOP
    run("attach")
    here[:] = INTRANET
    run("attach")
    here += SHOP
    run("attach", "--all")
    assert taken == [[10], [20], [20, 10]]


@pytest.mark.parametrize(("version", "ok"), [("0.4.2", False), ("0.4.3", True)])
def test_doctor_names_an_old_py_spy_and_how_to_upgrade_it(version: str, ok: bool) -> None:
    machine = Machine(find_py_spy=lambda: PySpy("/opt/py-spy", version))
    found = diagnose_target(machine=machine)
    first = found.checks[0]
    assert (first.ok, "older than" in first.said) == (ok, not ok)
    assert ok or "--upgrade py-spy" in (first.remedy or "")
    assert "/opt/py-spy" in first.said
