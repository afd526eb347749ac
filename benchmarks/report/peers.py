"""Read the same files with other tools, as far as they are installed: austin-python, gprof2dot, tbgrep, FlameGraph.

FLAMEGRAPH_PL names FlameGraph's flamegraph.pl. It draws what it has read, and gprof2dot joins calls into a graph:
neither can be left out.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

SCRIPT = os.environ.get("FLAMEGRAPH_PL", "")


def austin_python(path: Path) -> object:
    """Austin's own library: all samples into its statistics."""
    stats = importlib.import_module("austin.stats").AustinStats
    reader = importlib.import_module("austin.format.collapsed_stack").AustinFileReader
    with path.open() as file, reader(file) as events:
        return stats.load(events)


def gprof2dot(path: Path) -> object:
    """A folded file into a call graph."""
    with path.open() as file:
        return importlib.import_module("gprof2dot").CollapseParser(file).parse()


def tbgrep(path: Path) -> None:
    """All tracebacks of a log."""
    with path.open() as file:
        for _ in importlib.import_module("tbgrep").tracebacks_from_file(file):
            pass


def flamegraph_pl(path: Path) -> None:
    """A folded file into a picture."""
    subprocess.run(["perl", SCRIPT, path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


PEERS: dict[str, list[Callable[[Path], object]]] = {
    "folded (py-spy raw)": [gprof2dot, flamegraph_pl],
    "folded (Austin)": [austin_python, flamegraph_pl],
    "log": [tbgrep],
}


def there(peer: Callable[[Path], object]) -> bool:
    """Whether it can be run here."""
    if peer is flamegraph_pl:
        return Path(SCRIPT).is_file()
    return importlib.util.find_spec({"austin_python": "austin"}.get(peer.__name__, peer.__name__)) is not None
