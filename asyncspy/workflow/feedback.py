"""How a use case tells its caller what happens while it runs: it prints nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

Tick = Callable[[float], None]
"""Called with the seconds that have passed."""


class Feedback:
    """Receives what a person may want to know besides the result; this one drops it."""

    def say(self, text: str) -> None:
        """Say what is being done."""

    def note(self, text: str) -> None:
        """Report something unexpected that does not end the use case."""

    def warn(self, text: str) -> None:
        """Report something that is shown even with --quiet."""

    def confirm(self, question: str) -> bool:  # noqa: ARG002
        """Ask whether to go on, where there is a person to ask."""
        return True

    def progress(self, seconds: int) -> AbstractContextManager[Tick]:  # noqa: ARG002
        """Show the progress of something that takes this many seconds, while the context lasts."""
        return nullcontext(lambda _passed: None)


SILENT = Feedback()


def offset(tick: Tick, passed: float) -> Tick:
    """The tick of a step that begins after this many seconds."""
    return lambda seconds: tick(passed + seconds)
