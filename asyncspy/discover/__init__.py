"""The process table to workers: which process serves what, and may it be attached?"""

from __future__ import annotations

from asyncspy.discover.access.diagnose import diagnose
from asyncspy.discover.access.permission import may_attach
from asyncspy.discover.servers.catalog import SERVERS
from asyncspy.discover.servers.choose import busiest, every_app, only, the_only_app
from asyncspy.discover.servers.find import find_workers, inspect, workers_of
from asyncspy.discover.servers.settle import settle
from asyncspy.discover.servers.succession import cpu_seconds, must_run, siblings, successor, topmost
from asyncspy.discover.vital import runs

SERVER_NAMES = tuple(server.name for server in SERVERS)

__all__ = [
    "SERVER_NAMES",
    "busiest",
    "cpu_seconds",
    "diagnose",
    "every_app",
    "find_workers",
    "inspect",
    "may_attach",
    "must_run",
    "only",
    "runs",
    "settle",
    "siblings",
    "successor",
    "the_only_app",
    "topmost",
    "workers_of",
]
