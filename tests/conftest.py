"""Settings that hold for all tests; what takes minutes stays out of a run that did not ask for it (`-m matrix`)."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import settings

ASKED_FOR = ("matrix", "ship")

# What CI judges must not depend on luck; a run by hand looks for new examples each time.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("hand", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "hand")

# Hundreds of tests start asyncspy, which need not compile all its modules each time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# What is started beside a shell, or with nohup, ignores these, and so would every program that a test starts and ends.
for number, usual in ((signal.SIGHUP, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what is only run when it is asked for."""
    left_out = [mark for mark in ASKED_FOR if mark not in config.option.markexpr]
    deselected = [item for item in items if any(item.get_closest_marker(mark) for mark in left_out)]
    if deselected:
        config.hook.pytest_deselected(items=deselected)
        items[:] = [item for item in items if item not in set(deselected)]
