"""Present an analysis: the verdict, what was recorded, how far it could see, what was read and what to do next."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import DUMP_FORMATS, InputFile
from asyncspy.report.present.evidence import process_name
from asyncspy.report.present.figures import count, plural
from asyncspy.report.present.finding_kinds import findings_verdict
from asyncspy.report.present.lateness import lateness_section
from asyncspy.report.present.middleware_summary import middleware_section
from asyncspy.report.present.places import place_of
from asyncspy.report.present.presented_finding import PresentedFinding, present_finding
from asyncspy.report.present.recording_summary import (
    LOG_FORMAT,
    Section,
    detection_section,
    looks_synchronous,
    number_of_logs,
    only_logs,
    recorded_seconds,
    recording_facts,
    recording_warnings,
)
from asyncspy.report.present.scarce_loop import loop_is_hardly_there
from asyncspy.report.present.waiting import waiting_section
from asyncspy.report.view import View

if TYPE_CHECKING:
    from asyncspy.report.present.presented_hang import PresentedHang

TIMES_LONGER = 4
SHORTEST_SECONDS = 60


class PresentedTarget(NamedTuple):
    """Watched processes that run the same: their pids, and the server, app and versions."""

    pids: tuple[str, ...]
    runs: tuple[str, ...]


class PresentedInput(NamedTuple):
    """A file that was read, how much it held, and what of it could not be used."""

    path: str
    summary: str
    notes: tuple[str, ...]
    damaged: bool


class NextStep(NamedTuple):
    """A command line to run next, and its purpose; it is whole and can be pasted."""

    command: str
    purpose: str


@dataclass(frozen=True, slots=True)
class PresentedReport:
    """A whole report in words. Of dumps alone it says whether a process hangs, and gives no figures of samples."""

    verdict: str
    alarming: bool
    facts: tuple[str, ...]
    targets: tuple[PresentedTarget, ...]
    warnings: tuple[str, ...]
    hangs: tuple[PresentedHang, ...]
    findings: tuple[Finding, ...]
    middleware: Section
    lateness: Section
    waiting: Section
    limits: Section
    inputs: tuple[PresentedInput, ...]
    next_steps: tuple[NextStep, ...]
    only_dumps: bool = False


def present_report(analysis: Analysis, view: View) -> PresentedReport:
    """Put an analysis into words."""
    only_dumps = bool(analysis.hangs) and {read.format for read in analysis.inputs} <= DUMP_FORMATS
    hangs = _hangs(analysis, view)
    return PresentedReport(
        verdict=hangs[0].headline if only_dumps else report_verdict(analysis),
        alarming=any(hang.alarming for hang in hangs)
        or analysis.verdict == "violations"
        or (bool(analysis.findings) and not only_dumps),
        facts=() if only_dumps else tuple(recording_facts(analysis)),
        targets=tuple(_targets(analysis)),
        warnings=(*_only_import(analysis, view), *recording_warnings(analysis.origins)),
        hangs=hangs,
        findings=analysis.findings,
        middleware=middleware_section(analysis.findings, view),
        lateness=lateness_section(analysis, view),
        waiting=waiting_section(analysis.waiting, view),
        limits=detection_section(analysis),
        inputs=tuple(_input(read) for read in analysis.inputs),
        next_steps=tuple(_report_again(view) if only_dumps else next_steps(analysis, view)),
        only_dumps=only_dumps,
    )


def _only_import(analysis: Analysis, view: View) -> list[str]:
    """That nothing but the import of the app was seen, and where it was seen most."""
    found = analysis.app_import
    if found is None:
        return []
    processes = "1 process" if found.processes == 1 else f"{count(found.processes)} processes"
    frame = found.line.frame if found.line else None
    where = f", most often at {place_of(frame, view)} {frame.function}" if frame else ""
    what = f"Nothing but the import of the app was seen of {processes}{where}"
    return [f"{what}: no request was served. If they end and are started again, the server's log says why."]


def _hangs(analysis: Analysis, view: View) -> tuple[PresentedHang, ...]:
    """Imported when there is a dump: most reports have none."""
    if not analysis.hangs:
        return ()
    from asyncspy.report.present.presented_hang import present_hang  # noqa: PLC0415

    return tuple(present_hang(hang, view) for hang in analysis.hangs)


def present_findings(
    report: PresentedReport, analysis: Analysis, view: View, *, limit: int | None = None
) -> Iterator[PresentedFinding]:
    """Put the first findings of a report into words, one after the other."""
    for number, finding in enumerate(report.findings[:limit], 1):
        yield present_finding(number, finding, analysis, view)


def report_verdict(analysis: Analysis) -> str:
    """The answer in one sentence, or one for each kind of finding."""
    if analysis.verdict != "violations" and only_logs(analysis) and not analysis.findings:
        logs = number_of_logs(analysis)
        where = "the log" if logs == 1 else f"these {count(logs)} logs"
        return f"No traceback of a SynchronousOnlyOperation is in {where}."
    return "Nothing could be judged." if analysis.verdict == "no-data" else findings_verdict(analysis.findings)


def _targets(analysis: Analysis) -> list[PresentedTarget]:
    pids: dict[tuple[str, ...], list[str]] = {}
    for target in (origin.target for origin in analysis.origins if origin.target is not None):
        pids.setdefault(_runs(target), []).append(process_name(target.pid))
    return [PresentedTarget(tuple(dict.fromkeys(numbers)), runs) for runs, numbers in pids.items()]


def _runs(target: Worker) -> tuple[str, ...]:
    named = [
        (target.server, target.server_version or ""),
        (target.app, ""),
        ("Python", target.python),
        ("Django", target.django),
        ("asgiref", target.asgiref),
    ]
    return tuple(f"{name} {value}".rstrip() for name, value in named if name and value is not None)


def _input(read: InputFile) -> PresentedInput:
    summary = f"{read.format}, {plural(read.stacks, 'event' if read.format == LOG_FORMAT else 'stack')}"
    summary += f", {count(read.dropped)} could not be used" if read.dropped else ""
    return PresentedInput(read.path, summary, read.notes, read.dropped > 0)


def next_steps(analysis: Analysis, view: View) -> list[NextStep]:
    """What to run next."""
    steps = []
    if analysis.app_import:
        return [
            NextStep("asyncspy find-workers --probe", "whether its workers end and are started again"),
            *_report_again(view),
        ]
    if analysis.verdict == "violations":
        steps.append(NextStep("asyncspy find-workers", "once the fix is live: the workers to record again"))
    elif analysis.verdict == "none-seen" and view.pid is not None and not loop_is_hardly_there(analysis):
        seconds = max(SHORTEST_SECONDS, math.ceil(recorded_seconds(analysis.origins) * TIMES_LONGER))
        steps.append(NextStep(f"asyncspy attach --pid {view.pid} --duration {seconds}", "longer, to catch rarer calls"))
    else:
        if view.pid is not None and not looks_synchronous(analysis.samples):
            steps.append(NextStep(f"asyncspy attach --pid {view.pid}", "while it serves requests"))
        steps.append(NextStep("asyncspy find-workers", "which processes serve requests"))
    return steps if analysis.verdict == "no-data" else [*steps, *_report_again(view)]


def _report_again(view: View) -> list[NextStep]:
    if view.saved is None:
        return []
    command = f"asyncspy report {view.escape(shlex.quote(view.saved))}"
    return [NextStep(command, "this report again, without the process")]
