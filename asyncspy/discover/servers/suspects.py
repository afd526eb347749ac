"""A Python process that no command line explains to the server that it may run: told by what it listens on and maps.

A script that calls uvicorn.run() is found so. Nothing here is proof; the role stays in doubt until a stack is seen.
"""

from __future__ import annotations

from asyncspy.discover.command_line import INTERPRETER, Process, command
from asyncspy.discover.servers.catalog import SPAWNED_MARK, TRACKER_MARK, server_of
from asyncspy.discover.servers.evidence import Evidence

MAPPED = (
    ("granian", "/granian/_granian."),
    ("daphne", "/zope/interface/"),
    ("uvicorn", "/httptools/"),
    ("uvicorn", "/uvloop/"),
)
"""Servers by an extension module that they bring along."""

LIKELY = ("uvicorn", "hypercorn", "daphne", "granian")
"""Where nothing that is mapped tells: the most likely of those that are installed."""

NO_SERVERS = frozenset(
    "celery circusd dask debugpy dmypy flower huey ipython jedi jupyter jupyter-lab jupyter-notebook locust mkdocs mypy"
    " pip pudb pylsp pytest ruff salt-minion sphinx-autobuild supervisord tox".split()
)
"""Programs that may listen, in an environment that has a server installed, and serve no ASGI."""

FRAMEWORK = "django"


def may_be_suspected(cmdline: tuple[str, ...]) -> bool:
    """Whether a command line is that of an interpreter with something to run; nothing else is asked at this point."""
    return len(cmdline) > 1 and INTERPRETER.fullmatch(cmdline[0].rpartition("/")[2]) is not None


def is_own_program(process: Process) -> bool:
    """Whether it runs a script or module that is neither a known server nor known to be none."""
    run = command(process)
    spawned = SPAWNED_MARK in process.cmdline or TRACKER_MARK in "".join(process.cmdline[:3])
    return run is not None and not spawned and run.program not in NO_SERVERS and server_of(run) is None


def suspected(process: Process, evidence: Evidence, *, forks: bool) -> str | None:
    """The server that a listening process may run, or None; `forks`: it has copies of itself."""
    if not is_own_program(process):
        return None
    installed = evidence.versions(process)
    if FRAMEWORK not in installed:
        return None
    mapped = evidence.mapped(process.pid) or frozenset()
    for server, mark in MAPPED:
        if server in installed and any(mark in file for file in mapped):
            return server
    if forks:
        return "gunicorn" if "gunicorn" in installed else None
    return next((server for server in LIKELY if server in installed), None)
