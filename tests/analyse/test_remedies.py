"""What is proposed for a line: the replacement that the target's Django has, written out where that is certain."""

from __future__ import annotations

from textwrap import dedent

import pytest

from asyncspy.analyse import analyse
from asyncspy.analyse.calls import Rewrite
from asyncspy.analyse.remedies import parse_version
from asyncspy.analyse.rewrite import place, rewritten
from asyncspy.model import Origin, Profile, Remedy, Worker
from tests.analyse.stacks import ASYNCIO, COUNT, HANDLER, frames, profile

RENAME, WRAP = Rewrite("rename", "count", "acount"), Rewrite("wrap", "render")
USER, ITERATE = Rewrite("attribute", "user", "auser()"), Rewrite("iterate", "__iter__")


def write(source: str, line: int, rewrite: Rewrite) -> str | None:
    where = place(dedent(source), line)
    assert where is not None
    return rewritten(where, rewrite)


@pytest.mark.parametrize(
    ("source", "line", "rewrite", "expected"),
    [
        ("n = User.objects.filter(a=1).count()", 1, RENAME, "await User.objects.filter(a=1).acount()"),
        ("if not Basket(x).count():\n    pass", 1, RENAME, "await Basket(x).acount()"),
        (
            "n = (\n  User.objects\n  .filter(a=1)\n  .count()\n)",
            4,
            RENAME,
            "await User.objects.filter(a=1).acount()",
        ),
        ("n = a.count() + b.count()", 1, RENAME, None),
        ("n = total(a)", 1, RENAME, None),
        ("page = render(request, 'x.html', {})", 1, WRAP, "await sync_to_async(render)(request, 'x.html', {})"),
        ("name = request.user.username", 1, USER, "await request.auser()"),
        ("name = self.request.user.username", 1, USER, "await self.request.auser()"),
        ("name = order.user.username", 1, USER, None),
        ("for p in Product.objects.all():\n    print(p)", 1, ITERATE, "async for p in Product.objects.all():"),
        ("ps = list(Product.objects.all())", 1, ITERATE, "[item async for item in Product.objects.all()]"),
        ("ps = [p.name for p in qs]", 1, ITERATE, "[p.name async for p in qs]"),
    ],
)
def test_a_line_is_rewritten_only_where_it_is_certain(
    source: str, line: int, rewrite: Rewrite, expected: str | None
) -> None:
    assert write(source, line, rewrite) == expected


@pytest.mark.parametrize("source", ["def broken(:", "x = 1\0", "(" * 5000])
def test_a_file_that_cannot_be_parsed_gives_no_line(source: str) -> None:
    assert place(source, 1) is None


@pytest.mark.parametrize(
    ("text", "version"),
    [("5.2.19", (5, 2)), ("6.1rc1", (6, 1)), ("4.2", (4, 2)), ("main", None), (None, None), ("", None)],
)
def test_versions(text: str | None, version: tuple[int, int] | None) -> None:
    assert parse_version(text) == version


SYNC_HELPER = """
from django.contrib.auth.models import User


def helper_count():
    return User.objects.filter(is_active=True).count()
"""
ASYNC_VIEW = SYNC_HELPER.replace("def helper", "async def helper")


def proposed(source: str | None, django: str | None) -> tuple[Remedy, ...]:
    stack = frames(ASYNCIO, HANDLER, "checkout (shop/views.py:25)", "helper_count (shop/pricing.py:6)", COUNT)
    target = Worker(1, 0, "worker", True, "uvicorn", django=django)
    recorded = Profile(profile(stack).stacks, (Origin("py-spy", target=target),))
    (finding,) = analyse(recorded, source=lambda file: source if file.endswith("pricing.py") else None).findings
    return finding.remedies


def test_a_sync_helper_is_made_async_or_called_through_a_thread() -> None:
    first, second = proposed(SYNC_HELPER, "5.2.19")
    assert first.code == "await User.objects.filter(is_active=True).acount()"
    assert "make helper_count async" in first.text
    assert first.since == "4.1"
    assert second.code == "await sync_to_async(helper_count)(…)"
    assert "checkout (views.py:25)" in second.text


def test_in_an_async_function_the_line_is_enough() -> None:
    first, second = proposed(ASYNC_VIEW, "5.2.19")
    assert "make" not in first.text
    assert second.code == "await sync_to_async(User.objects.filter(is_active=True).count)()"


def test_nothing_is_proposed_that_the_targets_django_lacks() -> None:
    remedies = proposed(ASYNC_VIEW, "3.2.25")
    assert remedies
    assert not any("acount" in remedy.text + (remedy.code or "") for remedy in remedies)


def test_an_unknown_django_gets_the_version_it_would_need() -> None:
    assert [remedy.since for remedy in proposed(None, None)][:1] == ["4.1"]


def test_without_the_source_there_are_words_but_no_line() -> None:
    remedies = proposed(None, "5.2")
    assert remedies[0].code is None
    assert ".acount(" in remedies[0].text
