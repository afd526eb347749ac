"""A profile to the files of other tools: one module per format, one signature for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from asyncspy.model import Profile
from asyncspy.report.export import folded, gecko, otlp, pprof, speedscope

Export = Callable[[Profile], bytes]

TARGETS: Mapping[str, Export] = MappingProxyType(
    {
        "folded": folded.export,
        "speedscope": speedscope.export,
        "pprof": pprof.export,
        "otlp": otlp.export,
        "gecko": gecko.export,
    }
)
"""Every format by the name that --to takes."""

SUFFIXES: Mapping[str, str] = MappingProxyType(
    {
        "folded": ".folded.txt",
        "speedscope": ".speedscope.json",
        "pprof": ".pb.gz",
        "otlp": ".otlp.pb",
        "gecko": ".gecko.json",
    }
)
"""How its files are called."""

BINARY = frozenset({"pprof", "otlp"})
"""Those that are no text."""

__all__ = ["BINARY", "SUFFIXES", "TARGETS", "Export"]
