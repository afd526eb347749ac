"""A finding's chain to the steps a reader follows: own lines and the call kept, framework plumbing folded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from asyncspy.model.findings import Finding
from asyncspy.model.stacks import ChainFrame, Frame
from asyncspy.report.present.figures import plural
from asyncspy.report.present.place_names import outside, place
from asyncspy.report.view import View

LABELS = {"stdlib": "Python", "django": "Django", "channels": "Channels", "rest_framework": "Django REST framework"}
"""Packages that people call by another name."""

NAMED = 2
"""How many packages of a fold are named."""


class Step(NamedTuple):
    """One station of the way; `place` is set where nothing else in the report says where it is."""

    text: str
    place: str = ""
    folded: bool = False
    culprit: bool = False


def is_culprit(link: ChainFrame, finding: Finding) -> bool:
    """Whether this link of the chain is the line to change."""
    return _frame(link) == finding.culprit.frame


def steps(finding: Finding, view: View) -> tuple[Step, ...]:
    """The way from the entry over the culprit and its call to the sink."""
    chain = finding.chain
    at = max((i for i, link in enumerate(chain) if is_culprit(link, finding)), default=0)
    name = _named(chain[at], view) if chain and is_culprit(chain[at], finding) else ""
    culprit = Step(name or outside(finding.culprit.frame.function, view), culprit=True)
    return (*_before(finding, chain[:at], view), culprit, *_after(finding, chain[at + 1 :], view))


def _named(link: ChainFrame, view: View) -> str:
    """A function; one that called itself says how often: fib ×7."""
    name = outside(link.function, view)
    return f"{name} {view.glyphs.times}{link.repeats}" if link.repeats > 1 else name


def _frame(link: ChainFrame) -> Frame:
    return Frame(link.function, link.file, link.line)


def _before(finding: Finding, links: Sequence[ChainFrame], view: View) -> Iterable[Step]:
    """Own frames one by one, runs of others folded; an entry is kept whoever's it is."""
    entries = {entry.frame for entry in finding.entries}

    for plumbing, run in groupby(links, lambda link: link.package is not None and _frame(link) not in entries):
        if plumbing:
            yield _fold(tuple(run), view)
            continue
        for link in run:
            yield Step(_named(link, view), "" if _frame(link) in entries else place(link, view))


def _after(finding: Finding, links: Sequence[ChainFrame], view: View) -> Iterable[Step]:
    """The call, what lies between folded, and the sink."""
    call, sink = finding.call, finding.sink
    yield Step(outside(call, view))
    if sink is None or sink == call:
        return
    last = max((i for i, link in enumerate(links) if _is(link, sink)), default=len(links) - 1)
    if links[1:last]:
        yield _fold(links[1:last], view)
    yield Step(outside(sink, view))


def _is(link: ChainFrame, name: str) -> bool:
    """Recordings of older Pythons have no class names."""
    return link.function == name or name.endswith("." + link.function)


def _fold(links: Sequence[ChainFrame], view: View) -> Step:
    """… 9 frames of Django."""
    packages = dict.fromkeys(link.package for link in links if link.package is not None)
    names = [LABELS.get(package) or outside(package, view) for package in packages]
    of = f"{', '.join(names[:NAMED])} and others" if len(names) > NAMED else " and ".join(names)
    text = f"{view.glyphs.dots} {plural(len(links), 'frame')}"
    return Step(f"{text} of {of}" if of else text, folded=True)
