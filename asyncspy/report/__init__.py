"""An analysis to text: one module per format, one signature for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from asyncspy.model import Analysis
from asyncspy.report import html, to_json, to_markdown, to_sarif, to_terminal
from asyncspy.report.view import View
from asyncspy.report.workers import render_workers, workers_as_json

Render = Callable[[Analysis, View], str]

FORMATS: Mapping[str, Render] = MappingProxyType(
    {
        "terminal": to_terminal.render,
        "json": to_json.render,
        "html": html.render,
        "markdown": to_markdown.render,
        "sarif": to_sarif.render,
    }
)
"""Every format by the name that --format takes."""

__all__ = ["FORMATS", "Render", "View", "render_workers", "workers_as_json"]
