"""An analysis to one HTML file that opens anywhere, offline: readable without scripts, and nothing in it is obeyed."""

from __future__ import annotations

from asyncspy.report.html.page import render

__all__ = ["render"]
