"""Findings of every kind decide whose code it is in the same way: --app-root holds for all, packages are named."""

from __future__ import annotations

import pytest

from asyncspy.analyse import analyse
from asyncspy.model.findings import Finding
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Frame, Origin, Profile, SamplingMode, Stack
from asyncspy.model.third_party import Distribution
from tests.analyse.stack_samples import ASYNCIO, COUNT, HANDLER, OWN, PACKAGES, POOL, frames

INNER = "convert_exception_to_response.<locals>.inner (django/core/handlers/exception.py:55)\n"
HOP = "SyncToAsync.__call__ (asgiref/sync.py:567)\n"
IDLE = ASYNCIO.replace("Handle._run (asyncio/events.py:88)\n", "") + "EpollSelector.select (selectors.py:468)\n"

# kind: (mode, thread, what stands below the line, what it called)
KINDS: dict[str, tuple[SamplingMode, str, str, str]] = {
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


@pytest.mark.parametrize(
    ("app", "settings", "package"),
    [
        ("shop.asgi:application", None, None),
        (None, "shop.settings.production", None),
        ("config.asgi:application", "config.settings", "shop"),
        ("django.core.asgi:application", None, "shop"),
        (None, None, "shop"),
    ],
)
def test_an_installed_app_is_the_users_own_if_it_is_what_was_served(
    app: str | None, settings: str | None, package: str | None
) -> None:
    """As `pip install .` in an image leaves it: in site-packages, beside what is really somebody else's."""
    target = Worker(7, 1, "worker", True, "uvicorn", app=app, settings=settings)
    tenants = frames("TenantMiddleware.__call__ (tenants/middleware.py:14)\n")
    stack = (*frames(ASYNCIO, HANDLER), *tenants, Frame("checkout", f"{PACKAGES}shop/views.py", 9), *frames(COUNT))
    (finding,) = analyse(Profile({Stack(stack): 1}, (Origin("py-spy", target=target),))).findings
    assert (finding.culprit.package, finding.culprit.frame.function) == (package, "checkout")


def test_what_was_served_is_no_excuse_for_django() -> None:
    target = Worker(7, 1, "worker", True, "uvicorn", app="django.core.asgi:application")
    stack = frames(ASYNCIO, HANDLER, "TenantMiddleware.__call__ (tenants/middleware.py:14)", COUNT)
    (finding,) = analyse(Profile({Stack(stack): 1}, (Origin("py-spy", target=target),))).findings
    assert finding.culprit.package == "tenants"


@pytest.mark.parametrize(("said", "allowed"), [((True,), True), ((True, None), False), ((False,), False), ((), False)])
def test_a_target_without_a_guard_lets_everything_pass(said: tuple[bool | None, ...], allowed: bool) -> None:
    """Nearly all samples are short of the guard, and look alike whether it stops them or not."""
    workers = [Worker(7, 1, "worker", True, "uvicorn", async_unsafe_allowed=one) for one in said]
    stack = frames(ASYNCIO, HANDLER, "checkout (shop/views.py:3)", COUNT)
    profile = Profile({Stack(stack): 1}, tuple(Origin("py-spy", target=worker) for worker in workers))
    assert [one.allowed for one in analyse(profile).findings] == [allowed]


def test_a_package_that_hops_much_is_no_finding_of_the_users() -> None:
    with pytest.raises(ValueError, match="not enough values"):
        found("hop-cost", Frame("Audit.__call__", f"{PACKAGES}tools/audit.py", 9))
