"""Present one finding: where it is, how much there is of it, how it is known, the way there and what to change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from asyncspy.model.analysis import Analysis
from asyncspy.model.findings import Culprit, Finding, Remedy
from asyncspy.report.present.evidence import evidence, fleet_groups, fleet_spread, share_by_process, strength
from asyncspy.report.present.figures import plural, rough_percent
from asyncspy.report.present.finding_kinds import KIND_WORDS, KindWords
from asyncspy.report.present.path_steps import PathStep, path_steps
from asyncspy.report.present.places import Place, place_of
from asyncspy.report.view import View

BY_NAME = (
    "The recording holds no folders, so names alone decided whose code this is. Record with --full-filenames, "
    "or say where your code is with --app-root."
)
ALLOWED = (
    "DJANGO_ALLOW_ASYNC_UNSAFE let this call pass: silent corruption instead of an error. "
    "Requests that overlap can lose or mix up data."
)
COMPLETED = "(the log does not hold all of this way: where it begins is taken from a recorded stack of the same call)"
AT_FAULT = "None of your own code is on the way: package {name} is at fault."
AT_FAULT_BESIDE = "Package {name} is at fault: your own code on the way only leads to it, or is called by it."
ON_BEHALF = "Package {name} makes the query, on what your own code returned or declared: that is what to change."
BESIDE_LOOP = (
    "While this loop runs, Django refuses the queries of all other code in its thread. What is listed as the way here "
    "is only hit by it and needs no change."
)
CONVERTED = "Once it is async, a request no longer holds a thread from here to its end."
NO_FASTER = "Do not expect faster requests: one hop in and one out is all that goes."
EACH_HOPS = (
    "Do not expect faster requests: {others} in its thread with it without hops; each that is made with "
    "MiddlewareMixin then hops for itself, up to twice, and requests can even get slower."
)
HANG = "Until then a client that goes away while it runs can hang the whole worker; asgiref {fixed} fixes that, too."
HANG_FIXED = (3, 12)
NO_REMEDY = "None is known for this call."


class PresentedEntry(NamedTuple):
    """One way onto the loop, and how many of the finding's samples came that way."""

    kind: str
    function: str
    place: Place
    weight: int
    share: str


class PresentedRemedy(NamedTuple):
    """What to change: the line to type, a sentence that is enough without it, and a note beside it."""

    code: str
    text: str
    note: str
    since: str

    @property
    def beside_code(self) -> str:
        """The note beside the code; without code, the text."""
        return self.note if self.code else self.text


@dataclass(frozen=True, slots=True)
class PresentedFinding:
    """One finding in words; names are not escaped."""

    number: int
    finding: Finding
    kind: KindWords
    place: Place
    function: str
    strength: tuple[str, ...]
    evidence: str
    owner: tuple[str, ...]
    entries: tuple[PresentedEntry, ...]
    path: tuple[PathStep, ...]
    path_note: str
    spread: str
    groups: tuple[tuple[str, tuple[str, ...]], ...]
    """Rows of what differs: by process, or in a fleet by host, worker or version."""
    gain: str
    risks: tuple[str, ...]
    remedies: tuple[PresentedRemedy, ...]


def present_finding(number: int, finding: Finding, analysis: Analysis, view: View) -> PresentedFinding:
    """Put a finding into words."""
    dash = view.glyphs.dash
    groups = [(label, tuple(parts)) for label, parts in fleet_groups(finding, view)]
    if finding.fleet is None and (processes := share_by_process(finding, dash)):
        groups = [("by pid", tuple(processes))]
    return PresentedFinding(
        number=number,
        finding=finding,
        kind=KIND_WORDS[finding.kind],
        place=place_of(finding.culprit.frame, view),
        function=finding.culprit.frame.function,
        strength=tuple(strength(finding, analysis, dash)),
        evidence=evidence(finding, view),
        owner=_owner(finding),
        entries=tuple(_entries(finding, view)),
        path=path_steps(finding, view),
        path_note=COMPLETED if finding.completed and finding.chain else "",
        spread=fleet_spread(finding) or "",
        groups=tuple(groups),
        gain=conversion_gain(finding),
        risks=(*([ALLOWED] if finding.allowed else []), *_hang_risk(finding, analysis)),
        remedies=tuple(present_remedy(remedy, analysis.django) for remedy in finding.remedies),
    )


def _entries(finding: Finding, view: View) -> Iterator[PresentedEntry]:
    whole = sum(entry.weight for entry in finding.entries)
    for entry in finding.entries:
        share = rough_percent(entry.weight, whole)
        yield PresentedEntry(entry.kind, entry.frame.function, place_of(entry.frame, view), entry.weight, share)


def _owner(finding: Finding) -> tuple[str, ...]:
    """Whose line it is; that Django's own plumbing costs time does not put Django at fault."""
    package = finding.culprit.package
    if finding.beside_loop:
        return (BESIDE_LOOP,)
    if finding.kind == "pool-saturated" or (finding.kind != "async-unsafe" and package == "django"):
        return ()
    return tuple(owner_sentences(finding.culprit))


def owner_sentences(culprit: Culprit) -> list[str]:
    """Whose line it is, where it is not plainly the user's own."""
    sentences = []
    if culprit.package is not None:
        installed = culprit.distribution
        name = f"{installed.name} {installed.version}" if installed else culprit.package
        at_fault = AT_FAULT_BESIDE if culprit.beside_own else AT_FAULT
        sentences.append((ON_BEHALF if culprit.on_behalf else at_fault).format(name=name))
    return [*sentences, BY_NAME] if culprit.by_name else sentences


def conversion_gain(finding: Finding) -> str:
    """What converting a sync-only middleware would bring, and what it would not."""
    if finding.kind != "sync-middleware":
        return ""
    others = f"{plural(finding.drags, 'other')} {'runs' if finding.drags == 1 else 'run'}"
    return f"{CONVERTED} {EACH_HOPS.format(others=others) if finding.drags else NO_FASTER}"


def _hang_risk(finding: Finding, analysis: Analysis) -> list[str]:
    """The hang that sync-only middleware is open to, unless every watched asgiref is known not to have it."""
    if finding.kind != "sync-middleware":
        return []
    versions = [origin.target.asgiref if origin.target else None for origin in analysis.origins] or [None]
    hangs = any(_major_and_minor(version) < HANG_FIXED for version in versions)
    return [HANG.format(fixed=".".join(map(str, HANG_FIXED)))] if hangs else []


def _major_and_minor(version: str | None) -> tuple[int, ...]:
    """(3, 11) of "3.11.1"; () where it is not known."""
    return tuple(int(part) for part in (version or "").split(".")[:2] if part.isascii() and part.isdigit())


def present_remedy(remedy: Remedy, django: str | None = None) -> PresentedRemedy:
    """Put a remedy into words, with the Django that it needs and the one that runs."""
    since = f"Django {remedy.since}+" if remedy.since else ""
    if since and django:
        since = f"{since}, you run {django}"
    return PresentedRemedy(remedy.code or "", remedy.text, remedy.note or "", since)


def share_of_rest(entries: Sequence[PresentedEntry], shown: int) -> str:
    """The share of the entries after the first `shown` ones."""
    return rough_percent(sum(entry.weight for entry in entries[shown:]), sum(entry.weight for entry in entries))
