"""The remedy of a line is the replacement that the target's Django has, as code where that is certain."""

from __future__ import annotations

from textwrap import indent

import pytest

from asyncspy.analyse import analyse
from asyncspy.analyse.remedy.fixes import Rewrite
from asyncspy.analyse.remedy.remedies import parse_version
from asyncspy.analyse.remedy.rewrite import rewrite_call
from asyncspy.analyse.remedy.source_line import parse_line
from asyncspy.model.findings import Remedy
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Origin, Profile
from tests.analyse.stack_samples import ASYNCIO, COUNT, HANDLER, frames, profile

RENAME, WRAP = Rewrite("rename", "count", "acount"), Rewrite("wrap", "render")
USER, ITERATE = Rewrite("attribute", "user", "auser()"), Rewrite("iterate", "__iter__")


def write(body: str, line: int, rewrite: Rewrite, header: str = "async def view(request):") -> str | None:
    where = parse_line(header + "\n" + indent(body, "    "), line + 1)
    assert where is not None
    return rewrite_call(where, rewrite)


@pytest.mark.parametrize(
    ("body", "line", "rewrite", "expected"),
    [
        ("n = User.objects.filter(a=1).count()", 1, RENAME, "await User.objects.filter(a=1).acount()"),
        ("if not Basket(x).count():\n    pass", 1, RENAME, "await Basket(x).acount()"),
        ("n = (\n  User.objects\n  .filter(a=1)\n  .count()\n)", 4, RENAME, "await User.objects.filter(a=1).acount()"),
        ("n = a.count() + b.count()", 1, RENAME, None),
        ("n = total(a)", 1, RENAME, None),
        ("n = str(a.count()).strip()", 1, RENAME, "await a.acount()"),
        ("n = a.count().bit_length()", 1, RENAME, "(await a.acount()).bit_length()"),
        ("n = a.count()[0].x", 1, RENAME, "(await a.acount())[0].x"),
        ("ns = [p.items.count() for p in ps]", 1, RENAME, "await p.items.acount()"),
        ("n = sum(p.items.count() for p in ps)", 1, RENAME, None),
        ("key = lambda p: p.count()", 1, RENAME, None),
        ("page = render(request, 'x.html', {})", 1, WRAP, "await sync_to_async(render)(request, 'x.html', {})"),
        ("name = request.user.username", 1, USER, "(await request.auser()).username"),
        ("name = self.request.user", 1, USER, "await self.request.auser()"),
        ("name = order.user.username", 1, USER, None),
        ("for p in Product.objects.all():\n    print(p)", 1, ITERATE, "async for p in Product.objects.all():"),
        ("for i, p in enumerate(qs):\n    print(p)", 1, ITERATE, None),
        ("ps = list(Product.objects.all())", 1, ITERATE, "[item async for item in Product.objects.all()]"),
        ("ps = list(map(str, qs))", 1, ITERATE, None),
        ("ps = [p.name for p in qs]", 1, ITERATE, "[p.name async for p in qs]"),
        ("ps = [label('wait for it', p) for p in qs]", 1, ITERATE, "[label('wait for it', p) async for p in qs]"),
        ("ps = [sum(i.q for i in p.a) for p in qs]", 1, ITERATE, "[sum(i.q for i in p.a) async for p in qs]"),
        ("ps = [qs[i] for i in range(3)]", 1, ITERATE, None),
        ("ps = [p async for p in qs]", 1, ITERATE, None),
        ("page = await self.render(request)", 1, WRAP, None),
        ("page = (await self.render(request)).text", 1, WRAP, None),
        ("pages = await asyncio.gather(self.render(1), x)", 1, WRAP, None),
        ("task = asyncio.create_task(self.render(1))", 1, WRAP, None),
        ("async with self.render(1) as page:\n    pass", 1, WRAP, None),
        ("async for page in self.render(1):\n    pass", 1, WRAP, None),
        ("pages = [page async for page in self.render(1)]", 1, WRAP, None),
        ("page = await store(render(request))", 1, WRAP, "await sync_to_async(render)(request)"),
        ("n = await qs.count()", 1, RENAME, None),
    ],
)
def test_a_line_is_rewritten_only_where_it_is_certain(
    body: str, line: int, rewrite: Rewrite, expected: str | None
) -> None:
    written = write(body, line, rewrite)
    assert written == expected
    if written is not None:
        code = f"async def f():\n    {written}" + (" pass" if written.endswith(":") else "")
        compile(code, "proposed", "exec")


@pytest.mark.parametrize("header", ["class View:", "if True:"])
def test_no_await_is_written_where_none_can_stand(header: str) -> None:
    assert write("n = a.count()", 1, RENAME, header) is None


def test_an_expression_beyond_all_depth_is_left_alone() -> None:
    deep = "async def f():\n n = f(" + "\n+ ".join(["a"] * 900) + ").count()"
    where = parse_line(deep, 901)
    assert where is None or rewrite_call(where, RENAME) is None


RELATION, FIELD = Rewrite("relation", "", '.select_related("{name}")'), Rewrite("field", "", "{holder}: {name}")
PREFETCH = Rewrite("relation", "", 'await aprefetch_related_objects([{holder}], "{name}")')


@pytest.mark.parametrize(
    ("body", "rewrite", "expected"),
    [
        ("name = book.author.name", RELATION, '.select_related("author")'),
        ("name = find(1).author.full_name()", RELATION, '.select_related("author")'),
        ("names = [book.author.name for book in books]", RELATION, '.select_related("author")'),
        ("first = max(books, key=lambda book: book.author.name)", RELATION, '.select_related("author")'),
        ("name = order.customer.company.name", RELATION, None),
        ("team = Author.objects.first().team.name", RELATION, '.select_related("team")'),
        ("name = request.user.name", RELATION, None),
        ("name = book.author.name", PREFETCH, 'await aprefetch_related_objects([book], "author")'),
        ("names = [book.author.name for book in books]", PREFETCH, None),
        ("price = book.price", FIELD, "book: price"),
        ("price = book.price + book.tax", FIELD, None),
        ("bio = book.author.bio", FIELD, None),
        ("price = book.total()", FIELD, None),
    ],
)
def test_the_relation_or_field_on_the_line_is_named_where_it_is_the_only_one(
    body: str, rewrite: Rewrite, expected: str | None
) -> None:
    assert write(body, 1, rewrite) == expected


def test_a_lazy_foreign_key_is_named() -> None:
    view = ASYNC_VIEW.replace("number = helper_count(7)", "return book.author.name")
    descriptor = "ForwardManyToOneDescriptor.__get__ (django/db/models/fields/related_descriptors.py:250)\n"
    first, _ = proposed(VIEW, descriptor, "QuerySet.get (django/db/models/query.py:629)", views=view)
    assert (first.code, first.note) == ('.select_related("author")', "on the queryset that loads the object")


def test_a_loop_over_iterator_becomes_one_over_aiterator() -> None:
    rewrite = Rewrite("iterate", "iterator", "aiterator")
    assert (
        write("for b in qs.iterator(chunk_size=2):\n    b", 1, rewrite) == "async for b in qs.aiterator(chunk_size=2):"
    )
    assert write("for b in books:\n    b", 1, rewrite) is None


def test_warnings_about_the_users_file_are_not_shown(recwarn: pytest.WarningsRecorder) -> None:
    assert parse_line("x = '\\d'\ny = 1 is 1\n", 1) is not None
    assert len(recwarn) == 0


@pytest.mark.parametrize("source", ["def broken(:", "x = 1\0", "(" * 5000])
def test_a_file_that_cannot_be_parsed_gives_no_line(source: str) -> None:
    assert parse_line(source, 1) is None


@pytest.mark.parametrize(
    ("text", "version"),
    [("5.2.19", (5, 2)), ("6.1rc1", (6, 1)), ("4.2", (4, 2)), ("main", None), (None, None), ("", None)],
)
def test_versions(text: str | None, version: tuple[int, int] | None) -> None:
    assert parse_version(text) == version


ASYNC_VIEW = """
from shop.pricing import helper_count

async def checkout(request):
    number = helper_count(7)
"""
SYNC_HELPER = """
from django.contrib.auth.models import User

def helper_count(shop):
    return User.objects.filter(shop=shop).count()
"""
ASYNC_HELPER = SYNC_HELPER.replace("def helper", "async def helper")
VIEW, HELPER = "checkout (shop/views.py:5)\n", "helper_count (shop/pricing.py:5)\n"
SIGNAL = "Signal.send (django/dispatch/dispatcher.py:189)\n"


def proposed(
    *above: str, views: str | None = ASYNC_VIEW, pricing: str | None = SYNC_HELPER, django: str | None = "5.2.19"
) -> tuple[Remedy, ...]:
    files = {"/srv/shop/shop/views.py": views, "/srv/shop/shop/pricing.py": pricing}
    target = Worker(1, 0, "worker", True, "uvicorn", django=django)
    recorded = Profile(profile(frames(ASYNCIO, HANDLER, *above)).stacks, (Origin("py-spy", target=target),))
    (finding,) = analyse(recorded, source=files.get).findings
    return finding.remedies


def codes(remedies: tuple[Remedy, ...]) -> list[str | None]:
    return [remedy.code for remedy in remedies]


def test_a_sync_helper_is_made_async_or_called_through_a_thread() -> None:
    first, second = proposed(VIEW, HELPER, COUNT)
    assert first.code == "await User.objects.filter(shop=shop).acount()"
    assert "make helper_count async and await it in checkout (views.py:5)" in first.text
    assert first.since == "4.1"
    assert second.code == "await sync_to_async(helper_count)(7)"
    assert "checkout (views.py:5)" in second.text


def test_in_an_async_function_the_line_is_enough() -> None:
    first, second = proposed(VIEW, HELPER, COUNT, pricing=ASYNC_HELPER)
    assert "make" not in first.text
    assert second.code == "await sync_to_async(User.objects.filter(shop=shop).count)()"


def test_behind_two_sync_functions_the_outer_one_is_called_through_a_thread() -> None:
    """`await` cannot be written into the sync function in between."""
    (only,) = proposed(
        VIEW, "total (shop/basket.py:3)\n", HELPER, COUNT, views=ASYNC_VIEW.replace("helper_count", "total")
    )
    assert only.code == "await sync_to_async(total)(7)"


@pytest.mark.parametrize(
    "pricing",
    [
        SYNC_HELPER.replace("\ndef", "@property\ndef"),
        SYNC_HELPER.replace("helper_count", "__len__"),
        SYNC_HELPER.replace("return", "yield"),
    ],
)
def test_what_cannot_become_async_is_not_told_to(pricing: str) -> None:
    assert not any("make" in remedy.text for remedy in proposed(VIEW, HELPER, COUNT, pricing=pricing))


def test_an_override_is_not_told_to_await_its_own_async_twin() -> None:
    """Model.asave() runs save() in a thread: an async override of save() would break it."""
    override = "\n\nclass Order(Model):\n    def save(self):\n        super().save()\n"
    view = ASYNC_VIEW.replace("number = helper_count(7)", "order.save()")
    above = "save (shop/pricing.py:5)\n", "Model.save (django/db/models/base.py:902)\n"
    sink = "Model.save_base (django/db/models/base.py:1008)"
    assert codes(proposed(VIEW, *above, sink, views=view, pricing=override)) == ["await sync_to_async(order.save)()"]


def test_a_receiver_is_mended_where_the_signal_is_sent() -> None:
    view = ASYNC_VIEW.replace("number = helper_count(7)", "viewed.send(sender=checkout)")
    assert codes(proposed(VIEW, SIGNAL, HELPER, COUNT, views=view)) == ["await viewed.asend(sender=checkout)"]


def test_a_receiver_of_post_save_is_mended_at_the_save() -> None:
    view = ASYNC_VIEW.replace("number = helper_count(7)", "order.save()")
    saving = "Model.save (django/db/models/base.py:902)\nModel.save_base (django/db/models/base.py:1008)\n"
    assert codes(proposed(VIEW, saving, SIGNAL, HELPER, COUNT, views=view)) == ["await order.asave()"]


def test_a_template_tag_is_mended_at_the_rendering() -> None:
    view = ASYNC_VIEW.replace("number = helper_count(7)", "return render(request, 'x.html')")
    rendering = "render (django/shortcuts.py:25)\nNode.render_annotated (django/template/base.py:977)\n"
    words, thread = proposed(VIEW, rendering, HELPER, COUNT, views=view)
    assert "before rendering" in words.text
    assert thread.code == "await sync_to_async(render)(request, 'x.html')"


def test_a_method_that_queries_behind_the_scenes_is_wrapped_and_not_renamed() -> None:
    """`tenant.aopen` or `profile.avatar.asave` may not exist: only the call that is on the line is certain."""
    view = ASYNC_VIEW.replace("number = helper_count(7)", "tenants.open('eve')")
    between = "TenantManager.open (tenants/models.py:160)\nModel.save (django/db/models/base.py:902)\n"
    sink = "Model.save_base (django/db/models/base.py:1008)"
    assert codes(proposed(VIEW, between, sink, views=view)) == ["await sync_to_async(tenants.open)('eve')"]


def test_a_coroutine_that_is_awaited_already_is_not_wrapped_in_a_thread() -> None:
    """sync_to_async raises TypeError for a coroutine function."""
    view = ASYNC_VIEW.replace("number = helper_count(7)", "return await page.render(request)")
    inside = "Page.render (tenants/pages.py:16)\nPage._query (tenants/pages.py:60)\n"
    (only,) = proposed(VIEW, inside, COUNT, views=view)
    assert only.code is None
    assert "render of tenants, makes a sync query itself" in only.text


def test_a_sync_function_that_gives_what_is_awaited_is_not_made_async_nor_wrapped() -> None:
    view = ASYNC_VIEW.replace("number = helper_count(7)", "number = await helper_count(7)")
    assert codes(proposed(VIEW, HELPER, COUNT, views=view)) == [None]


def test_a_call_through_a_manager_is_still_direct() -> None:
    view = ASYNC_VIEW.replace("number = helper_count(7)", "User.objects.count()")
    manager = "BaseManager.create_method.<locals>.manager_method (django/db/models/manager.py:87)\n"
    assert codes(proposed(VIEW, manager, COUNT, views=view))[0] == "await User.objects.acount()"


def test_nothing_is_proposed_that_the_targets_django_lacks() -> None:
    remedies = proposed(VIEW, HELPER, COUNT, pricing=ASYNC_HELPER, django="3.2.25")
    assert codes(remedies) == [] or not any("acount" in remedy.text + (remedy.code or "") for remedy in remedies)
    assert remedies


def test_an_unknown_django_gets_the_version_it_would_need() -> None:
    assert proposed(VIEW, HELPER, COUNT, views=None, pricing=None, django=None)[0].since == "4.1"


def test_without_the_source_there_are_words_but_no_line() -> None:
    remedies = proposed(VIEW, HELPER, COUNT, views=None, pricing=None)
    assert codes(remedies) == [None]
    assert ".acount(" in remedies[0].text


GENERATOR = """
def prices():
    for book in Book.objects.all():
        yield book.price
"""
ITERATE_ABOVE = """
QuerySet.__iter__ (django/db/models/query.py:386)
QuerySet._fetch_all (django/db/models/query.py:1954)
ModelIterable.__iter__ (django/db/models/query.py:93)
"""


def test_calling_a_generator_in_a_thread_runs_nothing_of_it_so_it_is_used_up_there() -> None:
    view = ASYNC_VIEW.replace("helper_count(7)", "sum(prices())")
    (only,) = proposed(VIEW, "prices (shop/pricing.py:3)\n", ITERATE_ABOVE, views=view, pricing=GENERATOR)
    assert "await sync_to_async(lambda: list(prices(…)))()" in only.text
    assert only.code is None


@pytest.mark.parametrize("inner", ["<genexpr>", "<lambda>"])
def test_a_relation_is_loaded_with_the_query_also_where_nothing_can_be_awaited(inner: str) -> None:
    line = "number = sum(book.author.name for book in books)"
    view = ASYNC_VIEW.replace("number = helper_count(7)", line)
    descriptor = "ForwardManyToOneDescriptor.__get__ (django/db/models/fields/related_descriptors.py:250)\n"
    way = VIEW + f"checkout.<locals>.{inner} (shop/views.py:5)\n" + descriptor
    first = proposed(way, "QuerySet.get (django/db/models/query.py:629)", views=view)[0]
    assert first.code == '.select_related("author")'
