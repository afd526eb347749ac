"""Make one patch for many findings: each is patched at all of its places, or left to a person with the reason."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import NamedTuple

from asyncspy.analyse.unsafe.all_faults import FaultsOfProfile
from asyncspy.fix.patch_file import PatchedText, WantedEdit, patch_text
from asyncspy.fix.plan_finding import FixContext, PlannedEdit, plan_finding
from asyncspy.fix.unified_diff import ChangedLines, changed_lines, split_lines, unified_diff
from asyncspy.model.findings import Finding
from asyncspy.model.patches import FindingFix, Patch, PatchedLine
from asyncspy.source.checkout import Checkout, SourceText

NOT_ENCODED = "the change cannot be written in the encoding of the file"
NOT_ASKED = "not asked for"


class PatchedFile(NamedTuple):
    """A file with its new bytes, and the lines that change."""

    source: SourceText
    old: Sequence[bytes]
    new: bytes
    changes: Sequence[ChangedLines]
    patched: PatchedText


class MadePatch(NamedTuple):
    """The patch, and the files with their new content."""

    patch: Patch
    files: tuple[PatchedFile, ...]


def make_patch(
    findings: Mapping[int, Finding], parts: Sequence[FaultsOfProfile], checkout: Checkout, context: FixContext
) -> MadePatch:
    """The patch for these findings, by their numbers in the report."""
    reasons: dict[int, str] = {}
    planned: dict[int, list[PlannedEdit]] = {}
    for number, finding in findings.items():
        plan = plan_finding(finding, [fault for part in parts for fault in part.of(finding)], context)
        if isinstance(plan, str):
            reasons[number] = plan
        else:
            planned[number] = plan
    files = _patched_files(planned, reasons, checkout)
    covered = {number: by for file in files for number, by in file.patched.covered.items()}
    fixes = tuple(
        _fix(number, finding, reasons.get(number), _lines_of(planned.get(number, ()), files, checkout), covered)
        for number, finding in findings.items()
    )
    diff = b"".join(unified_diff(file.source.name, file.old, file.changes) for file in files)
    names = tuple(file.source.name for file in files)
    return MadePatch(Patch(str(checkout.root), diff, fixes, names), files)


def _patched_files(
    planned: dict[int, list[PlannedEdit]], reasons: dict[int, str], checkout: Checkout
) -> tuple[PatchedFile, ...]:
    """Patch all files; a finding that fails in one of them is taken out of all, and the others are tried again."""
    while True:
        sources: dict[SourceText, list[WantedEdit]] = {}
        for number, edits in planned.items():
            for edit in edits:
                source = checkout.find(edit.file)
                if isinstance(source, SourceText):
                    sources.setdefault(source, []).append(WantedEdit(number, edit.rewritten))
        own = checkout.own_packages
        files = [_patched_file(source, wanted, own) for source, wanted in sources.items()]
        refused = {number: reason for file in files for number, reason in file.patched.refused.items()}
        if not refused:
            return tuple(sorted((file for file in files if file.changes), key=lambda file: file.source.name))
        reasons.update(refused)
        for number in refused:
            planned.pop(number, None)


def _patched_file(source: SourceText, wanted: Sequence[WantedEdit], own: Container[str]) -> PatchedFile:
    patched = patch_text(source.text, wanted, own)
    old, text = source.encoded(source.text), patched.text
    try:
        new = source.encoded(text)
    except UnicodeEncodeError:
        patched = patched._replace(refused={each.number: NOT_ENCODED for each in wanted})
        new = old
    lines = split_lines(old)
    changes = changed_lines(source.text, patched.edits, lines, split_lines(new)) if new != old else []
    return PatchedFile(source, lines, new, changes, patched)


def _lines_of(
    edits: Sequence[PlannedEdit], files: Sequence[PatchedFile], checkout: Checkout
) -> tuple[PatchedLine, ...]:
    """The changed lines that hold the edits of a finding."""
    found: dict[PatchedLine, None] = {}
    for edit in edits:
        source = checkout.find(edit.file)
        for file in files:
            if file.source != source:
                continue
            places = {file.source.text.count("\n", 0, each.start) for each in edit.rewritten.edits}
            for change in file.changes:
                if any(change.start <= place < max(change.end, change.start + 1) for place in places):
                    found[_shown(file, change)] = None
    return tuple(found)


def _shown(file: PatchedFile, change: ChangedLines) -> PatchedLine:
    before, after = (
        b"".join(lines).decode(file.source.encoding, "replace").rstrip("\r\n")
        for lines in (file.old[change.start : change.end], change.new)
    )
    return PatchedLine(file.source.name, change.start + 1, before, after)


def _fix(
    number: int, finding: Finding, reason: str | None, lines: tuple[PatchedLine, ...], covered: Mapping[int, int]
) -> FindingFix:
    return FindingFix(
        number,
        finding.kind,
        finding.culprit,
        finding.call,
        "left" if reason else "patched",
        () if reason else lines,
        reason,
        None if reason else covered.get(number),
        finding.remedies if reason else (),
    )
