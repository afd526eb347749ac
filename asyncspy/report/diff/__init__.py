"""A comparison to text: one module per format, one signature for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from asyncspy.model import Comparison
from asyncspy.report.diff import to_json, to_markdown, to_terminal
from asyncspy.report.view import View

Render = Callable[[Comparison, View], str]

FORMATS: Mapping[str, Render] = MappingProxyType(
    {"terminal": to_terminal.render, "json": to_json.render, "markdown": to_markdown.render}
)
"""Every format by the name that --format takes."""

__all__ = ["FORMATS", "Render"]
