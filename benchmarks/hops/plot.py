"""Latencies to a picture, as PNG and SVG: from the median to the slowest request in a thousand."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt

from benchmarks.hops.__main__ import MIDDLEWARE, PAGES, QUANTILES, Latencies

COLORS = {"plain": "#9aa5b1", "sensitive": "#b5651d", "free": "#6b4e9b", "native": "#0b6e99"}
LINES = {"none": "-", "sync-only": "--"}


def draw(found: Latencies, folder: Path) -> None:
    """hops.png and hops.svg."""
    mpl.rcParams.update({"svg.hashsalt": "asyncspy", "font.size": 9, "svg.fonttype": "none"})
    figure, axis = plt.subplots(figsize=(7.5, 3.8), layout="constrained")
    shares = 1 - np.geomspace(0.5, 0.001, 120)
    for kind in MIDDLEWARE:
        for page, name in PAGES.items():
            if (kind, page) in found:
                label = f"{name}{', under sync-only middleware' * (kind != 'none')}"
                latencies = 1000 * np.quantile(found[kind, page], shares)
                axis.plot(1 / (1 - shares), latencies, LINES[kind], color=COLORS[page], label=label)
    axis.set_xscale("log")
    axis.set_xticks([1 / (1 - share) for share in QUANTILES.values()], list(QUANTILES))
    axis.minorticks_off()
    axis.set_yscale("log")
    for ticks in (axis.yaxis.set_major_formatter, axis.yaxis.set_minor_formatter):
        ticks(lambda value, _: f"{value:g} ms")
    axis.set_title("latency of one handler, by its way to the database", fontsize=9, loc="left")
    axis.grid(axis="y", color="#e4e7eb")
    axis.spines[["top", "right"]].set_visible(False)
    axis.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    for kind in ("png", "svg"):
        metadata = {"Date": None} if kind == "svg" else {"Software": None}
        figure.savefig(folder / f"hops.{kind}", dpi=150, metadata=metadata)
