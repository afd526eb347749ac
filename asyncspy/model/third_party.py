"""Types for installed packages, and for what is known of their sync-only middleware: whether upgrading helps."""

from __future__ import annotations

from typing import Literal, NamedTuple

UpgradeVerdict = Literal["own", "upgrade", "never", "unknown"]
"""Whether upgrading helps: it is the user's `own` code; a later release is async-capable (`upgrade`); no release is
(`never`); or that is not known."""


class Distribution(NamedTuple):
    """An installed package: the name that pip knows it by, and its version."""

    name: str
    version: str


class MiddlewareSupport(NamedTuple):
    """One sync-only middleware, and in `advice` whether upgrading helps, in words.

    `distribution` is what pip calls its package, `installed` the release that runs.
    `async_since` is the first release in which it is async-capable. `oldest` and `newest` are the releases of its
    package that were looked into; None if none were.
    """

    name: str
    verdict: UpgradeVerdict
    advice: str
    distribution: str | None = None
    installed: str | None = None
    async_since: str | None = None
    oldest: str | None = None
    newest: str | None = None
