"""Every kind of finding asks in the same way whose code it is: --app-root decides for all, and packages are named."""

from __future__ import annotations

import pytest

from asyncspy.analyse import analyse
from asyncspy.model import Distribution, Finding, Frame, Mode, Origin, Profile, Stack
from tests.analyse.stacks import ASYNCIO, COUNT, HANDLER, OWN, PACKAGES, POOL, frames

INNER = "convert_exception_to_response.<locals>.inner (django/core/handlers/exception.py:55)\n"
HOP = "SyncToAsync.__call__ (asgiref/sync.py:567)\n"
IDLE = ASYNCIO.replace("Handle._run (asyncio/events.py:88)\n", "") + "EpollSelector.select (selectors.py:468)\n"

# kind: (mode, thread, what stands below the line, what it called)
KINDS: dict[str, tuple[Mode, str, str, str]] = {
    "async-unsafe": ("gil", "MainThread", ASYNCIO + HANDLER, COUNT),
    "hop-cost": ("gil", "MainThread", ASYNCIO + HANDLER, HOP),
    "blocked-loop": ("wall", "MainThread", ASYNCIO + HANDLER, "getaddrinfo (socket.py:976)"),
    "pool-saturated": ("wall", "ThreadPoolExecutor-0_0", POOL, ""),
    "sync-middleware": ("gil", "Thread-1", POOL + INNER, "AsyncToSync.__call__ (asgiref/sync.py:342)"),
}


def found(kind: str, line: Frame, *roots: str) -> Finding:
    mode, thread, below, above = KINDS[kind]
    loop = Stack(frames(IDLE), 7, "MainThread")
    stacks = {loop: 5 if mode == "gil" else 100, Stack((*frames(below), line, *frames(above)), 7, thread): 100}
    profile = Profile(stacks, (Origin("py-spy 0.4.3", mode, 100, 2.0),))
    named = Distribution("tools", "2.1")
    (finding,) = [
        one for one in analyse(profile, app_roots=roots, distribution=lambda _: named).findings if one.kind == kind
    ]
    return finding


@pytest.mark.parametrize("kind", KINDS)
def test_own_code_is_where_the_roots_say(kind: str) -> None:
    line = Frame("Audit.__call__", f"{OWN}tools/audit.py", 9)
    assert found(kind, line).culprit.package is None
    assert found(kind, line, OWN).culprit.package is None


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "hop-cost"])
def test_a_package_is_named_with_its_distribution(kind: str) -> None:
    culprit = found(kind, Frame("Audit.__call__", f"{PACKAGES}tools/audit.py", 9)).culprit
    assert (culprit.package, culprit.distribution) == ("tools", Distribution("tools", "2.1"))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "hop-cost"])
def test_what_lies_outside_all_roots_is_a_packages(kind: str) -> None:
    culprit = found(kind, Frame("Audit.__call__", f"{OWN}tools/audit.py", 9), "/srv/app").culprit
    assert culprit.package == f"{OWN}tools"


def test_a_package_that_hops_much_is_no_finding_of_the_users() -> None:
    with pytest.raises(ValueError, match="not enough values"):
        found("hop-cost", Frame("Audit.__call__", f"{PACKAGES}tools/audit.py", 9))
