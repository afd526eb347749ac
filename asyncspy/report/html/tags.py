"""Build HTML that is safe by construction: text is escaped unless it is HTML already."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import TypeAlias

from asyncspy.report.view import escape

VOID_ELEMENTS = frozenset({"meta", "input", "br", "hr"})
MAX_TEXT = 4_000
"""Characters of a text; only a hostile one is longer."""


Content: TypeAlias = "str | Iterable[Content] | None"
"""What goes into an element: a text, HTML, several of them, or nothing."""


class Html(str):
    """A piece of a page that needs no escaping, as only this module makes it."""

    __slots__ = ()


def text(content: str) -> Html:
    """Escape a text, and spell out its control characters."""
    return Html(html.escape(escape(content, limit=MAX_TEXT), quote=True))


def el(tag: str, *children: Content, **attributes: str | int | bool | None) -> Html:
    """An element. `class_` is class, `data_x` is data-x; None and False leave an attribute out, True makes it bare."""
    named = [_attribute(name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items()]
    opening = " ".join([tag, *filter(None, named)])
    return Html(f"<{opening}>" if tag in VOID_ELEMENTS else f"<{opening}>{join(children)}</{tag}>")


def join(children: Iterable[Content]) -> Html:
    """Pieces and texts, one after the other."""
    return Html("".join(_piece(child) for child in children if child is not None))


def _piece(child: str | Iterable[Content]) -> str:
    if isinstance(child, Html):
        return child
    return text(child) if isinstance(child, str) else join(child)


def _attribute(name: str, value: str | int | bool | None) -> str:
    if value is None or value is False:
        return ""
    return name if value is True else f'{name}="{text(str(value))}"'
