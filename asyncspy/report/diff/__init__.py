"""A comparison to text: one module per format, one signature for all, each imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType

from asyncspy.model import Comparison
from asyncspy.report.view import View

Render = Callable[[Comparison, View], str]


def _by(module: str) -> Render:
    """A module's `render`."""

    def render(comparison: Comparison, view: View) -> str:
        text: str = import_module(f"asyncspy.report.diff.{module}").render(comparison, view)
        return text

    return render


FORMATS: Mapping[str, Render] = MappingProxyType(
    {"terminal": _by("to_terminal"), "json": _by("to_json"), "html": _by("to_html"), "markdown": _by("to_markdown")}
)
"""Every format by the name that --format takes."""

__all__ = ["FORMATS", "Render"]
