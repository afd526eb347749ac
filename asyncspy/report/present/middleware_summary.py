"""Word in one place which middleware is sync-only, of which release, and whether upgrading helps."""

from __future__ import annotations

from collections.abc import Iterable

from asyncspy.model.findings import Finding
from asyncspy.model.third_party import MiddlewareSupport
from asyncspy.report.present.recording_summary import Section
from asyncspy.report.view import View

TITLE = "Sync-only middleware, and whether upgrading helps"


def middleware_section(findings: Iterable[Finding], view: View) -> Section:
    """A sentence for each that was seen; none where none was."""
    seen = dict.fromkeys(support for finding in findings for support in finding.middleware)
    return Section(TITLE, tuple(view.escape(_sentence(support)) for support in seen))


def _sentence(support: MiddlewareSupport) -> str:
    package = " ".join(filter(None, [support.distribution, support.installed]))
    return f"{support.name}{f' of {package}' if package else ''}: {support.advice}."
