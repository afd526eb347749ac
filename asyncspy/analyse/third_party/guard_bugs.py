"""List calls of packages that reach Django's guard on the event loop, each seen by running the releases."""

from __future__ import annotations

from asyncspy.analyse.third_party.facts import GuardBug

GUARD_BUGS: tuple[GuardBug, ...] = ()
