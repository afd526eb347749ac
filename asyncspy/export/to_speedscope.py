"""Write a profile as a speedscope file: one sampled profile for each thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asyncspy import __version__
from asyncspy.export.by_thread import ExportedProfile, ExportedThread, Numbering, escaped
from asyncspy.model.stacks import Frame, Origin, Profile
from asyncspy.untrusted import to_json

SCHEMA = "https://www.speedscope.app/file-format-schema.json"

EmbedOrigin = Callable[[dict[str, Any], Origin], dict[str, Any]]
"""Add to a speedscope document where it came from, as saved recordings do."""


def export(profile: Profile, embed_origin: EmbedOrigin | None = None) -> bytes:
    """Weights are seconds where the rate is known, else samples."""
    table, exported = Numbering[Frame](), ExportedProfile(profile)
    profiles = [_profile(thread, table, exported.interval) for thread in exported.threads]
    document = {
        "$schema": SCHEMA,
        "exporter": f"asyncspy@{__version__}",
        "name": "asyncspy",
        "activeProfileIndex": 0,
        "shared": {"frames": [_frame(frame) for frame in table.numbers]},
        "profiles": profiles,
    }
    if embed_origin is not None:
        document = embed_origin(document, _origin(exported))
    return to_json(document, compact=True).encode()


def _origin(exported: ExportedProfile) -> Origin:
    """Of several recordings, what they have in common."""
    origins, each, modes = exported.profile.origins, exported.interval, sorted(exported.profile.modes)
    if len(origins) == 1:
        return origins[0]
    return Origin("asyncspy export", modes[0] if len(modes) == 1 else "unknown", round(1 / each) if each else None)


def _frame(frame: Frame) -> dict[str, Any]:
    known = {"name": escaped(frame.function), "file": escaped(frame.file) or None, "line": max(frame.line, 0) or None}
    return {key: value for key, value in known.items() if value is not None}


def _profile(thread: ExportedThread, table: Numbering[Frame], each: float | None) -> dict[str, Any]:
    weights = [weight * each if each else weight for _, weight in thread.stacks]
    return {
        "type": "sampled",
        "name": thread.title,
        "unit": "seconds" if each else "none",
        "startValue": 0,
        "endValue": sum(weights),
        "samples": [[table[frame] for frame in frames] for frames, _ in thread.stacks],
        "weights": weights,
    }
