"""Find every fault of a profile with all ways that led to it: as samples show them, as counted, and as logged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from asyncspy.analyse.remedy.source_line import SourceReader
from asyncspy.analyse.stacks import recording_facts
from asyncspy.analyse.stacks.cleaning import clean_profile
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.worlds import judge_stack
from asyncspy.analyse.unsafe.faults import Fault, find_faults
from asyncspy.analyse.unsafe.reported import is_same_line, reported_faults
from asyncspy.analyse.unsafe.shared_thread import is_beside_loop
from asyncspy.model.findings import Finding
from asyncspy.model.stacks import Profile


class FaultsOfProfile(NamedTuple):
    """The faults of a profile, and whose code its frames are."""

    faults: Sequence[Fault]
    owners: Ownership

    def of(self, finding: Finding) -> list[Fault]:
        """The faults that a finding was made of."""
        culprit = finding.culprit.frame
        same = [fault for fault in self.faults if is_same_line(fault.culprit, culprit)]
        return [fault for fault in same if finding.call in {call.name for call in fault.calls}]


def find_all_faults(recorded: Profile, *, source: SourceReader, app_roots: Sequence[str] = ()) -> FaultsOfProfile:
    """The faults that the findings of an analysis are made of, which was made with the same source and roots."""
    profile = clean_profile(recorded)
    owners = recording_facts.ownership_of(profile, app_roots, source)
    verdicts = [judge_stack(stack.frames) for stack in profile.stacks]
    events = {event: times for event, times in profile.events.items() if not is_beside_loop(event, owners)}
    reported = [each.fault for counted in (True, False) for each in reported_faults(events, owners, counted=counted)]
    return FaultsOfProfile([*find_faults(profile.stacks, verdicts, owners), *reported], owners)
