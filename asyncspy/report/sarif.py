"""An analysis to SARIF 2.1.0, for code scanning: one result for each finding, at the line to change."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any
from urllib.parse import quote

from asyncspy import __version__
from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding
from asyncspy.model.stacks import ChainFrame, FindingKind, Frame
from asyncspy.report.present import cost_words, finding_words
from asyncspy.report.present.place_names import has_line, relative
from asyncspy.report.view import View
from asyncspy.untrusted import escape_unprintable, to_json

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
ROOT = "%SRCROOT%"
FINGERPRINT = "asyncspy/v1"
"""A fingerprint that is made in another way gets another name, or every known alert would come again as a new one."""

RULES: dict[FindingKind, tuple[str, str, str]] = {
    "async-unsafe": (
        "error",
        "Async-unsafe Django on the event loop",
        "It raises SynchronousOnlyOperation, or corrupts.",
    ),
    "deadlock": ("error", "A wait that cannot end", "The worker hangs."),
    "blocked-loop": ("warning", "The event loop is blocked", "Meanwhile the worker serves nobody."),
    "pool-saturated": ("warning", "A thread pool is full", "Other work has to wait for it."),
    "sync-middleware": ("note", "Sync-only middleware in an async stack", "Every request holds a thread."),
    "hop-cost": ("note", "Hops to threads take much of the event loop", "Cross once instead of many times."),
}
"""The rules by kind: their level, title and consequence."""


def render(analysis: Analysis, view: View) -> str:
    """The SARIF log. Paths are relative to the target's folder, or to the repository where the view knows it."""
    kinds = list(RULES)
    seen: Counter[str] = Counter()
    run = {
        "tool": {"driver": {"name": "asyncspy", "version": __version__, "rules": [_rule(kind) for kind in kinds]}},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
        "results": [_result(finding, kinds.index(finding.kind), analysis, view, seen) for finding in analysis.findings],
        "properties": {"verdict": analysis.verdict, "loopSamples": analysis.samples.loop},
    }
    return to_json({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(kind: FindingKind) -> dict[str, Any]:
    level, title, consequence = RULES[kind]
    return {
        "id": kind,
        "name": "".join(part.capitalize() for part in kind.split("-")),
        "shortDescription": {"text": title},
        "fullDescription": {"text": f"{title}. {consequence}"},
        "defaultConfiguration": {"level": level},
    }


def _result(finding: Finding, rule: int, analysis: Analysis, view: View, seen: Counter[str]) -> dict[str, Any]:
    place = _location(finding.culprit.frame, view)
    result: dict[str, Any] = {
        "ruleId": finding.kind,
        "ruleIndex": rule,
        "level": RULES[finding.kind][0],
        "message": {"text": _message(finding, analysis, view)},
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
        way = [{"location": _location(link, view)} for link in finding.chain]
        result["codeFlows"] = [{"threadFlows": [{"locations": way}]}]
    return result


def _message(finding: Finding, analysis: Analysis, view: View) -> str:
    dash = view.glyphs.dash
    unsafe = finding.kind == "async-unsafe"
    strength = (
        finding_words.strength(finding, analysis.samples, dash)
        if unsafe
        else cost_words.strength(finding, analysis, dash)
    )
    head = (
        f"{finding.culprit.frame.function} calls {finding.call} on the event loop"
        if unsafe
        else (f"{RULES[finding.kind][1]}: {finding.culprit.frame.function}, {finding.call}")
    )
    parts = [f"{head} ({', '.join(strength)})", *finding_words.owner(finding.culprit)]
    parts += [finding_words.ALLOWED] if finding.allowed else []
    parts += [f"Fix: {remedy.text}" for remedy in finding.remedies[:1]]
    return _text(". ".join(part.rstrip(".") for part in parts) + ".")


def _text(sentence: str) -> str:
    """A message in which no name is taken for a link or a placeholder."""
    shown = escape_unprintable(sentence, limit=LONGEST)
    for sign in "\\[]":
        shown = shown.replace(sign, f"\\{sign}")
    return shown.replace("{", "{{").replace("}", "}}")


LONGEST = 2_000


def _location(frame: Frame | ChainFrame, view: View) -> dict[str, Any]:
    """A line of a file; what no file was recorded for is named alone."""
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
    """Relative to the repository or the target's folder if it lies there, else absolute; encoded, so that it is one."""
    name = _within(file, view)
    encoded = quote(name.encode("utf-8", "backslashreplace"), safe="/")
    return f"file:///{encoded.lstrip('/')}" if name.startswith("/") else encoded


def _within(file: str, view: View) -> str:
    base = (view.repository or "").rstrip("/") + "/"
    return file[len(base) :] if base != "/" and file.startswith(base) else relative(file, view.root)


def _fingerprint(finding: Finding, view: View, seen: Counter[str]) -> str:
    """The same as long as the call stays in its function, wherever its line moves; a second such call is another."""
    frame = finding.culprit.frame
    parts = (finding.kind, relative(frame.file, view.root), frame.function.rpartition(".")[2], finding.call)
    name = "\0".join(parts)
    seen[name] += 1
    text = f"{name}\0{seen[name]}"
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32]
