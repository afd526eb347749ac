"""What is certain is patched at the async line that leads to the query; all else is left with the reason."""

from __future__ import annotations

import ast
import sys
from dataclasses import replace
from pathlib import Path
from textwrap import dedent, indent

import pytest

from asyncspy.analyse.remedy.obstacles import await_obstacle
from asyncspy.analyse.remedy.source_file import parse_file
from asyncspy.analyse.remedy.source_line import SourceLine
from asyncspy.fix.patch_file import OVERLAPS
from asyncspy.workflow.fix_findings import FixOptions, plan_patch
from tests.analyse.stack_samples import frames
from tests.fix.planted import ITERATED, QUERY, new_text, own, patch_of, recording, write_files

FIRST = QUERY.replace("QuerySet.count", "QuerySet.first")
LOADED = "ForwardManyToOneDescriptor.__get__ (django/db/models/fields/related_descriptors.py:250)\n" + ITERATED


def patched(folder: Path, body: str, called: str = QUERY, line: int = 4, **versions: str | None) -> str:
    """The body of an async view after the patch, or why there is none; its first line is line 4."""
    text = f"from shop.models import Book\n\nasync def view(request):\n{indent(dedent(body), '    ')}\n"
    write_files(folder, {"shop/views.py": text, "shop/__init__.py": ""})
    made = patch_of(folder, (own(folder, f"view shop/views.py:{line}"), called), **versions)
    (fix,) = made.patch.fixes
    if fix.outcome == "left":
        assert made.patch.diff == b""
        assert fix.reason
        return f"left: {fix.reason}"
    return dedent(new_text(made, "shop/views.py").partition("async def view(request):\n")[2]).strip()


@pytest.mark.parametrize(
    ("body", "called", "expected"),
    [
        ("n = Book.objects.count()  # all", QUERY, "n = await Book.objects.acount()  # all"),
        ("return Book.objects.count() + 1", QUERY, "return await Book.objects.acount() + 1"),
        ("return str(Book.objects.count())[1:]", QUERY, "return str(await Book.objects.acount())[1:]"),
        ("return Book.objects.first().name", FIRST, "return (await Book.objects.afirst()).name"),
        ("for b in Book.objects.all():\n    print(b)", ITERATED, "async for b in Book.objects.all():\n    print(b)"),
        ("return list(Book.objects.all())", ITERATED, "return [item async for item in Book.objects.all()]"),
        (
            "return {b.id: b for b in Book.objects.all()}",
            ITERATED,
            "return {b.id: b async for b in Book.objects.all()}",
        ),
        ("return sorted(Book.objects.all())", ITERATED, "return await sync_to_async(sorted)(Book.objects.all())"),
        ("return book.author.name", LOADED, "return await sync_to_async(lambda: book.author.name)()"),
        ("return book.author, 1", LOADED, "return await sync_to_async(lambda: (book.author, 1))()"),
        ("if book.author:\n    pass", LOADED, "if await sync_to_async(lambda: bool(book.author))():\n    pass"),
        (
            "return any(b.author.name for b in BOOKS)",
            LOADED,
            "return await sync_to_async(lambda: any(b.author.name for b in BOOKS))()",
        ),
    ],
)
def test_the_async_line_itself(tmp_path: Path, body: str, called: str, expected: str) -> None:
    assert patched(tmp_path, body, called) == expected


@pytest.mark.parametrize(
    ("body", "called", "why"),
    [
        ("for b in chain(a, b):\n    print(b)", ITERATED, "does not show that it loops over a queryset"),
        ("for b in itertools.chain(a, b):\n    print(b)", ITERATED, "does not show that it loops over a queryset"),
        ("for b in books:\n    print(b)", ITERATED, "does not show that it loops over a queryset"),
        ("a, b = Book.objects.all()", ITERATED, "does not show which of its parts"),
        ("with lock:\n    n = Book.objects.count()", QUERY, "inside `with lock:`"),
        ("with transaction.atomic():\n    n = Book.objects.count()", QUERY, "inside `with transaction.atomic():`"),
        ("lock.acquire()\nn = Book.objects.count()", QUERY, "acquires a lock"),
        ("self.total += Book.objects.count()", QUERY, "`self.total` is read before"),
        ("def inner(n=Book.objects.count()):\n    pass", QUERY, "no async function of your own leads there"),
        ("return x.name or (await y).author", LOADED, "awaits, yields or assigns"),
        ("return super().author.name", LOADED, "uses super()"),
        ("return asyncio.create_task(f(book.author.name))", LOADED, "it uses create_task"),
    ],
)
def test_what_is_not_certain_is_left_in_words(tmp_path: Path, body: str, called: str, why: str) -> None:
    line = 4 + body[: body.rfind("\n") + 1].count("\n") * ("with " in body or "lock." in body)
    assert why in patched(tmp_path, body, called, line, python="3.10.4")


def test_comprehensions_in_each_other_can_await_from_python_3_11_on(tmp_path: Path) -> None:
    body = "return [[b.count() for b in bs] for bs in all]"
    in_thread = "return await sync_to_async(lambda: [[b.count() for b in bs] for bs in all])()"
    assert patched(tmp_path, body, python="3.10.4") == in_thread
    nested = "return [[await b.acount() for b in bs] for bs in all]"
    understood = sys.version_info >= (3, 11)
    assert patched(tmp_path, body, python="3.11.0") == (nested if understood else in_thread)


@pytest.mark.parametrize("django", [None, "4.0.1"])
def test_without_the_a_method_it_is_the_call_in_a_thread(tmp_path: Path, django: str | None) -> None:
    """Also where it is not known which Django runs."""
    assert (
        patched(tmp_path, "n = Book.objects.count()", django=django) == "n = await sync_to_async(Book.objects.count)()"
    )


def test_request_user(tmp_path: Path) -> None:
    user = """
    SimpleLazyObject.__getattribute__ (django/utils/functional.py:251)
    AuthenticationMiddleware.process_request.<locals>.<lambda> (django/contrib/auth/middleware.py:25)
    get_user (django/contrib/auth/middleware.py:11)
    """
    body = "return request.user.username"
    assert patched(tmp_path, body, user + QUERY) == "return (await request.auser()).username"
    in_thread = "return await sync_to_async(lambda: request.user.username)()"
    assert patched(tmp_path, body, user + QUERY, django="4.2.1") == in_thread


HELPERS = """
from shop.models import Book


def price(book):
    return reduced(book)


def reduced(book):
    return Book.objects.count()


def lines():
    for book in Book.objects.all():
        yield book


def started(book):
    loop = asyncio.get_running_loop()
    return Book.objects.count()
"""
VIEWS = """import os

from django.http import HttpResponse
from shop.pricing import price


async def basket(request):
    return [(book, price(book), reduced(book) > 3) for book in request.books]  # a comment


async def total(request):
    return sum(lines())


async def start(request):
    return started(request)
"""


def helped(folder: Path, *ways: tuple[tuple[str, ...], str]) -> list[str]:
    write_files(folder, {"shop/views.py": VIEWS, "shop/pricing.py": HELPERS, "shop/__init__.py": ""})
    made = patch_of(folder, *((own(folder, *lines), called) for lines, called in ways))
    diff = made.patch.diff.decode().splitlines()
    return [line for line in diff if line[:1] in "+-" and not line.startswith(("+++", "---"))]


def test_helpers_stay_sync_and_are_called_in_threads_with_one_import(tmp_path: Path) -> None:
    """Two findings on one line: both calls are wrapped, and what is imported is imported once."""
    ways = [
        (("basket shop/views.py:8", "price shop/pricing.py:6", "reduced shop/pricing.py:10"), QUERY),
        (("basket shop/views.py:8", "reduced shop/pricing.py:10"), QUERY),
    ]
    wrapped = "(book, await sync_to_async(price)(book), await sync_to_async(reduced)(book) > 3)"
    assert helped(tmp_path, *ways) == [
        "+from asgiref.sync import sync_to_async",
        "-    return [(book, price(book), reduced(book) > 3) for book in request.books]  # a comment",
        f"+    return [{wrapped} for book in request.books]  # a comment",
    ]


def test_a_generator_is_used_up_in_the_thread(tmp_path: Path) -> None:
    way = ("total shop/views.py:12", "lines shop/pricing.py:14"), ITERATED
    assert "+    return await sync_to_async(lambda: sum(lines()))()" in helped(tmp_path, way)


def test_a_helper_that_uses_the_loop_stays_on_it(tmp_path: Path) -> None:
    assert helped(tmp_path, (("start shop/views.py:16", "started shop/pricing.py:20"), QUERY)) == []


def test_a_finding_is_patched_at_all_of_its_places_or_at_none(tmp_path: Path) -> None:
    """One way leads through an async line, another through none of the project's own."""
    ways = [
        (("basket shop/views.py:8", "reduced shop/pricing.py:10"), QUERY),
        (("reduced shop/pricing.py:10",), QUERY),
    ]
    assert helped(tmp_path, *ways) == []


def test_a_function_of_django_is_imported_beside_its_twin(tmp_path: Path) -> None:
    imports = "from django.shortcuts import get_object_or_404, render\n"
    views = f"{imports}\n\nasync def view(request):\n    return get_object_or_404(Book, pk=1)\n"
    write_files(tmp_path, {"views.py": views})
    called = "get_object_or_404 (django/shortcuts.py:80)\n" + QUERY
    made = patch_of(tmp_path, (own(tmp_path, "view views.py:5"), called))
    text = new_text(made, "views.py")
    assert "from django.shortcuts import aget_object_or_404, get_object_or_404, render\n" in text
    assert "return await aget_object_or_404(Book, pk=1)\n" in text


def test_a_name_that_means_something_else_is_not_used(tmp_path: Path) -> None:
    views = "def sync_to_async(x):\n    pass\n\nasync def view(request):\n    return helper()\n"
    write_files(tmp_path, {"views.py": views, "helpers.py": "def helper():\n    return Book.objects.count()\n"})
    made = patch_of(tmp_path, (own(tmp_path, "view views.py:5", "helper helpers.py:2"), QUERY))
    assert made.patch.diff == b""
    assert made.patch.fixes[0].reason == "the file uses the name sync_to_async for something else"


def test_a_file_that_was_changed_since_it_ran_is_not_touched(tmp_path: Path) -> None:
    write_files(tmp_path, {"views.py": "async def view(request):\n    return Book.objects.count()\n"})
    made = patch_of(tmp_path, (own(tmp_path, "view views.py:2"), QUERY), started=-7200.0)  # type: ignore[arg-type]
    assert made.patch.diff == b""
    assert "was changed since it ran" in (made.patch.fixes[0].reason or "")


def test_a_line_of_another_function_is_not_touched(tmp_path: Path) -> None:
    write_files(tmp_path, {"views.py": "async def other(request):\n    return Book.objects.count()\n"})
    made = patch_of(tmp_path, (own(tmp_path, "view views.py:2"), QUERY))
    assert "is not in view any more" in (made.patch.fixes[0].reason or "")


def test_what_moves_into_a_thread_as_a_whole_takes_other_calls_in_it_along(tmp_path: Path) -> None:
    text = "async def view(request):\n    return [b.author.name for b in Book.objects.all()]\n"
    write_files(tmp_path, {"views.py": text})
    way = own(tmp_path, "view views.py:2")
    made = patch_of(tmp_path, (way, ITERATED), (way, LOADED))
    whole = "await sync_to_async(lambda: [b.author.name for b in Book.objects.all()])()"
    assert f"    return {whole}\n" in new_text(made, "views.py")
    assert sorted((fix.outcome, fix.covered_by is None) for fix in made.patch.fixes) == [
        ("patched", False),
        ("patched", True),
    ]


def test_a_lock_that_a_caller_holds_keeps_the_call_as_it_is(tmp_path: Path) -> None:
    """It waits for the coroutine already, but that never let another task run."""
    text = """
async def view(request):
    with lock:
        return await total(request)


async def total(request):
    return Book.objects.count()
"""
    write_files(tmp_path, {"views.py": text})
    made = patch_of(tmp_path, (own(tmp_path, "view views.py:4", "total views.py:8"), QUERY))
    assert made.patch.fixes[0].reason == "view holds `with lock:` while it waits for that"


def test_receivers_that_use_the_loop_are_not_sent_to_a_thread(tmp_path: Path) -> None:
    text = """
async def view(request):
    rung.send(sender=None)


def receiver(sender):
    asyncio.create_task(note())
    return Book.objects.count()
"""
    write_files(tmp_path, {"views.py": text})
    send = own(tmp_path, "receiver views.py:8")
    ways = (*own(tmp_path, "view views.py:3"), *frames("Signal.send (django/dispatch/dispatcher.py:189)"), *send)
    made = patch_of(tmp_path, (ways, QUERY))
    assert "it uses create_task" in (made.patch.fixes[0].reason or "")


def test_aiterator_is_only_certain_where_it_prefetches(tmp_path: Path) -> None:
    iterated = ITERATED.replace("QuerySet.__iter__", "QuerySet._iterator").replace("QuerySet._fetch_all", "_iterator")
    body = "for b in Book.objects.iterator():\n    print(b)"
    assert patched(tmp_path, body, iterated) == "async for b in Book.objects.aiterator():\n    print(b)"
    older = "for b in await sync_to_async(list)(Book.objects.iterator()):\n    print(b)"
    assert patched(tmp_path, body, iterated, django="4.2.1") == older


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("for page in pages(request):\n    print(page)", "left: "),
        ("return [page for page in pages(request)]", "sync_to_async(lambda: [page for page in pages(request)])()"),
    ],
)
def test_a_function_of_a_package_may_be_a_generator(tmp_path: Path, body: str, expected: str) -> None:
    """Called in a thread, a generator would still run on the loop; the source of this one is not here."""
    assert expected in patched(tmp_path, body, "pages (tenants/pages.py:12)\n" + QUERY)


COPIED = "async def view(request):\n    return book.author.name\n"


def test_a_copy_elsewhere_is_only_patched_where_its_line_was_saved_or_names_the_call(tmp_path: Path) -> None:
    """When a copy was written says nothing of what ran."""
    ran, here = tmp_path / "ran", tmp_path / "here"
    write_files(ran, {"views.py": COPIED})
    write_files(here, {"views.py": COPIED})
    recorded = recording(ran, (own(ran, "view views.py:2"), LOADED))
    assert plan_patch(recorded, FixOptions(root=here)).patch.diff == b""
    saved = {str(ran / "views.py"): dict(enumerate(COPIED.splitlines(), start=1))}
    (part,) = recorded.parts
    known = replace(recorded, parts=(part._replace(profile=replace(part.profile, sources=saved)),))
    assert (
        b"+    return await sync_to_async(lambda: book.author.name)()"
        in plan_patch(known, FixOptions(root=here)).patch.diff
    )


def test_one_call_is_changed_in_one_way(tmp_path: Path) -> None:
    """The same line saves objects of two classes, of which one has a save() of its own."""
    text = """
async def view(request):
    request.thing.save()


class Order:
    def save(self):
        super().save()
"""
    write_files(tmp_path, {"views.py": text})
    saved = frames("Model.save (django/db/models/base.py:902)")
    view = own(tmp_path, "view views.py:3")
    ways = (
        (view, "Model.save (django/db/models/base.py:902)\n" + QUERY),
        ((*view, *own(tmp_path, "Order.save views.py:8"), *saved), QUERY),
    )
    made = patch_of(tmp_path, *ways)
    assert [line for line in made.patch.diff.decode().splitlines() if line.startswith("+    ")] in (
        ["+    await request.thing.asave()"],
        ["+    await sync_to_async(request.thing.save)()"],
    )
    assert sorted(fix.reason or "" for fix in made.patch.fixes) == ["", OVERLAPS]


def test_what_runs_when_a_function_is_defined_is_not_awaited() -> None:
    text = "@wrap(Book.objects.count())\nasync def view(n=Book.objects.count()):\n    return Book.objects.count()\n"
    file = parse_file(text)
    assert file is not None
    calls = [
        node for node in ast.walk(file.tree) if isinstance(node, ast.Call) and ast.unparse(node.func)[-5:] == "count"
    ]
    lines = {node.lineno: await_obstacle(SourceLine(file, node.lineno), node, (3, 12)) for node in calls}
    assert lines[3] is None
    assert lines[1]
    assert lines[2]
