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
        since="2.48.0",
        fixed=None,
        newest="2.75.0",
        avoid="leave the user out of its events, in sentry_sdk.init: send_default_pii=False",
        code="send_default_pii=False",
    ),
    GuardBug(
        "django-allauth",
        "_accounts_redirect",
        "allauth/account/middleware.py",
        "its AccountMiddleware reads request.user on the event loop where its pages begin",
        "pennersr/django-allauth#3969",
        since="0.63.6",
        fixed="64.0.0",
        newest="64.0.0",
    ),
    GuardBug(
        "posthog",
        "PosthogContextMiddleware.extract_request_user",
        "posthog/integrations/django.py",
        "its middleware reads request.user on the event loop in every request",
        "PostHog/posthog-python#355",
        since="6.7.11",
        fixed="6.7.14",
        newest="6.7.14",
    ),
    GuardBug(
        "django-ninja",
        "SessionAuth.authenticate",
        "ninja/security/session.py",
        "its session authentication (django_auth) reads request.user on the event loop in async operations",
        "vitalik/django-ninja#1251",
        since="1.4.3",
        fixed="1.5.0",
        newest="1.5.0",
        avoid="authenticate by an async function of your own that awaits request.auser(): auth=that function",
    ),
    GuardBug(
        "django-ninja",
        "_inject_pagination.<locals>.view_with_pagination.<locals>.evaluate",
        "ninja/pagination.py",
        "its pagination of async operations evaluates the queryset on the event loop",
        "vitalik/django-ninja#1340",
        since="1.3.0",
        fixed="1.4.0",
        newest="1.4.0",
    ),
    GuardBug(
        "django-constance",
        "DatabaseBackend.get",
        "constance/backends/database.py",
        "a setting that is read without await asks the database",
        "jazzband/django-constance#440",
        since="4.3.2",
        fixed=None,
        newest="4.4.0",
        avoid="await config.NAME, from django-constance 4.4.0 on",
    ),
    GuardBug(
        "django-cursor-pagination",
        "CursorPaginator.page",
        "cursor_pagination.py",
        "its page() evaluates the queryset",
        "photocrowd/django-cursor-pagination#50",
        since="0.2.1",
        fixed=None,
        newest="0.3.0",
        avoid="await paginator.apage(…), from django-cursor-pagination 0.3.0 on",
    ),
)
"""Each was seen by running the releases: benchmarks/packages/guarded.json has that, and what was seen to avoid it."""
