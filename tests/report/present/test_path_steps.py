from __future__ import annotations

from dataclasses import replace

from asyncspy.model.findings import Finding
from asyncspy.model.stacks import Frame
from asyncspy.report.present.path_steps import path_steps
from asyncspy.report.view import View
from tests.report import examples


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
