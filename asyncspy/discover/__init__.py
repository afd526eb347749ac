"""The process table to workers: which process serves what, and may it be attached?"""

from __future__ import annotations

from asyncspy.discover.diagnose import diagnose
from asyncspy.discover.find import find_workers, inspect, workers_of
from asyncspy.discover.permission import may_attach

__all__ = ["diagnose", "find_workers", "inspect", "may_attach", "workers_of"]
