"""The servers that asyncspy knows, one row each: how to recognise their command lines, and what the options mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from asyncspy.discover.command_line import PythonCommand
from asyncspy.model.processes import Role

WorkerCreation = Literal["fork", "spawn", "again", "none"]
"""How workers are created: forked (with the master's command line), spawned (a bare interpreter), started by running
the same command again (Django's reloader), or not at all."""

LoopSetting = Literal["asyncio", "uvloop", "auto", "unknown"]
"""What a command line says about the loop: its name; uvloop if installed (auto); or that only the process can tell."""


@dataclass(frozen=True, slots=True)
class Server:
    """How one server looks in the process table.

    `flags` are the options without a value: every other option takes the next argument, and the first argument left
    over names the app. `titles` are the process titles set with setproctitle, as patterns with the groups `app` and
    `bind`. A spawning server has a master from `workers_make_master` workers on. `dirty` are the options that make
    gunicorn keep an arbiter with workers for tasks outside of requests. `address_first`: the first argument is the
    address. `environ_options` set variables for the workers, `environ_files` name files with variables.
    """

    name: str
    children: WorkerCreation
    flags: frozenset[str]
    titles: Mapping[str, Role] = field(default_factory=dict)
    bind: tuple[str, ...] = ()
    host: tuple[str, ...] = ()
    port: tuple[str, ...] = ()
    socket: tuple[str, ...] = ()
    default_bind: tuple[str, str] = ("127.0.0.1", "8000")
    loop: tuple[str, ...] = ()
    loop_unless_said: LoopSetting = "auto"
    worker_class: tuple[str, ...] = ()
    workers: tuple[str, ...] = ()
    workers_environ: str | None = None
    workers_make_master: int = 1
    environ_prefix: str | None = None
    package: str | None = None
    settings: tuple[str, ...] = ()
    dirty: tuple[str, ...] = ()
    address_first: bool = False
    environ_options: tuple[str, ...] = ()
    environ_files: tuple[str, ...] = ()

    @property
    def distribution(self) -> str:
        """The package whose version is the server's."""
        return self.package or self.name


def _flags(words: str) -> frozenset[str]:
    return frozenset(words.split())


UVICORN = Server(
    name="uvicorn",
    children="spawn",
    flags=_flags(
        "--reload --http2 --access-log --no-access-log --use-colors --no-use-colors --proxy-headers --no-proxy-headers"
        " --server-header --no-server-header --date-header --no-date-header --reset-contextvars --factory --version"
        " --help"
    ),
    host=("--host",),
    port=("--port",),
    socket=("--uds",),
    loop=("--loop",),
    workers=("--workers",),
    workers_environ="WEB_CONCURRENCY",
    workers_make_master=2,
    environ_prefix="UVICORN_",
    environ_files=("--env-file",),
)

GUNICORN = Server(
    name="gunicorn",
    children="fork",
    flags=_flags(
        "--capture-output --casefold-http-method --check-config --daemon --disable-redirect-access-to-syslog"
        " --do-handshake-on-connect --enable-backlog-metric --enable-stdio-inheritance --help --initgroups --log-syslog"
        " --no-control-socket --no-sendfile --permit-obsolete-folding --permit-unconventional-http-method"
        " --permit-unconventional-http-version --preload --print-config --reload --reuse-port --spew"
        " --strip-header-spaces --suppress-ragged-eofs --version -D -R -h -v"
    ),
    titles={
        r"gunicorn: master \[(?P<app>.*?)(?:\.2)*\]": "master",
        r"gunicorn: worker \[(?P<app>.*?)(?:\.2)*\]": "worker",
        r"gunicorn: dirty-(?:arbiter|worker).*": "helper",
    },
    bind=("--bind", "-b"),
    loop=("--asgi-loop",),
    loop_unless_said="unknown",
    worker_class=("--worker-class", "-k"),
    dirty=("--dirty-app",),
    environ_options=("--env", "-e"),
)

HYPERCORN = Server(
    name="hypercorn",
    children="spawn",
    flags=_flags("-D --daemon --debug --reload -h --help"),
    bind=("--bind", "-b"),
    loop=("--worker-class", "-k"),
    loop_unless_said="asyncio",
    workers=("--workers", "-w"),
)

DAPHNE = Server(
    name="daphne",
    children="none",
    flags=_flags("-h --help --proxy-headers --no-server-name"),
    host=("--bind", "-b"),
    port=("--port", "-p"),
    socket=("--unix-socket", "-u"),
    loop_unless_said="asyncio",
)

GRANIAN = Server(
    name="granian",
    children="fork",
    flags=_flags(
        "--access-log --no-access-log --factory --no-factory --http1-keep-alive --no-http1-keep-alive"
        " --http1-pipeline-flush --no-http1-pipeline-flush --http2-adaptive-window --no-http2-adaptive-window --log"
        " --no-log --metrics --no-metrics --reload --no-reload --reload-ignore-worker-failure"
        " --no-reload-ignore-worker-failure --respawn-failed-workers --no-respawn-failed-workers --ssl-client-verify"
        " --no-ssl-client-verify --ws --no-ws --version --help"
    ),
    titles={
        r"granian \S+ (?P<bind>\S+) (?P<app>\S+) worker-\d+": "worker",
        r"granian \S+ (?P<bind>\S+) (?P<app>\S+)": "master",
    },
    host=("--host",),
    port=("--port",),
    socket=("--uds",),
    loop=("--loop",),
    loop_unless_said="unknown",
    environ_prefix="GRANIAN_",
    environ_files=("--env-files",),
)

RUNSERVER = Server(
    name="runserver",
    children="again",
    flags=_flags(
        "--noreload --nothreading --ipv6 -6 --nostatic --insecure --noasgi --noinput --no-color --force-color"
        " --traceback --skip-checks --help -h --version"
    ),
    loop_unless_said="unknown",
    package="django",
    settings=("--settings",),
    address_first=True,
)
"""Django's development server, and the one that channels and daphne put in its place."""

SERVERS = (UVICORN, GUNICORN, HYPERCORN, DAPHNE, GRANIAN, RUNSERVER)

SERVERS_BY_NAME = {server.name: server for server in SERVERS}
SERVER_NAMES = tuple(SERVERS_BY_NAME)

PROGRAMS = {
    **{server.name: server for server in SERVERS if server is not RUNSERVER},
    "gunicorn.app.wsgiapp": GUNICORN,
    "uvicorn.main": UVICORN,
    "hypercorn.run": HYPERCORN,
    "daphne.cli": DAPHNE,
    "granian.cli": GRANIAN,
}
"""Servers by the name of the script or module that a Python process runs."""

DJANGO_PROGRAMS = re.compile(r".*\.py|django(?:-admin)?")
"""The programs that may have `runserver` as their subcommand: manage.py, under any name, and Django's own."""


def server_of(run: PythonCommand) -> tuple[Server, tuple[str, ...]] | None:
    """Return the server that a command starts and its arguments; None for any other program."""
    if run.program in PROGRAMS:
        return PROGRAMS[run.program], run.arguments
    if DJANGO_PROGRAMS.fullmatch(run.program) and run.arguments[:1] == (RUNSERVER.name,):
        return RUNSERVER, run.arguments[1:]
    return None


TITLES = tuple((server, re.compile(title), role) for server in SERVERS for title, role in server.titles.items())

PLAIN_PYTHON = Server(name="python", children="none", flags=frozenset(), loop_unless_said="unknown")
"""Any other Python process."""

LOOP_VALUES: Mapping[str, LoopSetting] = {"asyncio": "asyncio", "uvloop": "uvloop", "auto": "auto"}
"""The values of a loop option that are understood; any other names a custom loop."""

WORKER_CLASS_LOOPS: Mapping[str, LoopSetting | None] = {
    "sync": None,
    "gthread": None,
    "gevent": None,
    "eventlet": None,
    "tornado": None,
    "asgi": "auto",
    "gunicorn.workers.gasgi.ASGIWorker": "auto",
    "uvicorn.workers.UvicornWorker": "auto",
    "uvicorn_worker.UvicornWorker": "auto",
    "uvicorn.workers.UvicornH11Worker": "asyncio",
    "uvicorn_worker.UvicornH11Worker": "asyncio",
}
"""The loops of gunicorn's worker classes; WSGI workers run none."""

SPAWNED_CODE = re.compile(r"\bfrom multiprocessing\.spawn import spawn_main\b")
TRACKER_CODE = re.compile(r"\bfrom multiprocessing\.resource_tracker import main\b")
"""To be searched for, not matched: a debugger puts a line of its own in front."""

SPAWNED_MARK = "--multiprocessing-fork"
TRACKER_MARK = "multiprocessing.resource_tracker"
