"""Everything that production does to a recording, each provoked for real: importing this fills the table."""

from __future__ import annotations

from tests.live.faults import of_asyncspy, of_disks, of_py_spy, of_servers, of_targets
from tests.live.faults.table import FAULTS

__all__ = ["FAULTS", "of_asyncspy", "of_disks", "of_py_spy", "of_servers", "of_targets"]
