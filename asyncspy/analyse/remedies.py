"""A call, its source and the target's Django to the remedies that exist there, best first."""

from __future__ import annotations

import re
from collections.abc import Callable

from asyncspy.analyse.calls import Call, Fix, Rewrite
from asyncspy.analyse.rewrite import Place, place, rewritten
from asyncspy.model import Frame, Remedy

Source = Callable[[str], str | None]
"""The text of a file by its recorded name, or None where it cannot be read."""

BY_THREAD = "move the database work into a sync function and await it through sync_to_async"


def parse_version(version: str | None) -> tuple[int, int] | None:
    """(5, 2) of "5.2.19", "5.2rc1" and the like."""
    found = re.match(r"(\d{1,4})\.(\d{1,4})", version or "", re.ASCII)
    return (int(found[1]), int(found[2])) if found else None


def exists_in(fix: Fix, django: str | None) -> bool:
    """Whether the target's Django has this replacement; where its version is not known, it is offered with `since`."""
    have, need = parse_version(django), parse_version(fix.since)
    return have is None or need is None or have >= need


def remedies(
    call: Call | None, culprit: Frame, caller: Frame | None, *, source: Source, django: str | None
) -> tuple[Remedy, ...]:
    """What to change at the culprit's line; `caller` is the own frame that called the culprit's function."""
    where = place(source(culprit.file), culprit.line)
    fixes = [fix for fix in (call.fixes if call else ()) if exists_in(fix, django)]
    offered = [_offer(fix, where) for fix in fixes]
    if not any(fix.rewrite and fix.rewrite.how == "wrap" for fix in fixes):
        offered.append(_through_thread(call, caller, where))
    return tuple(offered)


def _offer(fix: Fix, where: Place | None) -> Remedy:
    code = rewritten(where, fix.rewrite) if where and fix.rewrite else None
    text = fix.text
    if where and not where.is_async and where.function is not None and _awaits(fix):
        text = f"make {_name(where)} async, and {text}" if _name(where) else text
    return Remedy(text, fix.since, code)


def _through_thread(call: Call | None, caller: Frame | None, where: Place | None) -> Remedy:
    """The remedy that works everywhere: keep the code sync, and call it from the loop through a thread."""
    name = _name(where) if where and not where.is_async else ""
    if name and caller:
        called_at = place_name(caller)
        return Remedy(f"or keep {name} sync and call it through a thread, in {called_at}", None, _in_thread(name))
    if where and where.is_async and call and call.fixes:
        rewrite = call.fixes[0].rewrite
        if rewrite and rewrite.how == "rename":
            code = rewritten(where, Rewrite("wrap", rewrite.old))
            if code:
                return Remedy("or run it in a thread", None, code)
    return Remedy(BY_THREAD if not (call and call.fixes) else f"or {BY_THREAD}")


def place_name(frame: Frame) -> str:
    """`checkout (views.py:25)`."""
    return f"{frame.function} ({frame.file.rpartition('/')[2]}:{frame.line})"


def _in_thread(name: str) -> str:
    return f"await sync_to_async({name})(…)"


def _name(where: Place) -> str:
    return getattr(where.function, "name", "")


def _awaits(fix: Fix) -> bool:
    return "await" in fix.text or "async for" in fix.text or fix.rewrite is not None
