"""Convert recordings, or only what their findings are made of, to another tool's format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from asyncspy.analyse.combine_modes import AnalysedPart
from asyncspy.analyse.stack_findings import keep_finding_stacks
from asyncspy.errors import InputError
from asyncspy.export import BINARY, SUFFIXES, TARGETS, export_profile
from asyncspy.sample import embed_origin
from asyncspy.workflow.load_recordings import load_and_analyse

__all__ = ["BINARY", "SUFFIXES", "TARGETS", "ExportOptions", "export_recordings"]


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """The format to write, and what to leave out: stacks that belong to no finding, samples of the other mode."""

    target: str
    findings_only: bool = False
    mode: Literal["gil", "wall"] | None = None
    app_roots: tuple[str, ...] = ()


def export_recordings(files: Sequence[Path], options: ExportOptions) -> bytes:
    """The content of the file to write. Raises InputError where nothing is left to export."""
    recording = load_and_analyse(files, options.app_roots)
    part = _part_of_mode(recording.parts, options.mode)
    profile = part.profile
    if options.findings_only:
        source = recording.sources.text
        profile = keep_finding_stacks(profile, part.analysis, source=source, app_roots=options.app_roots)
    if not profile.stacks:
        missing = "it has no findings that were sampled" if options.findings_only else "it holds no samples"
        raise InputError(f"there is nothing to export: {missing}", remedy="asyncspy report FILE says what it holds")
    return export_profile(profile, options.target, embed_origin=embed_origin)


def _part_of_mode(parts: Sequence[AnalysedPart], mode: str | None) -> AnalysedPart:
    """The samples of one mode: those of two are never written to one file."""
    found = [part for part in parts if mode is None or (part.analysis.wall is not None) == (mode == "wall")]
    if not found:
        raise InputError(f"it holds no samples of --mode {mode}", remedy="leave out --mode")
    return found[0]
