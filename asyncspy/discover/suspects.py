"""A Python process that no command line explains to the server that it may run: told by what it listens on and maps.

A script that calls uvicorn.run() is found so. Nothing here is proof; the role stays in doubt until a stack is seen.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from asyncspy.discover.evidence import Evidence
from asyncspy.discover.process import INTERPRETER, Process, command
from asyncspy.discover.servers import server_of

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
    return len(cmdline) > 1 and INTERPRETER.fullmatch(PurePosixPath(cmdline[0]).name) is not None


def suspected(process: Process, evidence: Evidence, *, forks: bool) -> str | None:
    """The server that a listening process may run, or None; `forks`: it has copies of itself."""
    run = command(process)
    if run is None or run.program in NO_SERVERS or server_of(run) is not None:
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
