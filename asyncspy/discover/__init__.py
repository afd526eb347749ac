"""Find Django servers and their workers in the process table, and decide whether each may be attached to."""

from __future__ import annotations

from asyncspy.discover.access.gather import TRACER_NAMED
from asyncspy.discover.access.permission import may_attach
from asyncspy.discover.containers import container_name
from asyncspy.discover.diagnose import diagnose
from asyncspy.discover.live_processes import (
    child_pids,
    is_running,
    process_usage,
    require_not_stopped,
    started_at,
    total_cpu_seconds,
    without_descendants,
)
from asyncspy.discover.servers.catalog import SERVER_NAMES
from asyncspy.discover.servers.find import find_workers, inspect_process, workers_of
from asyncspy.discover.servers.select import all_servers, busiest_worker, only_server, select_workers
from asyncspy.discover.servers.succession import sibling_pids, wait_for_successor
from asyncspy.discover.servers.uncertain_roles import settle_role

__all__ = [
    "SERVER_NAMES",
    "TRACER_NAMED",
    "all_servers",
    "busiest_worker",
    "child_pids",
    "container_name",
    "diagnose",
    "find_workers",
    "inspect_process",
    "is_running",
    "may_attach",
    "only_server",
    "process_usage",
    "require_not_stopped",
    "select_workers",
    "settle_role",
    "sibling_pids",
    "started_at",
    "total_cpu_seconds",
    "wait_for_successor",
    "without_descendants",
    "workers_of",
]
