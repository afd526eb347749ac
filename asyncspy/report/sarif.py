"""Write an analysis as SARIF 2.1.0, for code scanning: one result for each finding, at the line to change."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any
from urllib.parse import quote

from asyncspy import __version__
from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding
from asyncspy.model.stacks import ChainFrame, FindingKind, Frame
from asyncspy.report.present.finding_kinds import KIND_WORDS
from asyncspy.report.present.places import has_line, relative
from asyncspy.report.present.presented_finding import ALLOWED, PresentedFinding, present_finding
from asyncspy.report.view import View, escape
from asyncspy.untrusted import to_json

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT = "%SRCROOT%"
FINGERPRINT = "asyncspy/v1"
"""A fingerprint that is made in another way gets another name, or every known alert would come again as a new one."""

MAX_MESSAGE = 2_000


def render(analysis: Analysis, view: View) -> str:
    """The SARIF log. Paths are relative to the target's folder, or to the repository where the view knows it."""
    seen: Counter[str] = Counter()
    findings = [present_finding(i, finding, analysis, view) for i, finding in enumerate(analysis.findings, 1)]
    run = {
        "tool": {"driver": {"name": "asyncspy", "version": __version__, "rules": [_rule(kind) for kind in KIND_WORDS]}},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
        "results": [_result(finding, view, seen) for finding in findings],
        "properties": {"verdict": analysis.verdict, "loopSamples": analysis.samples.loop},
    }
    return to_json({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(kind: FindingKind) -> dict[str, Any]:
    words = KIND_WORDS[kind]
    return {
        "id": kind,
        "name": "".join(part.capitalize() for part in kind.split("-")),
        "shortDescription": {"text": words.title},
        "fullDescription": {"text": f"{words.title}. {words.consequence}"},
        "defaultConfiguration": {"level": words.severity},
    }


def _result(shown: PresentedFinding, view: View, seen: Counter[str]) -> dict[str, Any]:
    finding = shown.finding
    place = _location(finding.culprit.frame, view)
    result: dict[str, Any] = {
        "ruleId": finding.kind,
        "ruleIndex": list(KIND_WORDS).index(finding.kind),
        "level": shown.kind.severity,
        "message": {"text": _message(shown)},
        "partialFingerprints": {FINGERPRINT: _fingerprint(finding, view, seen)},
        "properties": {
            "samples": finding.evidence.samples,
            "logged": finding.evidence.logged,
            "exact": finding.evidence.exact,
            "share": finding.share._asdict() if finding.share else None,
            "package": finding.culprit.package,
        },
    }
    if "physicalLocation" in place:
        result["locations"] = [place]
    if finding.chain:
        locations = [{"location": _location(link, view)} for link in finding.chain]
        result["codeFlows"] = [{"threadFlows": [{"locations": locations}]}]
    return result


def _message(shown: PresentedFinding) -> str:
    finding = shown.finding
    head = f"{shown.kind.title}: {shown.function}, {finding.call}"
    if finding.kind == "async-unsafe":
        head = f"{shown.function} calls {finding.call} on the event loop"
    parts = [f"{head} ({', '.join(shown.strength)})", *shown.owner]
    parts += [ALLOWED] if finding.allowed else []
    parts += [f"Fix: {remedy.text}" for remedy in finding.remedies[:1]]
    return _text(". ".join(part.rstrip(".") for part in parts) + ".")


def _text(sentence: str) -> str:
    """A message in which no name is taken for a link or a placeholder."""
    shown = escape(sentence, limit=MAX_MESSAGE)
    for sign in "\\[]":
        shown = shown.replace(sign, f"\\{sign}")
    return shown.replace("{", "{{").replace("}", "}}")


def _location(frame: Frame | ChainFrame, view: View) -> dict[str, Any]:
    """A line of a file; where no file was recorded, only the function's name."""
    named: dict[str, Any] = {"message": {"text": _text(frame.function)}}
    uri = _uri(frame.file, view)
    if not uri:
        return named
    artifact = {"uri": uri} if uri.startswith("file:") else {"uri": uri, "uriBaseId": ROOT}
    physical: dict[str, Any] = {"artifactLocation": artifact}
    if has_line(frame):
        physical["region"] = {"startLine": frame.line}
    return {"physicalLocation": physical, **named}


def _uri(file: str, view: View) -> str:
    """Relative to the repository or the target's folder if it lies there, else absolute; percent-encoded."""
    base = (view.repository or "").rstrip("/") + "/"
    name = file[len(base) :] if base != "/" and file.startswith(base) else relative(file, view.root)
    encoded = quote(name.encode("utf-8", "backslashreplace"), safe="/")
    return f"file:///{encoded.lstrip('/')}" if name.startswith("/") else encoded


def _fingerprint(finding: Finding, view: View, seen: Counter[str]) -> str:
    """The same as long as the call stays in its function, wherever its line moves; a second such call is another."""
    frame = finding.culprit.frame
    parts = (finding.kind, relative(frame.file, view.root), frame.function.rpartition(".")[2], finding.call)
    name = "\0".join(parts)
    seen[name] += 1
    text = f"{name}\0{seen[name]}"
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32]
