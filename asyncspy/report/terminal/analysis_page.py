"""An analysis to the report that a person reads in a terminal: the verdict first, then what to change and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rich.text import Text

from asyncspy.model.analysis import Analysis
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import DUMP_FORMATS, InputFile
from asyncspy.report.present import cost_words, finding_words, log_words, sampling_words
from asyncspy.report.present.figures import count, plural
from asyncspy.report.present.next_step import next_steps
from asyncspy.report.present.place_names import outside
from asyncspy.report.terminal import hang_page
from asyncspy.report.terminal.finding_block import block
from asyncspy.report.terminal.layout import (
    ALARM,
    CODE,
    FAINT,
    NAME,
    PLACE,
    flow,
    indented,
    labelled,
    page,
    prose_room,
    wrap,
)
from asyncspy.report.view import View

INDENT = 2
TARGETS = 4
"""How many watched processes are named one by one."""


def render(analysis: Analysis, view: View) -> str:
    """The terminal report."""
    if analysis.hangs and {read.format for read in analysis.inputs} <= DUMP_FORMATS:
        return page(_stacked(_of_dumps(analysis, view)), view)
    sections = [
        *hang_page.page_of(analysis.hangs, view),
        _head(analysis, view),
        *(block(i, finding, analysis, view) for i, finding in enumerate(analysis.findings, start=1)),
        _time(analysis, view),
        _reach(analysis, view),
        _inputs(analysis, view),
        _end(analysis, view),
    ]
    return page(_stacked(sections), view)


def _of_dumps(analysis: Analysis, view: View) -> list[list[Text]]:
    """The report on dumps alone: whether it hangs; what else they show follows."""
    unsafe = [finding for finding in analysis.findings if finding.kind == "async-unsafe"]
    blocks = [block(i, finding, analysis, view) for i, finding in enumerate(unsafe, start=1)]
    damaged = replace(analysis, inputs=tuple(read for read in analysis.inputs if read.dropped or view.show_all))
    return [*hang_page.page_of(analysis.hangs, view), *blocks, _inputs(damaged, view), hang_page.end(view)]


def _stacked(sections: Sequence[list[Text]]) -> list[Text]:
    """Sections with an empty line between them."""
    lines: list[Text] = []
    for section in filter(None, sections):
        lines += [Text(), *section] if lines else section
    return lines


def _head(analysis: Analysis, view: View) -> list[Text]:
    """The verdict, what was recorded, of whom, and what makes it doubtful."""
    joint = f" {view.glyphs.dot} "
    room = view.columns
    told = log_words.only_logs(analysis)
    parts = log_words.facts(analysis) if told else sampling_words.recording(analysis.origins, analysis.samples)
    facts = [Text(outside(part, view), FAINT) for part in parts]
    lines = wrap(Text(finding_words.verdict(analysis), ALARM if analysis.findings else NAME), room)
    lines += flow(facts, room, joint)
    for target in _targets(analysis, view):
        lines += flow([Text(part, FAINT) for part in target], room, joint)
    for warning in sampling_words.warnings(analysis.origins):
        lines += labelled("!", wrap(Text(warning), prose_room(view, 2)), 0, 2, ALARM)
    return lines


def _targets(analysis: Analysis, view: View) -> list[list[str]]:
    """The watched processes and what they run; those that run the same share a line."""
    pids: dict[tuple[str, ...], list[str]] = {}
    for origin in analysis.origins:
        if origin.target is not None:
            pids.setdefault(_runs(origin.target, view), []).append(finding_words.process(origin.target.pid))
    return [[_process(list(dict.fromkeys(numbers))), *runs] for runs, numbers in pids.items()]


def _process(pids: list[str]) -> str:
    if len(pids) == 1:
        return f"pid {pids[0]}"
    shown = ", ".join(pids[:TARGETS])
    return f"pids {shown}" if len(pids) <= TARGETS else f"pids {shown} and {count(len(pids) - TARGETS)} more"


def _runs(target: Worker, view: View) -> tuple[str, ...]:
    """The server, the app and the versions of all that matters."""
    return tuple(outside(part, view) for part in sampling_words.runs(target))


def _time(analysis: Analysis, view: View) -> list[Text]:
    """What hops cost, or what the loop did with its time: figures, whether or not they made a finding."""
    said = cost_words.hops(analysis.hops, view) if analysis.hops is not None else []
    said += cost_words.wall(analysis.wall) if analysis.wall is not None else []
    lines = [line for sentence in said for line in wrap(Text(sentence), prose_room(view, INDENT))]
    return [Text("Where the loop's time goes", NAME), *indented(lines, INDENT)] if lines else []


def _reach(analysis: Analysis, view: View) -> list[Text]:
    """What was not seen: for a recording without findings this is the answer itself."""
    samples = analysis.samples
    if log_words.only_logs(analysis):
        title, said = log_words.UNSEEN, list(log_words.CANNOT_TELL)
    elif analysis.verdict == "no-data":
        why, remedy = sampling_words.no_data(samples)
        title, said = "Why", [why, remedy]
        said += [f"All samples: {sampling_words.worlds(samples)}."] if samples.total else []
    elif analysis.verdict == "none-seen":
        title, said = (
            sampling_words.no_clean_bill(analysis),
            [*sampling_words.none_seen(analysis.samples), *sampling_words.unseen(analysis)],
        )
    else:
        title, said = sampling_words.UNSEEN, sampling_words.unseen(analysis)
    sentences = [line for sentence in said for line in wrap(Text(sentence), prose_room(view, INDENT))]
    return [Text(title, NAME), *indented(sentences, INDENT)]


def _inputs(analysis: Analysis, view: View) -> list[Text]:
    """What was read and what of it could not be used; nothing where all is well."""
    shown = [read for read in analysis.inputs if view.show_all or read.dropped or read.notes]
    lines = [line for read in shown for line in _input(read, view)]
    return [Text("What was read", NAME), *indented(lines, INDENT)] if lines else []


def _input(read: InputFile, view: View) -> list[Text]:
    room = view.columns - INDENT
    facts = f"{outside(read.format, view)}, {plural(read.stacks, 'event' if read.format == log_words.LOG else 'stack')}"
    facts += f", {count(read.dropped)} could not be used" if read.dropped else ""
    lines = flow([Text(outside(read.path, view), PLACE), Text(facts)], room, "  ", lead="  ")
    for note in read.notes:
        lines += indented(wrap(Text(outside(note, view)), prose_room(view, INDENT + 2)), 2)
    return lines


def _end(analysis: Analysis, view: View) -> list[Text]:
    """Where the recording is, and what to run next."""
    label = 7
    room = view.columns - label
    lines: list[Text] = []
    if view.saved is not None:
        lines += labelled("Saved", wrap(Text(outside(view.saved, view), PLACE), room), 0, label, NAME)
    for i, step in enumerate(next_steps(analysis, view)):
        parts = [Text(step.command, CODE), Text(step.purpose, FAINT)]
        lines += labelled("" if i else "Next", flow(parts, room, "   ", lead="  "), 0, label, NAME)
    return lines
