"""What logs tell, in plain sentences: events and when they were written, never shares or confidence."""

from __future__ import annotations

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Finding
from asyncspy.model.merging import merge_occurrences
from asyncspy.model.stacks import Occurrences
from asyncspy.report.present.figures import count, plural

LOG = "log"
UNREAD = "unknown"
NONE = "No traceback of a SynchronousOnlyOperation is in {}."
UNSEEN = "What logs cannot tell"
CANNOT_TELL = (
    "A call that DJANGO_ALLOW_ASYNC_UNSAFE lets pass raises nothing, and an exception that is caught without its "
    "traceback leaves no line to name. How much of the loop's time a call takes, only a recording tells.",
)

COMPLETED = "(the log does not hold all of this way: where it begins is taken from a recorded stack of the same call)"


def only_logs(analysis: Analysis) -> bool:
    """Whether all that was read are logs."""
    formats = {read.format for read in analysis.inputs} - {UNREAD}
    return formats == {LOG} and not analysis.origins


def verdict_on_none(analysis: Analysis) -> str:
    """The answer where logs alone were read and hold no violation."""
    logs = sum(read.format == LOG for read in analysis.inputs)
    return NONE.format("the log" if logs == 1 else f"these {count(logs)} logs")


def facts(analysis: Analysis) -> list[str]:
    """How much the logs tell of, and from when to when."""
    tracebacks = sum(one.evidence.logged for one in analysis.findings if one.kind == "async-unsafe")
    logs = sum(read.format == LOG for read in analysis.inputs)
    whole: Occurrences | None = None
    for finding in analysis.findings:
        whole = merge_occurrences(whole, finding.logged) if finding.logged else whole
    return [f"{plural(tracebacks, 'traceback')} in {plural(logs, 'log')}", *(_when(whole) if whole else [])]


def seen(finding: Finding) -> list[str]:
    """How often one fault was written, and when first and last."""
    if not finding.evidence.logged:
        return []
    noun = "start-up line" if finding.kind == "sync-middleware" else "traceback"
    said = [f"{plural(finding.evidence.logged, noun)} in a log"]
    return [*said, *(_when(finding.logged) if finding.logged else [])]


def _when(logged: Occurrences) -> list[str]:
    if logged.first is None or logged.last is None:
        return []
    return [f"at {logged.first}"] if logged.first == logged.last else [f"first {logged.first}", f"last {logged.last}"]
