"""Turn an analysis or a comparison into text: one function per format, all with one signature.

Each imports its format when it is called: listing workers, or reporting for a program, does not wait for what lays out
pages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from asyncspy.report.view import View

if TYPE_CHECKING:
    from asyncspy.model.analysis import Analysis
    from asyncspy.model.comparisons import Comparison


def _terminal(analysis: Analysis, view: View) -> str:
    from asyncspy.report.terminal.analysis_page import render  # noqa: PLC0415

    return render(analysis, view)


def _json(analysis: Analysis, view: View) -> str:
    from asyncspy.report.json_report import render  # noqa: PLC0415

    return render(analysis, view)


def _html(analysis: Analysis, view: View) -> str:
    from asyncspy.report.html.page import render  # noqa: PLC0415

    return render(analysis, view)


def _markdown(analysis: Analysis, view: View) -> str:
    from asyncspy.report.markdown_report import render  # noqa: PLC0415

    return render(analysis, view)


def _sarif(analysis: Analysis, view: View) -> str:
    from asyncspy.report.sarif import render  # noqa: PLC0415

    return render(analysis, view)


FORMATS: Mapping[str, Callable[[Analysis, View], str]] = MappingProxyType(
    {"terminal": _terminal, "json": _json, "html": _html, "markdown": _markdown, "sarif": _sarif}
)
"""Every format of a report by the name that --format takes."""


def _comparison_terminal(comparison: Comparison, view: View) -> str:
    from asyncspy.report.terminal.comparison_page import render  # noqa: PLC0415

    return render(comparison, view)


def _comparison_json(comparison: Comparison, view: View) -> str:
    from asyncspy.report.json_report import render_comparison  # noqa: PLC0415

    return render_comparison(comparison, view)


def _comparison_html(comparison: Comparison, view: View) -> str:
    from asyncspy.report.html.comparison_cards import render  # noqa: PLC0415

    return render(comparison, view)


def _comparison_markdown(comparison: Comparison, view: View) -> str:
    from asyncspy.report.markdown_report import render_comparison  # noqa: PLC0415

    return render_comparison(comparison, view)


COMPARISON_FORMATS: Mapping[str, Callable[[Comparison, View], str]] = MappingProxyType(
    {
        "terminal": _comparison_terminal,
        "json": _comparison_json,
        "html": _comparison_html,
        "markdown": _comparison_markdown,
    }
)
"""Every format of a comparison by the name that --format takes."""

__all__ = ["COMPARISON_FORMATS", "FORMATS", "View"]
