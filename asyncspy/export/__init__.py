"""Write profiles as files of other tools: one module per format, all with one signature."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from asyncspy.export import to_folded, to_gecko, to_otlp, to_pprof, to_speedscope
from asyncspy.export.to_speedscope import EmbedOrigin
from asyncspy.model.stacks import Profile

Export = Callable[[Profile], bytes]

TARGETS: Mapping[str, Export] = MappingProxyType(
    {
        "folded": to_folded.export,
        "speedscope": to_speedscope.export,
        "pprof": to_pprof.export,
        "otlp": to_otlp.export,
        "gecko": to_gecko.export,
    }
)
"""Every format by the name that --to takes."""


def export_profile(profile: Profile, form: str, *, embed_origin: EmbedOrigin | None = None) -> bytes:
    """Convert to the format; with `embed_origin`, asyncspy can tell from a speedscope file how it was recorded."""
    if form == "speedscope":
        return to_speedscope.export(profile, embed_origin)
    return TARGETS[form](profile)


SUFFIXES: Mapping[str, str] = MappingProxyType(
    {
        "folded": ".folded.txt",
        "speedscope": ".speedscope.json",
        "pprof": ".pb.gz",
        "otlp": ".otlp.pb",
        "gecko": ".gecko.json",
    }
)
"""What the names of its files end with."""

BINARY = frozenset({"pprof", "otlp"})
"""The formats that are not text."""

__all__ = ["BINARY", "SUFFIXES", "TARGETS", "EmbedOrigin", "Export", "export_profile"]
