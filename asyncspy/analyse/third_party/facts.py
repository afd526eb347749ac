"""Say what is known of a package: since when its middleware is async-capable, and its calls that reach the guard."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from asyncspy.analyse.stacks.pattern import last_segment, same_file
from asyncspy.model.stacks import Frame
from asyncspy.model.third_party import Distribution

DistributionFinder = Callable[[str], Distribution | None]
"""Returns the distribution that an installed file belongs to, or None where it cannot be read."""


class PackageMiddleware(NamedTuple):
    """One middleware of a package, by its dotted path, and the first release in which it is async-capable.

    `async_since` is None if it is sync-only in all releases from `oldest` to `newest`, the ones that were looked into.
    """

    distribution: str
    path: str
    async_since: str | None
    oldest: str
    newest: str

    @property
    def name(self) -> str:
        """Its class or function."""
        return last_segment(self.path)

    def is_in(self, file: str) -> bool:
        """Whether it is defined in this file."""
        module = self.path.rpartition(".")[0].replace(".", "/")
        file = file.replace("\\", "/")
        return same_file(file, f"{module}.py") or same_file(file, f"{module}/__init__.py")


class GuardBug(NamedTuple):
    """Something a package does that reaches Django's guard, by the frame of the package that is nearest to it.

    Releases from `since` until before `fixed` have it; `fixed` is None if all that were looked into have it, up to
    `newest`. `cause` says what it does and when. `avoid` is what prevents it where upgrading does not; `code` is how.
    """

    distribution: str
    function: str
    file: str
    cause: str
    issue: str
    since: str
    fixed: str | None
    newest: str
    avoid: str | None = None
    code: str | None = None

    def is_at(self, frame: Frame) -> bool:
        """Whether this is that frame."""
        return same_file(frame.file.replace("\\", "/"), self.file) and _same_function(frame.function, self.function)


def _same_function(recorded: str, known: str) -> bool:
    """Whether a recorded function is the known one; older recordings have the last part of its name alone."""
    return recorded == known or ("." not in recorded and recorded == last_segment(known))


GUARD_BUGS: tuple[GuardBug, ...] = (
    GuardBug(
        "sentry-sdk",
        "is_authenticated",
        "sentry_sdk/integrations/django/__init__.py",
        "its Django integration reads request.user for events that it makes on the event loop",
        "getsentry/sentry-python#5274",
        since="2.0.0",
        fixed=None,
        newest="2.75.0",
        avoid="leave the user out of its events, in sentry_sdk.init: send_default_pii=False",
        code="send_default_pii=False",
    ),
)
"""Each was seen by running the releases: benchmarks/packages/guarded.json has that, and what was seen to avoid it."""
