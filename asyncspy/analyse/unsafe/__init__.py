"""Find async-unsafe calls on the event loop, as samples show them, as they were counted, and as logs report them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial

from asyncspy.analyse.remedy.source_line import SourceReader
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.worlds import StackVerdict
from asyncspy.analyse.unsafe.faults import fault_finding, find_faults, with_shares
from asyncspy.analyse.unsafe.reported import add_counted, add_logged
from asyncspy.analyse.unsafe.shared_thread import find_beside_loop, is_beside_loop
from asyncspy.model.findings import Finding
from asyncspy.model.stacks import Profile


def find_unsafe(
    profile: Profile,
    verdicts: Sequence[StackVerdict],
    source: SourceReader,
    owners: Ownership,
    django: str | None,
) -> list[Finding]:
    """A finding for each unsafe call on a line, and for each sync-only middleware that only logs report.

    Remedies are those of the version `django`, where that is known.
    """
    to_finding = partial(fault_finding, source=source, django=django, owners=owners)
    loop_by_pid = _loop_samples_by_pid(profile, verdicts)
    faults = find_faults(profile.stacks, verdicts, owners)
    sampled = [with_shares(to_finding(fault), fault, loop_by_pid, profile.origins) for fault in faults]
    beside = {event: times for event, times in profile.events.items() if is_beside_loop(event, owners)}
    events = {event: times for event, times in profile.events.items() if event not in beside}
    counted = add_counted(sampled, events, to_finding, owners, profile.origins)
    reported = add_logged(counted, events, to_finding, owners)
    found = find_beside_loop(profile, beside, owners)
    return [found, *reported] if found is not None else reported


def _loop_samples_by_pid(profile: Profile, verdicts: Sequence[StackVerdict]) -> Counter[int | None]:
    counts: Counter[int | None] = Counter()
    for (stack, weight), verdict in zip(profile.stacks.items(), verdicts, strict=True):
        if verdict.world == "loop":
            counts[stack.pid] += weight
    return counts
