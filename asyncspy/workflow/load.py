"""Saved files to one analysed recording, with what is known of its target and its source files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from asyncspy import read
from asyncspy.analyse import analyse
from asyncspy.analyse.combine_modes import combine_modes
from asyncspy.analyse.fleet_spread import with_fleet_spread
from asyncspy.discover import container_name, process_usage
from asyncspy.errors import UsageError
from asyncspy.model.analysis import Analysis
from asyncspy.model.merging import ProfileSum
from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Profile
from asyncspy.sample import RecordingWriter
from asyncspy.source.distributions import Distributions
from asyncspy.source.files import SourceFiles
from asyncspy.source.lookup import SourceLookup

SAME_SECONDS = 1.0
"""Two readings of when a process was started agree so far, where they are of the same."""

PROC, NOWHERE = Path("/proc"), Path(os.devnull)
"""Below the second there are no files."""


class Part(NamedTuple):
    """The samples of a run that mean the same, and what they tell by themselves."""

    profile: Profile
    analysis: Analysis


class Analysed(NamedTuple):
    """An analysis, what a report on it is made with, and its parts: what ran, what waits, or both."""

    analysis: Analysis
    sources: SourceLookup
    target: Worker | None
    parts: tuple[Part, ...] = ()


def analysed(paths: Sequence[Path], *, live: bool = False, app_roots: Sequence[str] = ()) -> Analysed:
    """Read and analyse recordings, as one; `live`: just now taken, of a process that still runs."""
    return _analysed(read.load_all(_once_each(paths)), live=live, app_roots=app_roots)


def so_far(bundle: RecordingWriter, app_roots: Sequence[str] = ()) -> Analysed:
    """Analyse a recording that is still being made, without reading its file."""
    return _analysed([read.profile_of_document(bundle.document(), bundle.path)], live=True, app_roots=app_roots)


def _analysed(profiles: Iterable[Profile], *, live: bool, app_roots: Sequence[str]) -> Analysed:
    profile, waits = _by_kind(profiles)
    target = _common_target(profile)
    root = _root_of(profile) if live and target else None
    sources = SourceLookup(SourceFiles(root), _ran_since(profile), {} if live else profile.sources)
    installed = Distributions(root)

    def judged(one: Profile, beside: Profile | None = None) -> Part:
        told = analyse(one, source=sources.text, app_roots=app_roots, distribution=installed.of, beside=beside)
        return Part(one, with_fleet_spread(one, told, source=sources.text, app_roots=app_roots))

    running = judged(profile)
    if waits is None:
        return Analysed(running.analysis, sources, target, (running,))
    waiting = judged(waits, profile)
    return Analysed(combine_modes(running.analysis, waiting.analysis), sources, target, (running, waiting))


def _by_kind(profiles: Iterable[Profile]) -> tuple[Profile, Profile | None]:
    """What runs and what waits, each added up: the two are judged side by side, and never added to one another."""
    running, waiting = ProfileSum(), ProfileSum()
    for profile in profiles:
        (waiting if _tells_of_waits(profile) else running).add(replace(profile, waits=None))
        if profile.waits is not None:
            waiting.add(profile.waits)
    if not running:
        return _merged(waiting), None
    return _merged(running), (_merged(waiting) if waiting else None)


def _tells_of_waits(profile: Profile) -> bool:
    return profile.modes == {"wall"} or bool(profile.dumps)


def _merged(whole: ProfileSum) -> Profile:
    try:
        return whole.profile()
    except ValueError as error:
        raise UsageError(str(error), remedy="report these recordings one by one") from None


def _common_target(profile: Profile) -> Worker | None:
    targets = [origin.target for origin in profile.origins if origin.target]
    return targets[0] if targets and len({target.cwd for target in targets}) == 1 else None


def _root_of(profile: Profile) -> Path | None:
    """The targets' own file system, by the first that still runs: in a container its names mean other files than ours.

    None where it is ours. Once all have ended that of a container is nowhere: files of ours are not what ran.
    """
    targets = [origin.target for origin in profile.origins if origin.target]
    for target in targets:
        root = PROC / str(target.pid) / "root"
        if _still_runs(target) and os.access(root, os.R_OK):
            return root
    return NOWHERE if any(map(_in_a_container, targets)) else None


def _still_runs(target: Worker) -> bool:
    """Whether it is this process that has the pid now."""
    now = process_usage(target.pid)
    return now is not None and (target.started_at is None or abs(now.started_at - target.started_at) < SAME_SECONDS)


def _in_a_container(target: Worker) -> bool:
    """Whether it was in a container that asyncspy is not in; a service of the machine is none."""
    ours = container_name(_text(PROC / "self" / "cgroup"))
    named = target.container is not None and not target.container.endswith(".service")
    return target.pid_inside is not None or (named and target.container != ours)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _once_each(paths: Sequence[Path]) -> list[Path]:
    """A file that is named twice is read once: its samples would count twice."""
    return list({os.path.realpath(path): path for path in paths}.values())


def _ran_since(profile: Profile) -> float | None:
    """When the code that was recorded was loaded, at the earliest that is known."""
    started = [origin.target.started_at for origin in profile.origins if origin.target and origin.target.started_at]
    return min(started, default=None)
