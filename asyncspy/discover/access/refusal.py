"""What a check can answer, and what a check is."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from asyncspy.discover.access.facts import Facts


class Refusal(NamedTuple):
    """Why attaching will fail, and what to do about it."""

    reason: str
    remedy: str


Check = Callable[[Facts], "Refusal | str | None"]
"""Says in a few words what is fine, or refuses with the reason and the line that mends it, or has nothing to say."""
