"""Texts that mean something to one format or another, and an analysis in which every name is such a text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from asyncspy.model.analysis import Analysis
from tests.report import examples

T = TypeVar("T")

ATTACKS = {
    "terminal": examples.HOSTILE,
    "html": "</script></title></style><script>alert(1)</script><img src=x onerror=alert(1)>",
    "attribute": '" onmouseover="alert(1)" x=\'y\' `',
    "entity": "&lt;script&gt; &#60;b&#62; &copy",
    "comment": "<!-- ]]> --> <![CDATA[ <?xml ?>",
    "template": "{{ 7*7 }} ${7*7} #{7*7} {0} {x} %s %(x)s",
    "link": "[click](javascript:alert(1)) ![x](http://evil.test/x.png) <http://evil.test>",
    "bare link": "http://evil.test www.evil.test evil@evil.test",
    "ticks": "`a` ``b`` ```\n# heading\n```js\n",
    "emphasis": "**bold** _it_ ~~gone~~ # heading | a | b |",
    "mention": "@channel @everyone <!here> #123 :smile:",
    "lines": "1. one\n- two\n> three\n    four\n\n| a |\n| --- |",
    "url": "javascript:alert(1)//..//%2e%2e/%00?q#f",
    "path": "//evil.test/../../etc/passwd",
    "separators": "a;b;c 17\nd;e 5",
    "formula": "=cmd|' /C calc'!A0",
    "json": '", "x": {"y": [\\u0000',
    "long": "x" * 5_000,
}


def with_names(text: str) -> Analysis:
    """An analysis whose every name is this text; dumps are part of it."""
    return _renamed(replace(examples.hostile_all, hangs=(examples.hostile_hang,)), text)


def _renamed(value: T, text: str) -> T:
    return _walk(value, text)  # type: ignore[no-any-return]


def _walk(value: Any, text: str) -> Any:
    if isinstance(value, str):
        return value.replace(examples.HOSTILE, text)
    if isinstance(value, tuple):
        parts = [_walk(item, text) for item in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if is_dataclass(value) and not isinstance(value, type):
        return type(value)(**{field.name: _walk(getattr(value, field.name), text) for field in fields(value)})
    return value


def strings_in(value: Any) -> Iterator[str]:
    """Every text in a decoded JSON document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from strings_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from strings_in(item)
