"""An analysis to Markdown, for an incident channel or a pull request: the verdict first, then each finding."""

from __future__ import annotations

from textwrap import dedent

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding, Remedy
from asyncspy.model.hangs import Hang
from asyncspy.model.stacks import InputFile
from asyncspy.report.markdown.escape import block, code, plain
from asyncspy.report.present import cost_words, finding_words, fleet_words, sampling_words
from asyncspy.report.present.figures import plural, rough_percent
from asyncspy.report.present.path import Step, steps
from asyncspy.report.present.place_names import has_line, relative
from asyncspy.report.terminal import hang_page
from asyncspy.report.view import View

ENTRIES = 5
FINDINGS = 20
"""How many are told in full: a comment on a pull request has a limit."""


def render(analysis: Analysis, view: View) -> str:
    """The Markdown report."""
    hung = [line for each in analysis.hangs for line in _hang(each, view)]
    if analysis.hangs and not analysis.samples.loop:
        return "\n".join(hung).rstrip("\n") + "\n"
    lines = [*hung, f"**asyncspy: {plain(finding_words.verdict(analysis))}**", ""]
    lines += [f"- {plain(' · '.join(sampling_words.recording(analysis.origins, analysis.samples)))}"]
    lines += [f"- {line}" for line in _targets(analysis)]
    lines += [f"- **!** {plain(warning)}" for warning in sampling_words.warnings(analysis.origins)]
    for number, finding in enumerate(analysis.findings[:FINDINGS], 1):
        lines += ["", *_finding(number, finding, analysis, view)]
    rest = analysis.findings[FINDINGS:]
    if rest:
        lines += ["", f"And {plural(len(rest), 'more finding')}:", ""]
        lines += [f"- {_where(finding, view)} {code(finding.call)}" for finding in rest]
    lines += ["", *_reach(analysis), *_inputs(analysis)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _hang(each: Hang, view: View) -> list[str]:
    """Whether a process hangs, why, who waits, and what to do."""
    lines = [
        f"**asyncspy: {plain(hang_page.headline(each, view))}**",
        "",
        f"- {plain(' · '.join(hang_page.facts(each, view)))}",
    ]
    lines += [f"- {plain(ground)}" for ground in hang_page.grounds(each)]
    for waiting in each.waits:
        frame = waiting.line.frame
        file = relative(frame.file, view.root) or "file not recorded"
        at = f"{code(f'{file}:{frame.line}' if has_line(frame) else file)} {code(frame.function)}"
        lines.append(f"- {plain(hang_page.who(waiting))} {plain(hang_page.does(waiting))} at {at}")
    lines += [f"- now: {code(action.command)} ({plain(action.purpose)})" for action in each.now]
    lines += [f"- later: {plain(remedy.text)}{' ' + code(remedy.code) if remedy.code else ''}" for remedy in each.later]
    return [*lines, ""]


def _targets(analysis: Analysis) -> list[str]:
    """The watched processes, those alike on one line."""
    shown: dict[str, list[str]] = {}
    for target in (origin.target for origin in analysis.origins if origin.target):
        shown.setdefault(", ".join(map(code, sampling_words.runs(target))), []).append(
            finding_words.process(target.pid)
        )
    return [f"pid {', '.join(dict.fromkeys(pids))}: {parts}" for parts, pids in shown.items()]


def _finding(number: int, finding: Finding, analysis: Analysis, view: View) -> list[str]:
    dash = view.glyphs.dash
    unsafe = finding.kind == "async-unsafe"
    strength = (
        finding_words.strength(finding, analysis.samples, dash)
        if unsafe
        else cost_words.strength(finding, analysis, dash)
    )
    evidence = finding_words.evidence(finding) if unsafe else cost_words.evidence(finding, view)
    said = [
        *map(plain, finding_words.owner(finding.culprit)),
        *_entries(finding, view),
        f"way: {' ▸ '.join(map(_step, steps(finding, view)))}",
        f"seen: {plain(evidence)}",
        *([plain(spread)] if (spread := fleet_words.spread(finding)) else []),
        *(plain(f"{label}: {', '.join(parts)}") for label, parts in fleet_words.where(finding, view)),
        *([f"gain: {plain(gain)}"] if (gain := cost_words.gain(finding)) else []),
        *([f"**risk: {plain(finding_words.ALLOWED)}**"] if finding.allowed else []),
        *([f"**risk: {plain(risk)}**"] if (risk := cost_words.risk(finding, analysis)) else []),
    ]
    heading = f"### {number}. {_where(finding, view)}"
    lines = [heading, "", plain(" · ".join(strength)), "", *_source(finding, view), *(f"- {line}" for line in said), ""]
    return [*lines, *_remedies(finding)]


def _where(finding: Finding, view: View) -> str:
    frame = finding.culprit.frame
    file = relative(frame.file, view.root) or "file not recorded"
    return f"{code(f'{file}:{frame.line}' if has_line(frame) else file)} {code(frame.function)}"


def _entries(finding: Finding, view: View) -> list[str]:
    whole = sum(entry.weight for entry in finding.entries)
    parts = [
        f"{plain(entry.kind)} {code(entry.frame.function)} "
        f"({code(relative(entry.frame.file, view.root) or '?')}, {rough_percent(entry.weight, whole)})"
        for entry in finding.entries[:ENTRIES]
    ]
    rest = finding.entries[ENTRIES:]
    parts += [f"{len(rest):,} more ({rough_percent(sum(entry.weight for entry in rest), whole)})"] if rest else []
    return [f"from: {', '.join(parts)}"] if parts else []


def _step(step: Step) -> str:
    if step.folded:
        return plain(step.text)
    return f"{code(step.text)} ({code(step.place)})" if step.place else code(step.text)


def _source(finding: Finding, view: View) -> list[str]:
    """The line to change between its neighbours."""
    frame = finding.culprit.frame
    found = view.source(frame.file, frame.line) if view.source is not None and has_line(frame) else []
    if not any(number == frame.line for number, _ in found):
        return []
    width = len(str(max(number for number, _ in found)))
    texts = dedent("\n".join(text.expandtabs(4) for _, text in found)).split("\n")
    marks = [">" if number == frame.line else " " for number, _ in found]
    numbers = [f"{number:>{width}}" for number, _ in found]
    rows = [f"{mark} {n} | {text}".rstrip() for mark, n, text in zip(marks, numbers, texts, strict=True)]
    return [*block(rows, "text"), ""]


def _remedies(finding: Finding) -> list[str]:
    """What to type where that is known, and what it does."""
    lines: list[str] = []
    for remedy in finding.remedies:
        lines += [f"{'or' if lines else 'Fix'}: {plain(_about(remedy))}", ""]
        lines += [*block(remedy.code.split("\n"), "python"), ""] if remedy.code else []
    return lines or ["No remedy is known for this call.", ""]


def _about(remedy: Remedy) -> str:
    """What remains to be said beside the code, or all of it where there is none."""
    since = f"Django {remedy.since}+" if remedy.since else None
    return " · ".join(filter(None, [remedy.note if remedy.code and remedy.note else remedy.text, since]))


def _reach(analysis: Analysis) -> list[str]:
    """What was not seen."""
    if analysis.verdict == "no-data":
        return [plain(" ".join(sampling_words.no_data(analysis.samples)))]
    said = sampling_words.unseen(analysis)
    if analysis.verdict == "none-seen":
        return [
            f"{sampling_words.no_clean_bill(analysis)}: "
            f"{plain(' '.join([*sampling_words.none_seen(analysis.samples), *said]))}"
        ]
    return [f"{sampling_words.UNSEEN}: {plain(' '.join(said))}"]


def _inputs(analysis: Analysis) -> list[str]:
    """What could not be used of what was read."""
    bad = [read for read in analysis.inputs if read.dropped or read.notes]
    return ["", *map(_input, bad)] if bad else []


def _input(read: InputFile) -> str:
    lost = [f"{read.dropped:,} of its stacks could not be used"] if read.dropped else []
    return f"- read {code(read.path)}: {plain('; '.join([*lost, *read.notes]))}"
