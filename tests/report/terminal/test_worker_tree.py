from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import replace

import pytest
from rich.cells import cell_len

from asyncspy.model.processes import Worker, WorkerEnds
from asyncspy.report.json_report import workers_as_json
from asyncspy.report.terminal.worker_tree import render_workers
from tests.report import examples
from tests.report.views import view

CONTRACT = (
    "pid ppid role certain server server_version app bind loop python django asgiref async_unsafe_allowed attachable "
    "reason remedy command cwd user started_at cpu_percent memory_bytes threads doubt settings container pid_inside "
    "ended_workers"
).split()


def shown(workers: tuple[Worker, ...], width: int = 80, **changed: object) -> str:
    return render_workers(workers, view(width, **changed), now=examples.NOW)


def test_a_heading_says_what_runs() -> None:
    lines = shown(examples.WORKERS, 120).splitlines()
    assert lines[0] == "gunicorn 27.0.1  shop.asgi:application  127.0.0.1:8000  Django 5.2.19  asgiref 3.13.0"
    assert "uvicorn 0.54.0  intranet.asgi:app  0.0.0.0:8001  Django 4.2.20  asgiref 3.8.1" in lines


def test_workers_stand_beneath_their_master() -> None:
    shuffled = (examples.GUNICORN[2], examples.GUNICORN[0], examples.GUNICORN[1])
    rows = [line.split()[:2] for line in shown(shuffled).splitlines() if re.match(r"  \d", line)]
    assert rows == [["48290", "master"], ["48292", "worker"], ["48291", "worker"]]
    assert re.search(r"^  48292    worker", shown(shuffled), re.MULTILINE)


def test_the_facts_of_a_worker_stand_in_columns() -> None:
    lines = shown(examples.WORKERS).splitlines()
    title = next(line for line in lines if "role" in line)
    row = next(line for line in lines if "48292" in line)
    assert " ".join(row.split()) == "48292 worker uvloop 3.12.1 2h 10m 58% 112 MiB 9 can attach"
    assert title.index("python") == row.index("3.12.1")
    assert title.index("up") == row.index("2h")


def test_why_a_worker_cannot_be_attached_to_and_what_mends_it() -> None:
    lines = shown(examples.WORKERS).splitlines()
    at = next(i for i, line in enumerate(lines) if "51077" in line)
    assert lines[at].endswith("cannot attach")
    assert lines[at + 1].strip() == "The process belongs to the user intranet."
    assert lines[at + 2].strip() == "▸ sudo asyncspy attach --pid 51077"


def test_a_guess_is_marked_and_explained() -> None:
    assert re.search(r"^  52001  worker\? ", shown(examples.WORKERS), re.MULTILINE)
    assert "? after a role" in shown(examples.WORKERS)
    assert "?" not in shown(examples.GUNICORN)


def test_where_a_worker_runs_and_what_leaves_doubt_stand_below_it() -> None:
    contained = examples.worker(7, ppid=1, container="docker 0123456789ab", pid_inside=12, settings="shop.settings")
    doubted = examples.worker(8, ppid=1, certain=False, doubt="it listens")
    lines = [line.strip() for line in shown((contained, doubted), 120).splitlines()]
    assert lines[0].endswith("shop.settings")
    assert "in pid 12 of docker 0123456789ab" in lines
    assert "? it listens" in lines
    assert any("asyncspy find-workers --probe" in line for line in lines)


def test_an_unsafe_setting_is_warned_of_by_worker() -> None:
    assert "! DJANGO_ALLOW_ASYNC_UNSAFE is set in 48291, 48292:" in shown(examples.WORKERS)
    assert "DJANGO_ALLOW_ASYNC_UNSAFE" not in shown(examples.UVICORN)
    unreadable = tuple(replace(w, async_unsafe_allowed=None) for w in examples.GUNICORN[1:])
    assert "is set in 48290:" in shown((examples.GUNICORN[0], *unreadable))


def test_the_next_command_is_for_a_master_with_its_workers_or_a_worker_that_can_be_watched() -> None:
    last = shown(examples.WORKERS).splitlines()[-1]
    assert last == "Next  asyncspy attach --pid 48290   records all its workers and reports"
    alone = [replace(examples.GUNICORN[0], attachable=False), replace(examples.GUNICORN[0], role="reloader")]
    for master in alone:
        assert shown((master, *examples.GUNICORN[1:])).splitlines()[-1].startswith("Next  asyncspy attach --pid 48291 ")
    assert "attach --pid 51077   " not in shown(examples.UVICORN)


def test_no_worker_found_says_what_to_try() -> None:
    text = shown(())
    assert text.startswith("No server")
    assert "root" in text
    assert "container" in text


def test_two_servers_of_one_kind_are_two_groups() -> None:
    first = examples.worker(10, ppid=1, bind="127.0.0.1:1")
    second = examples.worker(20, ppid=1, bind="127.0.0.1:2")
    assert shown((first, second)).count("gunicorn 27.0.1") == 2
    assert shown((first, replace(second, bind="127.0.0.1:1"))).count("gunicorn 27.0.1") == 1


def test_what_only_the_master_knows_heads_its_workers() -> None:
    master = examples.worker(10, ppid=1, role="master", django=None)
    child = examples.worker(11, ppid=10, app=None, bind=None)
    text = shown((child, master), 120)
    assert text.startswith("gunicorn 27.0.1  shop.asgi:application  127.0.0.1:8000  Django 5.2.19")
    assert text.count("gunicorn") == 1


@pytest.mark.parametrize("parents", [(1, 1), (2, 1), (1, 2)])
def test_reused_process_ids_lose_nobody(parents: tuple[int, int]) -> None:
    text = shown((examples.worker(1, ppid=parents[0]), examples.worker(2, ppid=parents[1])))
    assert re.findall(r"^ +(\d) +worker", text, re.MULTILINE) in (["1", "2"], ["2", "1"])


def test_a_clock_that_went_back_is_no_negative_age() -> None:
    assert " 0s " in shown((examples.worker(10, started_at=examples.NOW + 50),))


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("workers", [examples.WORKERS, (examples.HOSTILE_WORKER,), ()])
def test_no_line_is_wider_than_asked_or_ends_in_blanks(workers: tuple[Worker, ...], width: int) -> None:
    for line in shown(workers, width).split("\n"):
        assert cell_len(line) <= width
        assert line == line.rstrip()


def test_narrow_terminals_lose_no_fact() -> None:
    text = " ".join(shown(examples.WORKERS, 44).split())
    assert "48292 worker uvloop 3.12.1 2h 10m 58% cpu 112 MiB 9 threads can attach" in text
    assert "1 thread can attach" in text


def test_hostile_names_are_inert() -> None:
    for text in (shown((examples.HOSTILE_WORKER,)), workers_as_json([examples.HOSTILE_WORKER])):
        assert not [c for c in text if c != "\n" and unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]
    assert shown((examples.HOSTILE_WORKER,), ascii=True).isascii()


def test_colour_adds_nothing_but_colour() -> None:
    coloured = shown(examples.WORKERS, color=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == shown(examples.WORKERS)


def test_the_list_for_programs() -> None:
    rows = json.loads(workers_as_json(examples.WORKERS))
    assert [list(row) for row in rows] == [CONTRACT] * len(examples.WORKERS)
    assert rows[1]["pid"] == 48291
    assert rows[1]["async_unsafe_allowed"] is True
    assert rows[3]["remedy"] == "sudo asyncspy attach --pid 51077"
    assert json.loads(workers_as_json([])) == []


def test_one_reason_is_said_once() -> None:
    first = replace(examples.WORKERS[1], ppid=1, attachable=False, reason="it is nobody's")
    workers = [replace(first, pid=pid, remedy=f"sudo asyncspy attach --pid {pid}") for pid in (101, 102, 103)]
    text = shown((*workers, replace(first, pid=104, reason="it is traced", remedy="kill 7")))
    assert text.count("it is nobody's") == 1
    assert text.count("sudo asyncspy attach --pid 101") == 1
    assert text.count("for the same reason as 101") == 2
    assert "it is traced" in text


def test_a_master_whose_workers_die_is_marked_with_where_they_are() -> None:
    ends = WorkerEnds(3, 5.0, 1.8)
    line = "! 3 of its workers ended within 5s, none of them older than 1.8s."
    dying = replace(examples.GUNICORN[0], ended_workers=ends)
    text = " ".join(shown((dying, *examples.GUNICORN[1:]), 200).split())
    assert line in text
    assert "▸ asyncspy find-workers --probe" in text
    probed = shown((replace(dying, ended_workers=ends._replace(importing="/srv/\x1b[31m.py:4 load")),), 200)
    probed = " ".join(probed.split())
    assert line + " They were seen in the import of the app, at /srv/\\x1b[31m.py:4 load." in probed
    assert "--probe" not in probed
