"""A known bug of a package is told by its release, its setting, or what keeps it away; never by what nobody can do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asyncspy.analyse import analyse
from asyncspy.analyse.third_party import advice
from asyncspy.analyse.third_party.facts import GUARD_BUGS, GuardBug
from asyncspy.analyse.third_party.releases import is_before
from asyncspy.model.findings import Finding
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Frame, Origin, Profile, Stack
from asyncspy.model.third_party import Distribution
from tests.analyse.stack_samples import ASYNCIO, COUNT, HANDLER, OWN, PACKAGES, frames

STAMP = "StampMiddleware.__acall__ (stamps/middleware.py:14)\n"
TRACK = "capture_user (tracker/integrations/django.py:30)\n"
VIEW = "checkout (views.py:25)\n"
ASKS = "ask (forms/flow.py:9)\n"
USER = """new_method_proxy.<locals>.inner (django/utils/functional.py:253)
LazyObject._setup (django/utils/functional.py:420)
AuthenticationMiddleware.process_request.<locals>.<lambda> (django/contrib/auth/middleware.py:32)
get_user (django/contrib/auth/middleware.py:13)
"""
SESSION = "SessionBase._get_session (django/contrib/sessions/backends/base.py:249)\n"
PLANTED = (
    GuardBug(
        "django-stamps", "StampMiddleware.__acall__", "stamps/middleware.py", "it counts in every request",
        "stamps/django-stamps#7", "1.0", "2.0", "3.1",
    ),
    GuardBug(
        "tracker", "capture_user", "tracker/integrations/django.py", "it reads request.user of an error",
        "tracker/tracker#8", "1.0", None, "4.0", "leave the user out of its events: send_user=False", "send_user=False",
    ),
    GuardBug("django-forms", "ask", "forms/flow.py", "it asks synchronously", "forms/forms#9", "0.1", "0.5", "0.6"),
)  # fmt: skip


@pytest.fixture(autouse=True)
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(advice, "GUARD_BUGS", PLANTED)


def in_packages(frame: Frame) -> Frame:
    """Own code lies in no folder here."""
    inside = frame.file.removeprefix(OWN)
    return frame._replace(file=PACKAGES + inside) if frame.file.startswith(OWN) and "/" in inside else frame


def found(*parts: str, installed: Distribution | None = None, django: str | None = "5.2") -> Finding:
    target = Worker(7, 1, "worker", True, "uvicorn", django=django)
    stack = Stack(tuple(map(in_packages, frames(ASYNCIO, HANDLER, *parts, COUNT))))
    profile = Profile({stack: 5}, (Origin("py-spy", "gil", 100, target=target),))
    (finding,) = analyse(profile, distribution=lambda _: installed).findings
    return finding


GUARDED = Path(__file__).parents[3] / "benchmarks" / "packages" / "guarded.json"
UPGRADE = "pip install 'django-stamps>=2.0'"
FIXED_IN_2 = {
    "older than the fix": ("1.9", "fixed in django-stamps 2.0, you run 1.9", UPGRADE),
    "a pre-release of the fix": ("2.0b1", "fixed in django-stamps 2.0, you run 2.0b1", UPGRADE),
    "not older": ("2.0", "was fixed in 2.0, and you run 2.0: report to django-stamps that it is back", None),
}  # fmt: skip


@pytest.mark.parametrize(("version", "says", "code"), FIXED_IN_2.values(), ids=FIXED_IN_2)
def test_the_release_that_fixes_it_is_compared_with_the_one_that_runs(
    version: str, says: str, code: str | None
) -> None:
    remedy = found(STAMP, installed=Distribution("django_stamps", version)).remedies[0]
    assert says in remedy.text
    assert "stamps/django-stamps#7" in remedy.text
    assert remedy.code == code


def test_a_release_that_is_not_known_is_said_to_be_so() -> None:
    (remedy,) = found(STAMP).remedies
    assert remedy.text.endswith("fixed in django-stamps 2.0, which release runs here is not known")


def test_a_setting_comes_before_what_no_release_fixes() -> None:
    setting, unfixed = found(TRACK, installed=Distribution("tracker", "3.0")).remedies
    assert setting.code == "send_user=False"
    assert "not fixed up to tracker 4.0, you run 3.0" in unfixed.text


def test_a_known_bug_on_the_way_from_ones_own_line_is_said_before_the_change_of_the_line() -> None:
    bare = found(VIEW, "do (forms/other.py:1)\n", installed=Distribution("django-forms", "0.4"))
    known = found(VIEW, ASKS, installed=Distribution("django-forms", "0.4"))
    assert known.culprit.package is None
    assert "fixed in django-forms 0.5, you run 0.4" in known.remedies[0].text
    assert all("forms" not in remedy.text for remedy in bare.remedies)


def test_a_fork_with_the_same_files_has_not_the_same_bug() -> None:
    (remedy,) = found(STAMP, installed=Distribution("stamps-fork", "1.0")).remedies
    assert "no release of stamps-fork that fixes this is known" in remedy.text


LOADED = {
    "5.2": "request.user = await request.auser()",
    "4.2": "request.user = await sync_to_async(get_user)(request)",
    None: "request.user = await request.auser()",
}


@pytest.mark.parametrize(("django", "code"), LOADED.items())
def test_a_user_that_a_package_asks_for_is_loaded_before(django: str | None, code: str) -> None:
    remedies = found("Seal.__acall__ (seals/middleware.py:3)\n", USER, django=django).remedies
    assert remedies[0].code == code
    assert "below AuthenticationMiddleware" in (remedies[0].note or "")


def test_a_session_that_a_package_asks_for_is_loaded_before() -> None:
    seal = "Seal.__acall__ (seals/middleware.py:3)\n"
    assert "session.aget" in (found(seal, SESSION).remedies[0].code or "")
    assert found(seal, SESSION, django="5.0").remedies[0].code is None


@pytest.mark.parametrize("installed", [None, Distribution("django-seals", "3.1")])
def test_nothing_is_proposed_that_nobody_can_do(installed: Distribution | None) -> None:
    (remedy,) = found("Seal.__acall__ (seals/middleware.py:3)\n", installed=installed).remedies
    assert "sync_to_async" not in remedy.text
    assert ("django-seals that" if installed else "of seals that") in remedy.text
    assert ("after 3.1" in remedy.text) is (installed is not None)


def test_every_row_was_seen_by_running_the_releases() -> None:
    seen = json.loads(GUARDED.read_text())
    for bug in GUARD_BUGS:
        runs, last = seen[bug.issue], bug.newest if bug.fixed is None else None
        for version in filter(None, (bug.since, last)):
            places = {place for chain in runs[version]["reached"] for place in chain}
            assert f"{bug.function} {bug.file}" in places, (bug.issue, version)
        assert bug.fixed is None or runs[bug.fixed]["reached"] == []
        avoided = [run for name, run in runs.items() if " with " in name and run["reached"] == []]
        assert avoided or not bug.avoid, bug.issue


def test_the_table_itself_is_in_order() -> None:
    for bug in GUARD_BUGS:
        assert "#" in bug.issue
        assert not is_before(bug.newest, bug.since), bug
        if bug.fixed is None:
            assert bug.avoid, bug
        else:
            assert is_before(bug.since, bug.fixed), bug
            assert not is_before(bug.newest, bug.fixed), bug
