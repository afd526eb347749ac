"""The Django that the tests of the rules ask."""

from __future__ import annotations

import pytest

from tests.analyse.every_stack import configure


@pytest.fixture(scope="session", autouse=True)
def _django_is_configured() -> None:
    configure()
