"""The process table to workers: which process serves what, and may it be attached?"""

from __future__ import annotations

from asyncspy.discover.access.permission import may_attach
from asyncspy.discover.diagnose import diagnose
from asyncspy.discover.live_processes import is_running
from asyncspy.discover.servers.catalog import SERVERS
from asyncspy.discover.servers.find import find_workers, inspect_process, workers_of
from asyncspy.discover.servers.select import all_servers, busiest_worker, only_server, select_workers
from asyncspy.discover.servers.settle import settle_role
from asyncspy.discover.servers.succession import (
    require_not_stopped,
    sibling_pids,
    total_cpu_seconds,
    wait_for_successor,
    without_descendants,
)

SERVER_NAMES = tuple(server.name for server in SERVERS)

__all__ = [
    "SERVER_NAMES",
    "all_servers",
    "busiest_worker",
    "diagnose",
    "find_workers",
    "inspect_process",
    "is_running",
    "may_attach",
    "only_server",
    "require_not_stopped",
    "select_workers",
    "settle_role",
    "sibling_pids",
    "total_cpu_seconds",
    "wait_for_successor",
    "without_descendants",
    "workers_of",
]
