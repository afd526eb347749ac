"""An analysis to text: one module per format, one signature for all, each imported when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

from asyncspy.report.view import View

if TYPE_CHECKING:
    from asyncspy.model.analysis import Analysis

Render = Callable[["Analysis", View], str]


def _by(module: str) -> Render:
    """A module's `render`: listing workers, or reporting for a program, waits for no layout of text."""

    def render(analysis: Analysis, view: View) -> str:
        text: str = import_module(f"asyncspy.report.{module}").render(analysis, view)
        return text

    return render


FORMATS: Mapping[str, Render] = MappingProxyType(
    {
        "terminal": _by("terminal.analysis_page"),
        "json": _by("json.analysis_json"),
        "html": _by("html"),
        "markdown": _by("markdown.analysis_markdown"),
        "sarif": _by("sarif"),
    }
)
"""Every format by the name that --format takes."""

__all__ = ["FORMATS", "Render", "View"]
