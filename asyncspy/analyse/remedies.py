"""A call, its source and the target's Django to the remedies that exist there, best first."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from asyncspy.analyse.calls import CALLS, Call, Fix, Rewrite
from asyncspy.analyse.rewrite import Place, place, rewritten
from asyncspy.model import Frame, Remedy

Source = Callable[[str], str | None]
"""The text of a file by its recorded name, or None where it cannot be read."""

MOST = 2
"""More ways out than these are no help in an incident."""

SIGNAL_SENDS = frozenset({"Signal.send", "Signal.send_robust"})


@dataclass(frozen=True, slots=True)
class Site:
    """Where a fault is: the culprit, the own frame that called it, and the framework frames between the two."""

    culprit: Frame
    caller: Frame | None = None
    between: tuple[Frame, ...] = ()


def parse_version(version: str | None) -> tuple[int, int] | None:
    """(5, 2) of "5.2.19", "5.2rc1" and the like."""
    found = re.match(r"(\d{1,4})\.(\d{1,4})", version or "", re.ASCII)
    return (int(found[1]), int(found[2])) if found else None


def exists_in(fix: Fix, django: str | None) -> bool:
    """Whether the target's Django has this replacement; where its version is not known, it is offered with `since`."""
    have, need = parse_version(django), parse_version(fix.since)
    return have is None or need is None or have >= need


def remedies(call: Call, site: Site, *, source: Source, django: str | None) -> tuple[Remedy, ...]:
    """What to change, at the culprit's line or where it is called from."""
    where = place(source(site.culprit.file), site.culprit.line)
    offered = [_at_the_line(fix, where) for fix in call.fixes if exists_in(fix, django)][:MOST]
    sent = next((send for frame in site.between if (send := CALLS.match(frame)) and send.name in SIGNAL_SENDS), None)
    if sent is not None and site.caller is not None:
        offered[1:] = [_at_the_caller(fix, site.caller, source) for fix in sent.fixes if exists_in(fix, django)]
    elif not any(fix.rewrite and fix.rewrite.how == "wrap" for fix in call.fixes):
        offered[1:] = _through_a_thread(call, site, where, source) or offered[1:]
    return tuple(offered) or (_BY_THREAD,)


_BY_THREAD = Remedy("move the database work into a sync function and call it through await sync_to_async(function)(…)")


def _at_the_line(fix: Fix, where: Place | None) -> Remedy:
    """The replacement at the culprit's line; a sync function around it has to become async first."""
    code = rewritten(where, fix.rewrite) if where and fix.rewrite else None
    name = _sync_function(where)
    if not name or not _awaits(fix):
        return Remedy(fix.text, fix.since, code)
    return Remedy(f"make {name} async, and {fix.text}", fix.since, code, f"after making {name} async")


def _at_the_caller(fix: Fix, caller: Frame, source: Source) -> Remedy:
    """The replacement for the call that led to the culprit."""
    where = place(source(caller.file), caller.line)
    code = rewritten(where, fix.rewrite) if where and fix.rewrite else None
    return Remedy(f"{fix.text}, in {shown(caller)}", fix.since, code, f"in {shown(caller)}")


def _through_a_thread(call: Call, site: Site, where: Place | None, source: Source) -> Sequence[Remedy]:
    """Keep the code as it is and run it in a thread: the culprit's function, or the one call in it."""
    name = _sync_function(where)
    if name and site.caller and not site.between:
        there = place(source(site.caller.file), site.caller.line)
        code = rewritten(there, Rewrite("wrap", name)) if there else None
        spot = shown(site.caller)
        text = f"keep {name} sync, and call it through a thread in {spot}: await sync_to_async({name})(…)"
        return [Remedy(text, None, code or f"await sync_to_async({name})(…)", f"in {spot}, with {name} as it is")]
    renamed = next((fix.rewrite for fix in call.fixes if fix.rewrite and fix.rewrite.how == "rename"), None)
    code = rewritten(where, Rewrite("wrap", renamed.old)) if where and where.is_async and renamed else None
    return [Remedy(f"run the call in a thread: {code}", None, code, "in a thread")] if code else []


def shown(frame: Frame) -> str:
    """`checkout (views.py:25)`; a comprehension is part of the function around it."""
    return f"{frame.function.partition('.<locals>.<')[0]} ({frame.file.rpartition('/')[2]}:{frame.line})"


def _sync_function(where: Place | None) -> str:
    """The name of the sync function around a line, if it is in one."""
    return "" if where is None or where.is_async else getattr(where.function, "name", "")


def _awaits(fix: Fix) -> bool:
    """Whether the replacement can only stand in an async function."""
    return "await" in fix.text or "async for" in fix.text or fix.rewrite is not None
