"""A comparison to text: one module per format, one signature for all, each imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType

from asyncspy.model.comparisons import Comparison
from asyncspy.report.view import View

Render = Callable[[Comparison, View], str]


def _by(module: str) -> Render:
    """A module's `render`."""

    def render(comparison: Comparison, view: View) -> str:
        text: str = import_module(f"asyncspy.report.{module}").render(comparison, view)
        return text

    return render


FORMATS: Mapping[str, Render] = MappingProxyType(
    {
        "terminal": _by("terminal.comparison_page"),
        "json": _by("json.comparison_json"),
        "html": _by("html.comparison_page_html"),
        "markdown": _by("markdown.comparison_markdown"),
    }
)
"""Every format by the name that --format takes."""

__all__ = ["FORMATS", "Render"]
