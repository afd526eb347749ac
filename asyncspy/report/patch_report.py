"""Say what a patch does about which finding: as lines for a person, and as JSON by schema/fix-1.json."""

from __future__ import annotations

from collections.abc import Iterator

from asyncspy.model.patches import FindingFix, Patch
from asyncspy.report.present.places import relative
from asyncspy.untrusted import escape_unprintable, to_json

SCHEMA_VERSION = 1


def patch_lines(patch: Patch) -> list[str]:
    """A line or a few for each finding, and one for all."""
    lines = [line for fix in patch.fixes for line in _lines(fix, patch.root)]
    patched = sum(fix.outcome == "patched" for fix in patch.fixes)
    if not patch.fixes:
        return ["nothing to fix: no finding"]
    done = "written" if patch.written else "patched"
    files = f" in {len(patch.files)} file{'' if len(patch.files) == 1 else 's'}" if patch.files else ""
    return [*lines, f"{patched} of {len(patch.fixes)} findings {done}{files}, {len(patch.fixes) - patched} left to you"]


def _lines(fix: FindingFix, root: str) -> Iterator[str]:
    frame = fix.culprit.frame
    place = escape_unprintable(f"{relative(frame.file, root)}:{frame.line}")
    head = f"{fix.number}  {place}  {escape_unprintable(fix.call)}"
    if fix.outcome == "left":
        yield f"{head}: left to you, since {escape_unprintable(fix.reason or '')}"
        for remedy in fix.remedies:
            yield f"     {escape_unprintable(remedy.text)}"
    elif fix.covered_by is not None:
        yield f"{head}: patched by the change for {fix.covered_by}, which moves it into a thread as well"
    else:
        places = ", ".join(escape_unprintable(f"{line.file}:{line.line}") for line in fix.lines)
        yield f"{head}: patched at {places}"


def patch_as_json(patch: Patch) -> str:
    """One object; `diff` is null where it is not UTF-8, as of files in other encodings."""
    try:
        diff: str | None = patch.diff.decode("utf-8")
    except UnicodeDecodeError:
        diff = None
    return to_json(
        {
            "schema_version": SCHEMA_VERSION,
            "root": patch.root,
            "written": patch.written,
            "files": patch.files,
            "diff": diff,
            "findings": [_finding(fix) for fix in patch.fixes],
        }
    )


def _finding(fix: FindingFix) -> dict[str, object]:
    return {
        "number": fix.number,
        "kind": fix.kind,
        **fix.culprit.frame._asdict(),
        "package": fix.culprit.package,
        "call": fix.call,
        "outcome": fix.outcome,
        "reason": fix.reason,
        "covered_by": fix.covered_by,
        "lines": fix.lines,
        "remedy": fix.remedies,
    }
