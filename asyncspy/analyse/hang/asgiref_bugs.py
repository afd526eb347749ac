"""Known deadlocks of asgiref, with the versions that have them.

Each was reproduced with the last release that has it, and not with the first that does not. What hangs in every version
is not a bug of asgiref, and is judged by its frames alone.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from asyncspy.analyse.remedy.remedies import parse_version
from asyncspy.model.findings import Remedy
from asyncspy.model.processes import Worker

HangShape = Literal["closing", "middleware", "sync view"]
"""How it looks: the loop waits for the thread of a request that ends; a sync-only middleware, or any other sync code,
waits for the loop."""


class AsgirefBug(NamedTuple):
    """A bug of asgiref: from release `since` until before `fixed`, where Django is at least `django`."""

    name: str
    description: str
    shapes: tuple[HangShape, ...]
    since: tuple[int, int]
    fixed: tuple[int, int]
    django: tuple[int, int] = (3, 0)

    @property
    def remedy(self) -> Remedy:
        """The release that fixes it."""
        release = ".".join(map(str, self.fixed))
        return Remedy(f"upgrade asgiref: it is fixed in {release} and later", code=f"pip install 'asgiref>={release}'")


KNOWN_BUGS = (
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


def matching_bugs(shape: HangShape, target: Worker | None) -> list[AsgirefBug]:
    """Return the bugs that look so and that the installed versions have; none where the versions are not known."""
    asgiref = parse_version(target.asgiref) if target else None
    django = parse_version(target.django) if target else None
    if asgiref is None:
        return []
    return [
        bug
        for bug in KNOWN_BUGS
        if shape in bug.shapes and bug.since <= asgiref < bug.fixed and (django is None or django >= bug.django)
    ]
