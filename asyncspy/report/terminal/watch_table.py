"""The state of a watch to the table that a person looks at, or to one line for a log; it changes, and is never all.

A finding's samples of each look are its trend; the full report comes at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.cells import cell_len
from rich.text import Text

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding
from asyncspy.report.present import finding_words
from asyncspy.report.present.figures import count, percent, percent_interval, plural, span
from asyncspy.report.present.place_names import outside, place
from asyncspy.report.terminal.layout import ALARM, FAINT, NAME, PLACE, clip, columns, flow, wrap
from asyncspy.report.view import View

BARS, ASCII_BARS = "▁▂▃▄▅▆▇█", ".:-=+*#@"
WIDTH = 12
"""How many looks a trend shows."""

Key = tuple[str, str, int, str]


@dataclass
class WatchTable:
    """What a watch knows: the analysis of everything so far, and each finding's samples from look to look."""

    watched: str
    root: str | None = None
    analysis: Analysis | None = None
    slices: int = 0
    looks: int = 0
    seconds: float = 0.0
    trends: dict[Key, list[int]] = field(default_factory=dict)
    _before: dict[Key, int] = field(default_factory=dict)

    def add(self, analysis: Analysis, seconds: float, slices: int = 1) -> None:
        """One more slice is in, or several; `analysis` is of all that was recorded."""
        now = {_key(finding): _weight(finding) for finding in analysis.findings}
        for key in {*now, *self.trends}:
            trend = self.trends.setdefault(key, [0] * min(self.looks, WIDTH))
            trend.append(max(0, now.get(key, 0) - self._before.get(key, 0)))
            del trend[:-WIDTH]
        self.analysis, self.seconds, self._before = analysis, seconds, now
        self.slices += slices
        self.looks += 1

    def last(self, finding: Finding) -> int:
        """Its samples since the look before."""
        return self.trends.get(_key(finding), [0])[-1]


def _key(finding: Finding) -> Key:
    return finding.kind, finding.culprit.frame.file, finding.culprit.frame.line, finding.call


def _weight(finding: Finding) -> int:
    """Calls where they were counted, else samples."""
    return finding.evidence.exact or finding.evidence.samples


def _amount(finding: Finding) -> str:
    return f"{count(_weight(finding))}{' calls' if finding.evidence.exact else ''}"


DOES = {
    "async-unsafe": "unsafe",
    "blocked-loop": "blocks the loop",
    "pool-saturated": "full pool",
    "sync-middleware": "sync middleware",
    "hop-cost": "hops",
    "deadlock": "waits forever",
}
"""A finding's kind, in so few words as a table has room for."""

HEAD = ("samples", "last", "trend", "share (95%)", "what", "where")


def watch_table(board: WatchTable, view: View) -> list[Text]:
    """The whole picture, as lines that fit."""
    lines = flow([Text(part) for part in _facts(board)], view.columns, f" {view.glyphs.dot} ")
    if board.analysis is None:
        return [*lines, Text(), Text("Waiting for the first slice.", FAINT)]
    findings = board.analysis.findings
    if not findings:
        return [*lines, Text(), *wrap(Text(finding_words.verdict(board.analysis), NAME), view.columns)]
    rows = [[Text(title, FAINT) for title in HEAD[:-1]], *(_row(finding, board, view) for finding in findings)]
    places = [Text(HEAD[-1], FAINT), *(_place(finding, view) for finding in findings)]
    whole = columns([[*row, place] for row, place in zip(rows, places, strict=True)], right=(0, 1))
    if all(line.cell_len <= view.columns for line in whole):
        return [*lines, Text(), *whole]
    narrow = columns(rows, right=(0, 1))
    below = [line for pair in zip(narrow[1:], places[1:], strict=True) for line in (pair[0], Text("  ") + pair[1])]
    return [*lines, Text(), narrow[0], *below]


def watch_line(board: WatchTable, view: View) -> str:
    """The last slice in one line."""
    told = board.analysis.findings if board.analysis else ()
    named = [f"{place(f.culprit.frame, view)} {_amount(f)} (+{count(board.last(f))})" for f in told]
    return ", ".join([*_facts(board), *(named or ["nothing found"])])


def _facts(board: WatchTable) -> list[str]:
    """What is watched, for how long, and how much that gave."""
    if board.analysis is None:
        return [board.watched]
    origins = board.analysis.origins
    lost, taken = sum(o.errors or 0 for o in origins), sum(o.samples or 0 for o in origins)
    facts = [board.watched, span(board.seconds), plural(board.slices, "slice")]
    facts.append(plural(board.analysis.samples.loop, "loop sample"))
    return facts + ([f"{percent(lost / (lost + taken))} lost"] if lost else [])


def _row(finding: Finding, board: WatchTable, view: View) -> list[Text]:
    share = finding.share
    said = f"{percent(share.share)} ({percent_interval(*share[1:], share.share, view.glyphs.dash)})" if share else ""
    return [
        Text(_amount(finding), NAME),
        Text(f"+{count(board.last(finding))}"),
        Text(_trend(board.trends.get(_key(finding), []), ASCII_BARS if view.ascii else BARS), PLACE),
        Text(said),
        Text(DOES[finding.kind], ALARM if finding.kind == "async-unsafe" else ""),
    ]


def _trend(counts: Sequence[int], bars: str) -> str:
    """The slices side by side; a slice without any is blank."""
    most = max(counts, default=0)
    return "".join(bars[(number * (len(bars) - 1) + most - 1) // most] if number else " " for number in counts)


def _place(finding: Finding, view: View) -> Text:
    frame = finding.culprit.frame
    where = place(frame, view, view.columns // 2)
    function = clip(outside(frame.function, view), view.columns - cell_len(where) - 4, view.glyphs.dots)
    return Text.assemble((where, PLACE), "  ", function)
