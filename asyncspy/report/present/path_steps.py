"""Reduce a finding's chain to the steps a reader follows: own lines and the call are kept, framework code is folded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from asyncspy.model.findings import Finding
from asyncspy.model.stacks import ChainFrame, Frame
from asyncspy.report.present.places import folded_frames, place_of
from asyncspy.report.view import View


class PathStep(NamedTuple):
    """One step of the path; `place` is set where nothing else in the report says where it is."""

    text: str
    place: str = ""
    folded: bool = False
    culprit: bool = False


def is_culprit(link: ChainFrame, finding: Finding) -> bool:
    """Whether this frame of the chain is the line to change."""
    return _frame(link) == finding.culprit.frame


def is_package_call(link: ChainFrame, finding: Finding) -> bool:
    """Whether this frame of the chain is the package's function that makes the call for the line to change.

    Lines are not compared: of a recursion and of a function's comprehension the chain holds the innermost.
    """
    return finding.via is not None and link[:2] == finding.via.frame[:2]


def path_steps(finding: Finding, view: View) -> tuple[PathStep, ...]:
    """The path from the entry over the culprit and its call to the sink; none where there is none of its own."""
    if finding.kind == "pool-saturated" or (finding.beside_loop and not finding.chain):
        return ()
    chain = finding.chain
    at = max((i for i, link in enumerate(chain) if is_culprit(link, finding)), default=0)
    name = _named(chain[at], view) if chain and is_culprit(chain[at], finding) else ""
    culprit = PathStep(name or view.escape(finding.culprit.frame.function), culprit=True)
    return (*_before(finding, chain[:at], view), culprit, *_after(finding, chain[at + 1 :], view))


def _named(link: ChainFrame, view: View) -> str:
    """A function; one that called itself says how often: fib ×7."""
    name = view.escape(link.function)
    return f"{name} {view.glyphs.times}{link.repeats}" if link.repeats > 1 else name


def _frame(link: ChainFrame) -> Frame:
    return Frame(link.function, link.file, link.line)


def _before(finding: Finding, links: Sequence[ChainFrame], view: View) -> Iterable[PathStep]:
    """Own frames one by one, runs of others folded; an entry is always kept."""
    entries = {entry.frame for entry in finding.entries}

    for fold, run in groupby(links, lambda link: link.package is not None and _frame(link) not in entries):
        if fold:
            yield _folded(run, view)
            continue
        for link in run:
            place = "" if _frame(link) in entries else place_of(link, view).shown(view)
            yield PathStep(_named(link, view), place)


def _after(finding: Finding, links: Sequence[ChainFrame], view: View) -> Iterable[PathStep]:
    """The package's function that makes the call, where one does, the call and the sink; the rest folded."""
    call, sink = finding.call, finding.sink
    called = 0
    package = next((i for i, link in enumerate(links) if is_package_call(link, finding)), None)
    if package is not None and finding.via is not None:
        call_frame = finding.via.call
        called = next((i for i, link in enumerate(links) if i > package and link[:2] == call_frame[:2]), package)
        yield from _fold(links[:package], view)
        yield PathStep(_named(links[package], view), place_of(links[package], view).shown(view))
        yield from _fold(links[package + 1 : called], view)
    yield PathStep(view.escape(call))
    if sink is None or sink == call:
        return
    last = max((i for i, link in enumerate(links) if _is_named(link, sink)), default=len(links) - 1)
    yield from _fold(links[called + 1 : last], view)
    yield PathStep(view.escape(sink))


def _is_named(link: ChainFrame, name: str) -> bool:
    """Recordings of older Pythons have no class names."""
    return link.function == name or name.endswith("." + link.function)


def _fold(links: Sequence[ChainFrame], view: View) -> Iterable[PathStep]:
    return [_folded(links, view)] if links else []


def _folded(links: Iterable[ChainFrame], view: View) -> PathStep:
    return PathStep(f"{view.glyphs.dots} {folded_frames(links, view)}", folded=True)
