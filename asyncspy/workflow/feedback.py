"""How a use case tells its caller what happens while it runs: it prints nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

Tick = Callable[[float], None]
"""Called with the seconds that have passed."""


class Feedback(Protocol):
    """Receives what a person may want to know besides the result."""

    def say(self, text: str) -> None:
        """Say what is being done."""

    def note(self, text: str) -> None:
        """Report something unexpected that does not end the use case."""

    def warn(self, text: str) -> None:
        """Report what must be known also by those who want nothing but the result."""

    def progress(self, seconds: int) -> AbstractContextManager[Tick]:
        """Show the progress of something that takes so many seconds, while the context lasts."""


class SilentFeedback:
    """Drops everything: for callers that only want the result."""

    def say(self, text: str) -> None:
        """Drop it."""

    def note(self, text: str) -> None:
        """Drop it."""

    def warn(self, text: str) -> None:
        """Drop it."""

    def progress(self, seconds: int) -> AbstractContextManager[Tick]:  # noqa: ARG002
        """Show nothing."""
        return nullcontext(lambda _seconds: None)


SILENT = SilentFeedback()


def offset(tick: Tick, passed: float) -> Tick:
    """The tick for a step that begins after so many seconds."""
    return lambda seconds: tick(passed + seconds)
