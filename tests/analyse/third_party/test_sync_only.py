"""Of sync-only middleware it is said whether upgrading helps, compared with the release that runs."""

from __future__ import annotations

import pytest

from asyncspy.analyse import analyse
from asyncspy.analyse.third_party import middleware_table
from asyncspy.analyse.third_party.facts import PackageMiddleware
from asyncspy.analyse.third_party.middleware_table import MIDDLEWARE
from asyncspy.analyse.third_party.releases import is_before
from asyncspy.analyse.third_party.sync_only import middleware_support, support_remedies
from asyncspy.model.findings import Culprit, Finding
from asyncspy.model.stacks import Event, Frame, Occurrences, Profile, Stack
from asyncspy.model.third_party import Distribution
from asyncspy.report.present.middleware_summary import middleware_section
from tests.analyse.stack_samples import ASYNCIO, HANDLER, POOL, frames
from tests.report.views import view

INNER = "convert_exception_to_response.<locals>.inner (django/core/handlers/exception.py:55)\n"
CALLS_ON = "AsyncToSync.__call__ (asgiref/sync.py:342)\n"
STAMPS = "/srv/venv/lib/python3.12/site-packages/stamps/middleware.py"
PLANTED = (
    PackageMiddleware("django-stamps", "stamps.middleware.StampMiddleware", "2.0", "1.0", "3.1"),
    PackageMiddleware("django-stamps", "stamps.middleware.SealMiddleware", None, "1.0", "3.1"),
    PackageMiddleware("django-wax", "wax.middleware.wax_middleware", "5.0", "4.0", "5.0"),
    PackageMiddleware("django-ink", "ink.middleware.PenMiddleware", None, "0.9", "0.9"),
)


@pytest.fixture(autouse=True)
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware_table, "MIDDLEWARE", PLANTED)


def culprit(function: str, file: str = STAMPS, version: str | None = None, name: str = "django-stamps") -> Culprit:
    return Culprit(Frame(function, file, 16), "stamps", Distribution(name, version) if version else None)


SAID = {
    "older than the fix": ("StampMiddleware.__call__", "1.9", "upgrade", "since django-stamps 2.0, you run 1.9"),
    "a pre-release of the fix": ("StampMiddleware.__call__", "2.0rc1", "upgrade", "2.0, you run 2.0rc1"),
    "newer than the fix": ("StampMiddleware.__call__", "2.0", "unknown", "a subclass or a setting makes it sync-only"),
    "version not known": ("StampMiddleware.__call__", None, "upgrade", "2.0, which release runs here is not known"),
    "sync-only": ("SealMiddleware.__call__", "3.0", "never", "sync-only in every release from 1.0 to 3.1: "),
    "sync-only, version not known": ("SealMiddleware.__call__", None, "never", "from 1.0 to 3.1: upgrading does"),
    "newer than what is known": ("SealMiddleware.__call__", "4.0", "unknown", "sync-only up to 3.1, the newest"),
    "another class": ("InkMiddleware.__call__", "1.9", "unknown", "whether a release of django-stamps is"),
    "names that are not qualified": ("__call__", "1.9", "unknown", "see what changed in it after 1.9"),
}  # fmt: skip


@pytest.mark.parametrize(("function", "version", "verdict", "says"), SAID.values(), ids=SAID)
def test_the_release_that_runs_is_compared(function: str, version: str | None, verdict: str, says: str) -> None:
    support = middleware_support(culprit(function, version=version))
    assert support.verdict == verdict
    assert says in support.advice
    (remedy,) = support_remedies(support)
    assert support.advice in remedy.text
    assert remedy.code == ("pip install 'django-stamps>=2.0'" if verdict == "upgrade" else None)


def test_a_function_and_a_package_that_has_its_module_in_a_folder() -> None:
    frame = Frame("wax_middleware.<locals>.middleware", "/venv/site-packages/wax/middleware/__init__.py", 3)
    assert middleware_support(Culprit(frame, "wax")).async_since == "5.0"


def test_one_release_that_was_looked_into_is_no_range() -> None:
    frame = Frame("PenMiddleware.__call__", "ink/middleware.py", 3)
    assert middleware_support(Culprit(frame, "ink")).advice.startswith("sync-only in the newest release, 0.9:")


@pytest.mark.parametrize("name", ["Django_Stamps", "django.stamps", "DJANGO-STAMPS"])
def test_a_distribution_is_one_however_its_folder_spells_it(name: str) -> None:
    assert middleware_support(culprit("StampMiddleware.__call__", version="1.9", name=name)).verdict == "upgrade"


def test_a_file_of_that_name_in_another_distribution_is_not_it() -> None:
    support = middleware_support(culprit("StampMiddleware.__call__", version="1.9", name="stamps-fork"))
    assert (support.verdict, support.distribution, support.async_since) == ("unknown", "stamps-fork", None)


def findings(profile: Profile, version: str | None = "1.9") -> tuple[Finding, ...]:
    return analyse(profile, distribution=lambda _: Distribution("django-stamps", version) if version else None).findings


def sampled(middleware: str) -> Profile:
    stack = (*frames(POOL, INNER), Frame(middleware, STAMPS, 16), *frames(CALLS_ON))
    return Profile({Stack(stack): 5, Stack(frames(ASYNCIO, HANDLER)): 20})


def test_samples_and_the_log_of_the_start_say_the_same() -> None:
    logged = Profile({}, events={Event("sync-middleware", subject="stamps.middleware.StampMiddleware"): Occurrences(1)})
    (one,), (other,) = findings(sampled("StampMiddleware.__call__")), findings(logged, None)
    assert one.middleware[0].async_since == other.middleware[0].async_since == "2.0"
    assert one.middleware[0].installed == "1.9"
    assert (other.culprit.package, other.middleware[0].verdict) == ("stamps", "upgrade")


def test_a_module_that_only_the_log_names_is_not_said_to_be_the_users() -> None:
    logged = Profile({}, events={Event("sync-middleware", subject="shop.middleware.StampMiddleware"): Occurrences(1)})
    (found,) = findings(logged, None)
    assert found.middleware[0].verdict == "unknown"
    assert found.remedies[0].text.startswith("if it is yours, make it async-capable")


def test_one_block_names_each_with_its_release() -> None:
    both = (*findings(sampled("StampMiddleware.__call__")), *findings(sampled("SealMiddleware.__call__")))
    assert middleware_section((*both, *both), view()).sentences == (
        "StampMiddleware of django-stamps 1.9: async-capable since django-stamps 2.0, you run 1.9.",
        "SealMiddleware of django-stamps 1.9: sync-only in every release from 1.0 to 3.1: upgrading does not help.",
    )


def test_without_any_there_is_no_block() -> None:
    assert middleware_section(findings(Profile({Stack(frames(ASYNCIO, HANDLER)): 20})), view()).sentences == ()


def test_the_table_itself_is_in_order() -> None:
    assert len({(row.distribution, row.path) for row in MIDDLEWARE}) == len(MIDDLEWARE) > 20
    for row in MIDDLEWARE:
        assert not is_before(row.newest, row.oldest), row
        if row.async_since is not None:
            assert is_before(row.oldest, row.async_since), row
            assert not is_before(row.newest, row.async_since), row
