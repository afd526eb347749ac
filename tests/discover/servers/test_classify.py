"""Every role, app and address is classified right on recorded process tables."""

from __future__ import annotations

from dataclasses import replace

import pytest

from asyncspy.discover.command_line import ProcessInfo
from asyncspy.discover.servers.classify import classify
from tests.discover.tables import FOLDER, recorded, row

SHOP = "shop.asgi:application"
MASTER, WORKER, RELOADER, HELPER = "master", "worker", "reloader", "helper"

# table: server, app, the roles in the order of the pids (a question mark: not certain)
EXPECTED = {
    "daphne": ("daphne", SHOP, [WORKER]),
    "granian-plain": ("granian", SHOP, [MASTER, WORKER, WORKER]),
    "granian-setproctitle": ("granian", SHOP, [MASTER, WORKER, WORKER]),
    "gunicorn-asgi-setproctitle": ("gunicorn", SHOP, [MASTER, WORKER]),
    "gunicorn-plain": ("gunicorn", SHOP, [MASTER, WORKER, WORKER]),
    "gunicorn-plain-module": ("gunicorn", SHOP, [MASTER, WORKER]),
    "gunicorn-plain-worker-forks": ("gunicorn", "forking:application", [MASTER, WORKER + "?", HELPER + "?"]),
    "gunicorn-setproctitle": ("gunicorn", SHOP, [MASTER, WORKER, WORKER]),
    "gunicorn-setproctitle-named": ("gunicorn", None, [MASTER, WORKER]),
    "hypercorn-alone": ("hypercorn", SHOP, [WORKER]),
    "hypercorn-workers": ("hypercorn", SHOP, [MASTER, HELPER, WORKER, WORKER]),
    "uvicorn-alone": ("uvicorn", SHOP, [WORKER]),
    "uvicorn-app-spawns": ("uvicorn", "spawning:application", [WORKER, HELPER, HELPER]),
    "uvicorn-module": ("uvicorn", SHOP, [WORKER]),
    "uvicorn-reload": ("uvicorn", SHOP, [RELOADER, HELPER, WORKER]),
    "uvicorn-under-shell": ("uvicorn", SHOP, [WORKER]),
    "uvicorn-web-concurrency": ("uvicorn", SHOP, [MASTER, HELPER, WORKER, WORKER]),
    "uvicorn-workers": ("uvicorn", SHOP, [MASTER, HELPER, WORKER, WORKER]),
}


def roles(table: list[ProcessInfo]) -> list[str]:
    found = sorted(classify(table), key=lambda placed: placed.process.pid)
    return [placed.role + ("" if placed.doubt is None else "?") for placed in found]


def test_every_recorded_table_has_expectations() -> None:
    assert sorted(EXPECTED) == sorted(path.stem for path in FOLDER.glob("*.json"))


@pytest.mark.parametrize("name", EXPECTED)
def test_recorded_table(name: str) -> None:
    server, app, expected = EXPECTED[name]
    table = recorded(name)
    assert roles(table) == expected
    assert {(placed.server.name, placed.app) for placed in classify(table)} == {(server, app)}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_order_of_the_table_does_not_matter(name: str) -> None:
    """Pids start again at the bottom, so a worker may well have a smaller one than its master."""
    table = recorded(name)
    assert roles(table[::-1]) == roles(table)


def test_address_of_a_spawned_worker_is_its_masters() -> None:
    binds = {placed.bind for placed in classify(recorded("uvicorn-workers"))}
    assert len(binds) == 1
    assert str(binds.pop()).startswith("127.0.0.1:")


def test_two_servers_with_one_command_line_are_two_trees() -> None:
    line = "/srv/venv/bin/python /srv/venv/bin/gunicorn shop.asgi -k asgi"
    table = [row(10, line), row(11, line, ppid=10), row(20, line), row(21, line, ppid=20)]
    assert roles(table) == [MASTER, WORKER, MASTER, WORKER]


def test_gunicorn_whose_workers_have_not_started_is_a_doubted_master() -> None:
    assert roles([row(10, "/srv/venv/bin/python /srv/venv/bin/gunicorn shop.asgi")]) == [MASTER + "?"]


def test_worker_in_the_moment_before_it_takes_its_title() -> None:
    title = ("gunicorn: master [shop.asgi:application]", "", "")
    table = [ProcessInfo(10, 1, "gunicorn: maste", title), ProcessInfo(11, 10, "gunicorn: maste", title)]
    assert roles(table) == [MASTER, WORKER + "?"]


def test_both_masters_of_an_upgrade() -> None:
    def titled(pid: int, ppid: int, title: str) -> ProcessInfo:
        return ProcessInfo(pid, ppid, "gunicorn", (f"gunicorn: {title}", "", ""))

    old, new = "shop.asgi:application", "shop.asgi:application.2"
    table = [
        titled(10, 1, f"master [{old}]"),
        titled(11, 10, f"worker [{old}]"),
        titled(12, 10, f"master [{new}]"),
        titled(13, 12, f"worker [{new}]"),
        titled(14, 12, "dirty-arbiter"),
    ]
    assert roles(table) == [MASTER, WORKER, MASTER, WORKER, HELPER]
    assert {placed.app for placed in classify(table)} == {old, None}


def test_uvicorn_that_hides_its_environment_leaves_doubt_once_it_has_children() -> None:
    line = "/srv/venv/bin/python /srv/venv/bin/uvicorn shop.asgi:application"
    child = ProcessInfo(11, 10, "python", ("python", "-c", "from multiprocessing.spawn import spawn_main; spawn_main()",
                                       "--multiprocessing-fork"))  # fmt: skip
    assert roles([row(10, line)]) == [WORKER]
    assert roles([row(10, line), child]) == [MASTER + "?", WORKER + "?"]
    assert roles([row(10, line, environ={}), child]) == [WORKER, HELPER]
    assert roles([row(10, line + " --workers 2"), child]) == [MASTER, WORKER]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "tail -f /srv/log/uvicorn.log",
        "vim gunicorn.conf.py",
        "grep uvicorn",
        "sudo -u shop uvicorn shop.asgi:application",
        "python manage.py uvicorn",
        "python -m pip install uvicorn gunicorn",
        "python -c import_uvicorn",
        "python",
        "python -m",
        "/bin/sh /srv/venv/bin/gunicorn shop.asgi",
    ],
)
def test_what_only_mentions_a_server_is_none(line: str) -> None:
    assert classify([row(10, line)]) == []


def test_spawned_children_of_something_else_are_no_server() -> None:
    table = recorded("uvicorn-workers")
    assert classify(table[1:]) == []


def test_a_circle_of_parents_is_survived() -> None:
    """A table that is read while pids are used again need not be a tree."""
    line = "/srv/venv/bin/python /srv/venv/bin/gunicorn shop.asgi"
    table = [row(10, line, ppid=11), row(11, line, ppid=10), row(12, line, ppid=12)]
    assert {placed.server.name for placed in classify(table)} == {"gunicorn"}


RUNSERVER = "/srv/venv/bin/python manage.py runserver 8001"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([(10, 1, RUNSERVER, {}), (11, 10, RUNSERVER, {"RUN_MAIN": "true"})], [RELOADER, WORKER]),
        ([(10, 1, RUNSERVER, None), (11, 10, RUNSERVER, None)], [RELOADER, WORKER]),
        ([(10, 1, f"{RUNSERVER} --noreload", None)], [WORKER]),
        ([(10, 1, RUNSERVER, None)], [WORKER + "?"]),
        ([(10, 1, f"coverage run {RUNSERVER[22:]}", {})], []),
        ([(10, 1, RUNSERVER, {}), (11, 10, RUNSERVER, {"RUN_MAIN": "true"}), (12, 11, RUNSERVER, {"RUN_MAIN": "true"})],
         [RELOADER, WORKER, HELPER]),
    ],
)  # fmt: skip
def test_runserver(lines: list[tuple[int, int, str, dict[str, str] | None]], expected: list[str]) -> None:
    table = [row(pid, line, ppid=ppid, environ=environ) for pid, ppid, line, environ in lines]
    assert roles(table) == expected
    assert {placed.app for placed in classify(table)} <= {None}
    assert {placed.bind for placed in classify(table)} <= {"127.0.0.1:8001"}


@pytest.mark.parametrize(
    "line",
    [
        "python -m coverage run --source shop -m uvicorn shop.asgi:application",
        "python /srv/venv/bin/coverage run --branch -m uvicorn shop.asgi:application",
        "python -m debugpy --listen 5678 --wait-for-client -m uvicorn shop.asgi:application",
        "python -X dev -m pdb -c continue -m uvicorn shop.asgi:application",
        "python -m cProfile -o /tmp/out /srv/venv/bin/uvicorn shop.asgi:application",
        "python -m memray run -o /tmp/out /srv/venv/bin/uvicorn shop.asgi:application",
        "python -m debugpy --listen 5678 -m coverage run -m uvicorn shop.asgi:application",
    ],
)
def test_wrappers_are_seen_through(line: str) -> None:
    (placed,) = classify([row(10, line)])
    assert (placed.server.name, placed.role, placed.app) == ("uvicorn", WORKER, SHOP)


@pytest.mark.parametrize("line", ["python -m coverage report", "python -m coverage html -m uvicorn", "python -m pdb"])
def test_a_wrapper_that_wraps_nothing_is_no_server(line: str) -> None:
    assert classify([row(10, line)]) == []


def test_a_dirty_arbiter_without_a_title_is_recognised_by_its_fork() -> None:
    line = "/srv/venv/bin/python /srv/venv/bin/gunicorn shop.asgi --dirty-app tasks:App"
    table = [row(10, line), row(11, line, ppid=10), row(12, line, ppid=11), row(13, line, ppid=10)]
    assert roles(table) == [MASTER, HELPER, HELPER, WORKER]
    two = [*table, row(14, line, ppid=13)]
    assert roles(two) == [MASTER, WORKER + "?", HELPER + "?", WORKER + "?", HELPER + "?"]


def test_spawned_children_under_a_debugger() -> None:
    top = row(10, "/srv/venv/bin/python -m debugpy --listen 1 -m uvicorn shop.asgi:application --workers 2")
    child = ("python", "-c", "import pydevd; pydevd.settrace()\nfrom multiprocessing.spawn import spawn_main;"
             " spawn_main()", "--multiprocessing-fork")  # fmt: skip
    assert roles([top, ProcessInfo(11, 10, "python", child), ProcessInfo(12, 10, "python", child)]) == [
        MASTER,
        WORKER,
        WORKER,
    ]


def test_doubt_is_always_explained() -> None:
    suspect = replace(row(10, "python serve.py"), suspected="uvicorn")
    (placed,) = classify([suspect])
    assert (placed.role, placed.doubt is None) == (WORKER, False)
    assert "uvicorn" in (placed.doubt or "")
