"""Measurements to a picture, as PNG and SVG: what each profiler does to latency, and to what the server can take."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt

from benchmarks.overhead.table import Row, beside, profilers

INK, FAINT, OURS, THEIRS = "#1f2933", "#9aa5b1", "#0b6e99", "#b5651d"
WIDE = 2
"""Beyond so many times as much, or as little, the scale is logarithmic."""
PANELS = (
    ("p50", "median latency at half load"),
    ("p99", "p99 latency at half load"),
    ("rate", "requests/s, saturated"),
)


def draw(rows: Sequence[Row], folder: Path) -> None:
    """overhead.png and overhead.svg."""
    mpl.rcParams.update({"svg.hashsalt": "asyncspy", "font.size": 9, "svg.fonttype": "none"})
    servers = list(dict.fromkeys(row.server for row in rows))
    figure, axes = plt.subplots(
        len(servers), len(PANELS), figsize=(11, 0.6 + 2.9 * len(servers)), squeeze=False, layout="constrained"
    )
    for line, server in zip(axes, servers, strict=True):
        own = [row for row in rows if row.server == server]
        for (field, title), axis in zip(PANELS, line, strict=True):
            _panel(axis, own, field)
            axis.set_title(f"{server}: {title}", fontsize=9, loc="left", color=INK)
    figure.supxlabel("times that without a profiler; 95% intervals", fontsize=9, color=INK)
    for kind in ("png", "svg"):
        metadata = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(folder / f"overhead.{kind}", dpi=150, metadata=metadata)


def _panel(axis: plt.Axes, rows: Sequence[Row], field: str) -> None:
    names = [name for name in profilers(rows) if name != "none"][::-1]
    widest = 1.0
    for place, name in enumerate(names):
        compared = beside(rows, name, "none", field)
        widest = max(widest, compared.high, 1 / compared.low)
        color = OURS if name.startswith(("attach", "watch")) else THEIRS
        axis.plot([compared.low, compared.high], [place, place], color=color, linewidth=2, solid_capstyle="round")
        axis.plot(compared.ratio, place, "o", color=color, markersize=5)
        axis.annotate(f"{compared.ratio:.2f}", (compared.high, place), (6, 0), textcoords="offset points", va="center")
    axis.axvline(1, color=FAINT, linewidth=1, zorder=0)
    axis.set_yticks(range(len(names)), names)
    axis.set_ylim(-0.6, len(names) - 0.4)
    axis.margins(x=0.15)
    if widest > WIDE:
        axis.set_xscale("log", base=2)
        axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.tick_params(axis="y", length=0)
