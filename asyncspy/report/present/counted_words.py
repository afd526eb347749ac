"""What was counted in the process itself, in plain sentences: calls and their rate, never shares or confidence."""

from __future__ import annotations

from collections.abc import Sequence

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding
from asyncspy.model.stacks import Origin
from asyncspy.report.present.figures import count, plural, span
from asyncspy.untrusted import finite

ALL = "Every call that reached Django's guard on an event loop was counted for {}"
ALL_COUNTED = "None was missed while it was counted"
BEYOND = "{} more reached the guard than could be kept with their way there: too many at once, or too many ways."


def counted_for(origins: Sequence[Origin]) -> float:
    """For how many seconds, of several processes the longest; 0 where nothing was counted."""
    return max((value for o in origins if o.mode == "exact" and (value := finite(o.duration))), default=0.0)


def strength(finding: Finding) -> list[str]:
    """exact: 41 calls in 60s, and their rate."""
    seen = finding.captured
    if seen is None:
        return []
    said = f"exact: {plural(seen.times, 'call')}"
    lasted = finite(seen.seconds)
    return [f"{said} in {span(lasted)}", rate(seen.times / lasted)] if lasted and lasted > 0 else [said]


def rate(per_second: float) -> str:
    """12 a second, 2.5 a minute, 3 an hour: in the largest unit that makes it one at least."""
    for factor, unit in ((1, "second"), (60, "minute")):
        if per_second * factor >= 1:
            return f"{per_second * factor:.3g} a {unit}"
    return f"{per_second * 3600:.3g} an hour"


def evidence(finding: Finding) -> list[str]:
    """How many were counted, how many the guard let pass, and when."""
    seen = finding.captured
    if seen is None:
        return [f"{count(finding.evidence.exact)} counted at the guard"] if finding.evidence.exact else []
    said = [f"{count(seen.times)} counted at the guard"]
    said += [f"{count(seen.passed)} of them let pass"] if seen.passed else []
    if seen.first is None or seen.last is None:
        return said
    return [*said, *([f"at {seen.first}"] if seen.first == seen.last else [f"first {seen.first}", f"last {seen.last}"])]


def recording(origins: Sequence[Origin]) -> list[str]:
    """That all was counted, and for how long."""
    lasted = counted_for(origins)
    return [f"every call to the guard counted for {span(lasted)}"] if lasted else []


def warnings(origins: Sequence[Origin]) -> list[str]:
    """What the counts do not hold."""
    beyond = sum(o.beyond for o in origins)
    return [BEYOND.format(plural(beyond, "call"))] if beyond else []


def reach(analysis: Analysis) -> list[str]:
    """What having counted all of them means for what is not listed."""
    lasted = counted_for(analysis.origins)
    return [f"{ALL.format(span(lasted))}: what is not listed did not happen then."] if lasted else []
