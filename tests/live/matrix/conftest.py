"""Prints the table of the matrix at the end."""

from __future__ import annotations

import pytest

TABLE = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TABLE] = []


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for text in config.stash[TABLE]:
        terminalreporter.write_line(text)


@pytest.fixture
def table(request: pytest.FixtureRequest) -> list[str]:
    """Lines for the end of the run."""
    lines: list[str] = request.config.stash[TABLE]
    return lines
