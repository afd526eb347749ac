from __future__ import annotations

import re
from dataclasses import replace

import pytest

from asyncspy.analyse import analyse
from asyncspy.model.findings import Finding
from asyncspy.model.stacks import Frame
from asyncspy.report.html.finding_cards import cards
from asyncspy.report.present.path_steps import path_steps
from asyncspy.report.present.presented_finding import present_finding
from asyncspy.report.view import View
from tests.analyse.stack_samples import ASYNCIO, HANDLER, SPELLINGS, frames, profile
from tests.report import examples

VIEW = "banner (shop/views.py:6)\n"
GET = """
_get_sync_value (constance/base.py:106)
DatabaseBackend.get (constance/backends/database.py:82)
"""
FIRST = """
QuerySet.first (django/db/models/query.py:1106)
QuerySet.__iter__ (django/db/models/query.py:386)
QuerySet._fetch_all (django/db/models/query.py:1954)
ModelIterable.__iter__ (django/db/models/query.py:93)
SQLCompiler.execute_sql (django/db/models/sql/compiler.py:1621)
"""
RESPONSE = """
HttpResponse.__init__ (django/http/response.py:383)
HttpResponse.content (django/http/response.py:408)
"""
LAST = ["… 3 frames of Django", "SQLCompiler.execute_sql"]


def shown(finding: Finding) -> list[str]:
    steps = path_steps(finding, View(root=examples.ROOT))
    return [f"{step.text} @ {step.place}" if step.place else step.text for step in steps]


def test_own_lines_stay_and_plumbing_is_folded() -> None:
    assert shown(examples.own) == [
        "checkout",
        "Cart.summary @ shop/cart.py:61",
        "helper_count",
        "QuerySet.count",
        "… 2 frames of Django",
        "SQLCompiler.execute_sql",
    ]


def test_packages_on_the_way_are_named() -> None:
    assert shown(examples.many_entries) == [
        "start_page",
        "… 3 frames of Django and jinja2",
        "Cart.total",
        "iterating a queryset",
        "… 1 frame of Django",
        "ModelIterable.__iter__",
    ]


def test_of_many_packages_two_are_named() -> None:
    links = [examples.link(Frame("f", "f.py"), package) for package in ("stdlib", "asgiref", "anyio", "stdlib")]
    finding = replace(examples.own, chain=(*links, examples.link(examples.COUNT_FRAME)))
    assert shown(finding)[0] == "… 4 frames of Python, asgiref and others"


def test_a_recursion_is_left_at_its_innermost_turn() -> None:
    culprit = examples.link(examples.COUNT_FRAME)
    finding = replace(examples.own, chain=(culprit, culprit), sink=None)
    assert shown(finding) == ["helper_count @ shop/pricing.py:22", "helper_count", "QuerySet.count"]


def test_a_sink_without_a_class_name_is_found() -> None:
    chain = tuple(link._replace(function=link.function.rpartition(".")[2]) for link in examples.own.chain)
    assert shown(replace(examples.own, chain=chain))[-2:] == ["… 2 frames of Django", "SQLCompiler.execute_sql"]


def test_a_call_that_is_the_sink_is_said_once() -> None:
    assert shown(replace(examples.own, sink="QuerySet.count"))[-2:] == ["helper_count", "QuerySet.count"]


def test_without_a_chain_the_culprit_and_its_call_remain() -> None:
    assert shown(replace(examples.own, chain=(), sink=None)) == ["helper_count", "QuerySet.count"]


def path_of(*parts: str, spelling: str = "whole, qualified") -> list[str]:
    stack = tuple(SPELLINGS[spelling](frame) for frame in frames(ASYNCIO, HANDLER, *parts))
    (found,) = analyse(profile(stack)).findings
    return shown(found)


@pytest.mark.parametrize("spelling", ["whole, qualified", "whole, bare"])
def test_the_function_of_a_package_that_makes_the_call_is_shown(spelling: str) -> None:
    """As django-constance is called by `HttpResponse(config.BANNER)`, whose line has no .first()."""
    inside = "AsyncValueProxy.__iter__ (constance/base.py:75)\n" + GET
    door = "AsyncValueProxy.__iter__" if spelling.endswith("qualified") else "__iter__"
    assert path_of(VIEW, RESPONSE, inside, FIRST, spelling=spelling) == [
        "banner",
        "… 2 frames of Django",
        f"{door} @ constance/base.py:75",
        "… 2 frames of constance",
        "QuerySet.first",
        *LAST,
    ]


def test_a_package_that_makes_the_call_at_once_is_shown_without_a_fold() -> None:
    door = "Config.__getattr__ (constance/base.py:30)\n"
    assert path_of(VIEW, door, FIRST) == [
        "banner",
        "Config.__getattr__ @ constance/base.py:30",
        "QuerySet.first",
        *LAST,
    ]


def test_a_package_is_shown_where_its_function_calls_itself_or_a_comprehension() -> None:
    recursive = "load (constance/base.py:30)\nload (constance/base.py:31)\n"
    assert path_of(VIEW, recursive, FIRST)[:3] == ["banner", "load ×2 @ constance/base.py:31", "QuerySet.first"]
    comprehension = "load (constance/base.py:30)\nload.<locals>.<listcomp> (constance/base.py:31)\n"
    assert path_of(VIEW, comprehension, FIRST)[:3] == ["banner", "load @ constance/base.py:31", "QuerySet.first"]


def test_what_a_call_of_the_line_itself_goes_through_is_not_shown() -> None:
    """A package's template tag below the line's own render(), and Django's manager in front of a queryset."""
    template = "render (django/shortcuts.py:25)\nSimpleNode.render (django/template/library.py:237)\n"
    assert path_of(VIEW, template, GET, FIRST) == [
        "banner",
        "render",
        "… 7 frames of Django and constance",
        "SQLCompiler.execute_sql",
    ]
    manager = (
        "BaseManager._get_queryset_methods.<locals>.create_method.<locals>.manager_method (django/db/manager.py:87)"
    )
    assert path_of(VIEW, manager, FIRST)[1] == "QuerySet.first"


def test_a_page_shows_it_unfolded_as_well() -> None:
    inside = "AsyncValueProxy.__iter__ (constance/base.py:75)\n" + GET
    analysis = analyse(profile(frames(ASYNCIO, HANDLER, VIEW, RESPONSE, inside, FIRST)))
    view = View()
    card = str(cards([present_finding(1, analysis.findings[0], analysis, view)], 1, view))
    steps = re.findall(r'class="step[^"]*"><span class="name">([^<]+)', card)
    assert steps[-3:] == ["banner", "AsyncValueProxy.__iter__", "SQLCompiler.execute_sql"]
