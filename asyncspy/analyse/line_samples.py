"""Add up the samples of one line of code, and make a finding of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from asyncspy.analyse.ranking import most_common, ranked
from asyncspy.analyse.stacks import entries
from asyncspy.analyse.stacks.ownership import Ownership
from asyncspy.analyse.stacks.worlds import judge_stack, loop_start
from asyncspy.model.findings import Culprit, Entry, Evidence, Finding, Remedy
from asyncspy.model.stacks import ChainFrame, FindingKind, Frame


@dataclass
class LineSamples:
    """All samples of one line: how often it was seen by which frame, from which entry, along which chain."""

    weight: int = 0
    culprits: Counter[Frame] = field(default_factory=Counter)
    entries: Counter[tuple[str, Frame]] = field(default_factory=Counter)
    chains: Counter[tuple[Frame, ...]] = field(default_factory=Counter)

    @property
    def culprit(self) -> Frame:
        """The frame that was seen most: a comprehension may share the line with the function around it."""
        return most_common(self.culprits)

    @property
    def chain(self) -> tuple[Frame, ...]:
        """The chain that was seen most."""
        return most_common(self.chains)

    def add(self, culprit: Frame, chain: Sequence[Frame], weight: int) -> None:
        """Add samples of one stack."""
        self.weight += weight
        self.culprits[culprit] += weight
        self.chains[tuple(chain)] += weight

    def add_from_entry(self, frames: Sequence[Frame], culprit: int, end: int, weight: int, owners: Ownership) -> None:
        """Add samples of a stack on the loop, with the chain from its entry up to the frame before `end`."""
        own = [owners.of(frame) is None for frame in frames]
        entry = entries.find_entry(frames, own, loop_start(frames, judge_stack(frames).boundary), culprit + 1)
        start = entry.position if entry else culprit
        self.entries[(entry.kind if entry else entries.CALLBACK.kind), frames[start]] += weight
        self.add(frames[culprit], frames[start:end], weight)

    def finding(self, kind: FindingKind, call: str, remedies: tuple[Remedy, ...], owners: Ownership) -> Finding:
        """The finding that they make, without the figures that only findings of its kind have."""
        return Finding(
            kind=kind,
            evidence=Evidence(sampled=self.weight),
            allowed=False,
            culprit=Culprit(self.culprit, owners.of(self.culprit)),
            call=call,
            sink=None,
            entries=tuple(Entry(kind, frame, weight) for (kind, frame), weight in ranked(self.entries)),
            chain=tuple(ChainFrame(*frame, owners.of(frame)) for frame in self.chain),
            remedies=remedies,
        )
