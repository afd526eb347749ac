"""Show the state of a watch: as a table on a terminal, or as one line for a log.

The samples that a finding gained from look to look are its trend; the full report comes at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.text import Text

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding
from asyncspy.report.present.figures import count, percent, percent_interval, plural, span
from asyncspy.report.present.finding_kinds import KIND_WORDS
from asyncspy.report.present.places import place_of
from asyncspy.report.present.presented_report import report_verdict
from asyncspy.report.present.recording_summary import lost_share
from asyncspy.report.terminal.layout import ALARM, FAINT, NAME, PLACE, clip, columns, fit_place, flow, wrap
from asyncspy.report.view import View

BARS, ASCII_BARS = "▁▂▃▄▅▆▇█", ".:-=+*#@"
TREND_WIDTH = 12
"""How many looks a trend shows."""

TITLES = ("samples", "last", "trend", "share (95%)", "what", "where")

FindingKey = tuple[str, str, int, str]


@dataclass
class WatchTable:
    """What a watch knows: the analysis of everything so far, and each finding's samples from look to look."""

    watched: str
    root: str | None = None
    analysis: Analysis | None = None
    slices: int = 0
    looks: int = 0
    seconds: float = 0.0
    trends: dict[FindingKey, list[int]] = field(default_factory=dict)
    _before: dict[FindingKey, int] = field(default_factory=dict)

    def add(self, analysis: Analysis, seconds: float, slices: int = 1) -> None:
        """Take in one more slice, or several; `analysis` is of all that was recorded."""
        now = {_key(finding): _weight(finding) for finding in analysis.findings}
        for key in {*now, *self.trends}:
            trend = self.trends.setdefault(key, [0] * min(self.looks, TREND_WIDTH))
            trend.append(max(0, now.get(key, 0) - self._before.get(key, 0)))
            del trend[:-TREND_WIDTH]
        self.analysis, self.seconds, self._before = analysis, seconds, now
        self.slices += slices
        self.looks += 1

    def trend(self, finding: Finding) -> list[int]:
        """Its samples from look to look."""
        return self.trends.get(_key(finding), [0])


def _key(finding: Finding) -> FindingKey:
    return finding.kind, finding.culprit.frame.file, finding.culprit.frame.line, finding.call


def _weight(finding: Finding) -> int:
    """Calls where they were counted, else samples."""
    return finding.evidence.exact or finding.evidence.samples


def _amount(finding: Finding) -> str:
    return f"{count(_weight(finding))}{' calls' if finding.evidence.exact else ''}"


def watch_table(table: WatchTable, view: View) -> list[Text]:
    """The table, as lines that fit."""
    lines = flow([Text(part) for part in _facts(table)], view.columns, f" {view.glyphs.dot} ")
    if table.analysis is None:
        return [*lines, Text(), Text("Waiting for the first slice.", FAINT)]
    findings = table.analysis.findings
    if not findings:
        return [*lines, Text(), *wrap(Text(report_verdict(table.analysis), NAME), view.columns)]
    rows = [[Text(title, FAINT) for title in TITLES[:-1]], *(_row(finding, table, view) for finding in findings)]
    places = [Text(TITLES[-1], FAINT), *(_place(finding, view) for finding in findings)]
    whole = columns([[*row, place] for row, place in zip(rows, places, strict=True)], right=(0, 1))
    if all(line.cell_len <= view.columns for line in whole):
        return [*lines, Text(), *whole]
    titles, *narrow = columns(rows, right=(0, 1))
    below = [line for row, place in zip(narrow, places[1:], strict=True) for line in (row, Text("  ") + place)]
    return [*lines, Text(), titles, *below]


def watch_line(table: WatchTable, view: View) -> str:
    """The last slice in one line."""
    findings = table.analysis.findings if table.analysis else ()
    named = [
        f"{place_of(one.culprit.frame, view).shown(view)} {_amount(one)} (+{count(table.trend(one)[-1])})"
        for one in findings
    ]
    return ", ".join([*_facts(table), *(named or ["nothing found"])])


def _facts(table: WatchTable) -> list[str]:
    if table.analysis is None:
        return [table.watched]
    facts = [table.watched, span(table.seconds), plural(table.slices, "slice")]
    facts.append(plural(table.analysis.samples.loop, "loop sample"))
    lost = lost_share(table.analysis.origins)
    return [*facts, f"{percent(lost)} lost"] if lost else facts


def _row(finding: Finding, table: WatchTable, view: View) -> list[Text]:
    share, trend = finding.share, table.trend(finding)
    bounds = f"{percent(share.share)} ({percent_interval(*share[1:], share.share, view.glyphs.dash)})" if share else ""
    return [
        Text(_amount(finding), NAME),
        Text(f"+{count(trend[-1])}"),
        Text(_bars(trend, ASCII_BARS if view.ascii else BARS), PLACE),
        Text(bounds),
        Text(KIND_WORDS[finding.kind].label, ALARM if finding.kind == "async-unsafe" else ""),
    ]


def _bars(counts: Sequence[int], bars: str) -> str:
    """The looks side by side; a look without any is blank."""
    most = max(counts, default=0)
    return "".join(bars[(number * (len(bars) - 1) + most - 1) // most] if number else " " for number in counts)


def _place(finding: Finding, view: View) -> Text:
    frame = finding.culprit.frame
    where = fit_place(place_of(frame, view), view, view.columns // 2)
    function = clip(view.escape(frame.function), view.columns - cell_len(where) - 4, view.glyphs.dots)
    return Text.assemble((where, PLACE), "  ", function)
