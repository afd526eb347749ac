"""A server's command line says the app, the address, the loop and the number of workers."""

from __future__ import annotations

import pytest

from asyncspy.discover.command_line import python_command
from asyncspy.discover.servers.catalog import GUNICORN, UVICORN, server_of
from asyncspy.discover.servers.server_options import ServerOptions, parse_options
from tests.discover.tables import row


def read(line: str, environ: dict[str, str] | None = None) -> ServerOptions:
    process = row(1, "python -B -X dev -W error -u -m " + line, environ={} if environ is None else environ)
    run = python_command(process)
    assert run is not None
    named = server_of(run)
    assert named is not None
    return parse_options(*named, process)


APP = "shop.asgi:application"


@pytest.mark.parametrize(
    "line",
    [
        f"uvicorn {APP}",
        f"uvicorn --host localhost --log-level info {APP}",
        f"uvicorn --reload --factory --http2 --header X-Shop:yes {APP}",
        f"gunicorn -c python:shop.conf --preload -w 4 {APP}",
        f"gunicorn -w4 -b0.0.0.0:80 -kasgi -D {APP}",
        f"hypercorn --reload -k uvloop {APP}",
        f"daphne --proxy-headers -p 8001 {APP}",
        f"granian --interface asgi --no-ws {APP}",
    ],
)
def test_app_is_found_among_the_options(line: str) -> None:
    assert read(line).app == APP


@pytest.mark.parametrize(
    ("line", "bind"),
    [
        ("uvicorn a:b", None),
        ("uvicorn a:b --port 8001", "127.0.0.1:8001"),
        ("uvicorn a:b --host=0.0.0.0", "0.0.0.0:8000"),
        ("uvicorn a:b --host ::1 --port 80", "[::1]:80"),
        ("uvicorn a:b --uds /run/shop.sock", "unix:/run/shop.sock"),
        ("gunicorn a:b -b 127.0.0.1:1 --bind=unix:/run/s", "unix:/run/s, 127.0.0.1:1"),
        ("gunicorn a:b -b127.0.0.1:1", "127.0.0.1:1"),
        ("daphne -b 0.0.0.0 a:b", "0.0.0.0:8000"),
        ("daphne -u /run/d a:b", "unix:/run/d"),
        ("granian a:b --host 1.2.3.4", "1.2.3.4:8000"),
    ],
)
def test_bind(line: str, bind: str | None) -> None:
    assert read(line).bind == bind


@pytest.mark.parametrize(
    ("line", "loop"),
    [
        ("uvicorn a:b", "auto"),
        ("uvicorn a:b --loop uvloop", "uvloop"),
        ("uvicorn a:b --loop asyncio", "asyncio"),
        ("uvicorn a:b --loop shop.loops:make", None),
        ("gunicorn a:b", "unknown"),
        ("gunicorn a:b -k shop.workers.Own", "unknown"),
        ("gunicorn a:b -k sync", None),
        ("gunicorn a:b -k uvicorn_worker.UvicornWorker", "auto"),
        ("gunicorn a:b -k uvicorn.workers.UvicornH11Worker", "asyncio"),
        ("gunicorn a:b -k asgi --asgi-loop uvloop", "uvloop"),
        ("hypercorn a:b", "asyncio"),
        ("hypercorn a:b -k uvloop", "uvloop"),
        ("hypercorn a:b -k trio", None),
    ],
)
def test_loop(line: str, loop: str | None) -> None:
    assert read(line).loop == loop


def test_environment_stands_in_for_options_that_are_not_given() -> None:
    environ = {"UVICORN_APP": APP, "UVICORN_PORT": "81", "UVICORN_WORKERS": "3", "UVICORN_LOOP": "asyncio"}
    options = read("uvicorn", environ)
    assert (options.app, options.bind, options.workers, options.loop) == (APP, "127.0.0.1:81", 3, "asyncio")
    assert read("uvicorn --workers 2 --port 82", environ).workers == 2
    assert read("uvicorn --port 82", environ).bind == "127.0.0.1:82"
    assert read("uvicorn a:b", {"UVICORN_RELOAD": "1"}).reload
    assert not read("uvicorn a:b", {"UVICORN_RELOAD": "0"}).reload


@pytest.mark.parametrize(
    "line", ["uvicorn --port", "uvicorn a:b --workers many", "uvicorn a:b --workers ٣", "gunicorn -w"]
)
def test_a_broken_command_line_is_survived(line: str) -> None:
    assert read(line).workers == 1


def test_flags_of_gunicorn_are_those_of_the_installed_one() -> None:
    """A flag that is not in the table would swallow the app; this is where a new gunicorn shows."""
    config = pytest.importorskip("gunicorn.config")
    flags = {
        name for action in config.Config().parser()._actions if action.nargs == 0 for name in action.option_strings
    }
    assert flags <= GUNICORN.flags


def test_flags_of_uvicorn_are_those_of_the_installed_one() -> None:
    pytest.importorskip("uvicorn")
    from uvicorn.main import main  # noqa: PLC0415

    flags = {name for one in main.params if getattr(one, "is_flag", False) for name in (*one.opts, *one.secondary_opts)}
    assert flags <= UVICORN.flags
