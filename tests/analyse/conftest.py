"""The Django that the tests of the rules ask: set up before any of them is imported, as some have models."""

from __future__ import annotations

from tests.analyse.unsafe.every_stack import configure

configure()
