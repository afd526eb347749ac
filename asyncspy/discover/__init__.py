"""The process table to workers: which process serves what, and may it be attached?"""

from __future__ import annotations

from asyncspy.discover.choose import busiest, only, the_only_app
from asyncspy.discover.diagnose import diagnose
from asyncspy.discover.find import find_workers, inspect, workers_of
from asyncspy.discover.permission import may_attach
from asyncspy.discover.servers import SERVERS
from asyncspy.discover.settle import settle

SERVER_NAMES = tuple(server.name for server in SERVERS)

__all__ = [
    "SERVER_NAMES",
    "busiest",
    "diagnose",
    "find_workers",
    "inspect",
    "may_attach",
    "only",
    "settle",
    "the_only_app",
    "workers_of",
]
