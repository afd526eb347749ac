"""Deadlocks that asgiref is known to have, with the versions they hold for.

Each was made to hang with the last release that does, and not to with the first that does not. What hangs in every
version is no fault of asgiref, and is told by its pattern.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from asyncspy.analyse.remedy.remedies import parse_version
from asyncspy.model.findings import Remedy
from asyncspy.model.processes import Worker

Shape = Literal["closing", "middleware", "sync view"]
"""How it looks: the loop waits for the thread of a request that ends; a sync-only middleware, or any other sync code,
waits for the loop."""

Release = tuple[int, int]


class AsgirefBug(NamedTuple):
    """A fault of asgiref: from its release `since` until before `mended`, where Django is at least `django`."""

    name: str
    said: str
    shapes: tuple[Shape, ...]
    since: Release
    mended: Release
    django: Release = (3, 0)

    @property
    def remedy(self) -> Remedy:
        """The release that ends it."""
        release = ".".join(map(str, self.mended))
        return Remedy(f"upgrade asgiref, which has it mended since {release}", code=f"pip install 'asgiref>={release}'")


KNOWN = (
    AsgirefBug(
        "asgiref#535",
        "a request is cancelled while its sync-only middleware is in its thread: the loop waits for the thread, which "
        "waits for the loop, and the whole worker stands still",
        ("closing",),
        (3, 3),
        (3, 12),
        django=(4, 0),
    ),
    AsgirefBug(
        "asgiref#348",
        "a task made below sync-only middleware or async_to_sync (create_task, gather, wait_for) sends its "
        "thread-sensitive work to the thread that waits for it",
        ("middleware", "sync view"),
        (3, 3),
        (3, 8),
    ),
    AsgirefBug(
        "asgiref#249",
        "a second sync_to_async in a task waits for the thread of the first",
        ("middleware", "sync view"),
        (3, 3),
        (3, 4),
    ),
    AsgirefBug(
        "asgiref#492",
        "a task that outlives the async_to_sync it was made in sends its work to a thread that no longer listens",
        ("sync view",),
        (3, 8),
        (3, 9),
    ),
)


def at_work(shape: Shape, target: Worker | None) -> list[AsgirefBug]:
    """The known faults that look so and that the installed versions have; none where they are not known."""
    asgiref = parse_version(target.asgiref) if target else None
    django = parse_version(target.django) if target else None
    if asgiref is None:
        return []
    return [
        known
        for known in KNOWN
        if shape in known.shapes
        and known.since <= asgiref < known.mended
        and (django is None or django >= known.django)
    ]
