"""A comparison to Markdown, for a pull request or an incident channel."""

from __future__ import annotations

from asyncspy.model.comparisons import Comparison, FindingChange
from asyncspy.report.markdown.escape import code, plain
from asyncspy.report.present import comparison_words
from asyncspy.report.present.place_names import has_line, relative
from asyncspy.report.view import View


def render(comparison: Comparison, view: View) -> str:
    """The verdict, a table, and what follows for each finding."""
    lines = [f"**asyncspy: {plain(comparison_words.verdict(comparison))}**", ""]
    for label, one in (("before", comparison.before), ("after", comparison.after)):
        lines.append(f"- {label}: {plain(' · '.join(comparison_words.recorded(one)))}")
    lines += [f"- ⚠ {plain(warning)}" for warning in comparison_words.warnings(comparison)]
    if comparison.differences:
        lines += ["", "| what became of it | where | call | before | after |", "| --- | --- | --- | --- | --- |"]
        lines += [_row(difference, view) for difference in comparison.differences]
        lines += [""]
        for number, difference in enumerate(comparison.differences, 1):
            said = [comparison_words.chance(difference), comparison_words.conclusion(difference, comparison.after)]
            lines.append(f"{number}. {_place(difference, view)}: {plain('. '.join(filter(None, said)))}")
        lines += ["", plain(comparison_words.HOW)]
    return "\n".join(lines) + "\n"


def _row(difference: FindingChange, view: View) -> str:
    cells = [
        f"**{comparison_words.TITLES[difference.change]}**",
        f"{_place(difference, view)}{_moved(difference)}",
        code(difference.finding.call),
        plain(comparison_words.side(difference.before, difference.work_before, view.glyphs.dash)),
        plain(comparison_words.side(difference.after, difference.work_after, view.glyphs.dash)),
    ]
    return f"| {' | '.join(cells)} |"


def _place(difference: FindingChange, view: View) -> str:
    frame = difference.finding.culprit.frame
    line = f":{frame.line}" if has_line(frame) else ""
    return f"{code((relative(frame.file, view.root) or 'file not recorded') + line)} {code(frame.function)}"


def _moved(difference: FindingChange) -> str:
    return f" (was line {difference.before.culprit.frame.line})" if difference.moved and difference.before else ""
