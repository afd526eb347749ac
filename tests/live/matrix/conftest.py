"""Keeps the full matrix out of a run that did not ask for it (`-m matrix`), and prints its table at the end."""

from __future__ import annotations

import pytest

TABLE = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TABLE] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "matrix" in config.option.markexpr:
        return
    left_out = [item for item in items if item.get_closest_marker("matrix")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("matrix")]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for text in config.stash[TABLE]:
        terminalreporter.write_line(text)


@pytest.fixture
def table(request: pytest.FixtureRequest) -> list[str]:
    """Lines for the end of the run."""
    lines: list[str] = request.config.stash[TABLE]
    return lines
