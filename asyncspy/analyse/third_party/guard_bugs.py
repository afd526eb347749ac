"""List calls of packages that reach Django's guard on the event loop, each seen by running the releases.

What was seen of each, and of what avoids it, is in benchmarks/packages/guarded.json under its issue.
"""

from __future__ import annotations

from asyncspy.analyse.third_party.facts import GuardBug

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
