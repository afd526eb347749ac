"""Make a folder of recordings as the workers of a fleet would save them, from recorded stacks.

Each is in the form that `attach` saves, of a worker of its own: hosts, pids, versions and the mix of stacks differ, and
in part of them one line of one frame does, as in a large program.
"""

from __future__ import annotations

import json
import random
from itertools import islice
from pathlib import Path

from asyncspy.model.processes import Worker
from asyncspy.model.stacks import Frame, Origin
from asyncspy.recording.saved_form import embed
from benchmarks.report.inputs import stacks

WORKERS = 10
"""Of each host; in a container each, as pid 1."""

SAMPLES = 3000
DJANGOS = ("5.2.19", "5.2.19", "5.2.19", "4.2.30")


def write(folder: Path, number: int) -> int:
    """Write this number of recordings; return their size in bytes."""
    chance = random.Random(7)
    pool = list(islice(stacks(), 4 * SAMPLES))
    written = 0
    for one in range(number):
        path = folder / f"asyncspy-web-{one // WORKERS:03}-{one % WORKERS}.json"
        document = _document(chance.choices(pool, k=SAMPLES))
        written += path.write_text(json.dumps(embed(document, _origin(one)))) and path.stat().st_size
    return written


def _document(samples: list[tuple[Frame, ...]]) -> dict[str, object]:
    """As py-spy writes it: every sample by itself."""
    places: dict[Frame, int] = {}
    listed = [[places.setdefault(frame, len(places)) for frame in frames] for frames in samples]
    profile = {"type": "sampled", "name": 'Process 1 Thread 7 "MainThread"', "unit": "seconds", "startValue": 0.0}
    profile |= {"endValue": SAMPLES / 100, "samples": listed, "weights": [0.01] * SAMPLES}
    shared = {"frames": [{"name": f.function, "file": f.file, "line": f.line, "col": None} for f in places]}
    schema = "https://www.speedscope.app/file-format-schema.json"
    return {"$schema": schema, "profiles": [profile], "shared": shared, "exporter": "py-spy@0.4.3"}


def _origin(one: int) -> Origin:
    host = one // WORKERS
    target = Worker(
        1, 0, "worker", certain=True, server="uvicorn", server_version="0.54.0", app="shop.asgi:application",
        loop="asyncio", python="3.12", django=DJANGOS[host % len(DJANGOS)], asgiref="3.11.1", cwd="/srv/shop",
        started_at=1_790_000_000.0 + one, container=f"{one:012x}",
    )  # fmt: skip
    return Origin(
        "py-spy 0.4.3", "gil", 100, 180.0, "2026-11-21T09:00:00+00:00", SAMPLES, host=f"web-{host:03}", target=target
    )
