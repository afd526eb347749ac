"""Make large files in every format from the recorded stacks and logs of fixtures/.

Each stack is a recorded one; in most of them the line of one of the inner frames is another, as in a long recording of
a large program. What py-spy writes of it begins with the processes and the thread, as with `--subprocesses --threads`.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple

from asyncspy.model.stacks import Frame
from asyncspy.read import load

FIXTURES = Path(__file__).parents[2] / "fixtures"
RECORDED = FIXTURES / "recordings" / "uvicorn-asyncio-every1.speedscope.json"
LOG = FIXTURES / "logs" / "uvicorn-workers.log"
INNER = 10
WORKERS, THREADS = 4, 10
VARIED = 0.7
VIOLATING = 0.0002
FAILING = 0.01
PART = 4 * 1024**2

Frames = tuple[Frame, ...]


def stacks() -> Iterator[Frames]:
    """Endless stacks."""
    return (frames for _, frames in _picked())


def _picked() -> Iterator[tuple[int, Frames]]:
    """Endless stacks, each with the number of the recorded one that it is made of."""
    chance = random.Random(1)
    recorded = [stack.frames for stack in load(RECORDED).stacks if len(stack.frames) > INNER]
    while True:
        number = chance.randrange(len(recorded))
        frames = recorded[number]
        if chance.random() < VARIED:
            at = chance.randrange(len(frames) - INNER, len(frames))
            other = frames[at]._replace(line=max(1, frames[at].line + chance.randrange(-40, 40)))
            frames = (*frames[:at], other, *frames[at + 1 :])
        yield number, frames


class Root(NamedTuple):
    """What is at the root of a stack: the server's process, the worker's, and the thread."""

    master: Frame
    worker: Frame
    thread: Frame
    profile: str
    """What a speedscope file calls the thread."""


def _roots() -> list[Root]:
    """Those of some workers: half of their stacks are the main thread's."""
    master = Frame('process 7000:"/srv/venv/bin/python -m uvicorn shop.asgi:application --workers 4"', "")
    spawned = "/srv/venv/bin/python -c from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=7"
    roots: list[Root] = []
    for pid in range(7001, 7001 + WORKERS):
        worker = Frame(f'process {pid}:"{spawned}, pipe_handle={pid - 6992}) --multiprocessing-fork"', "")
        for thread in range(-THREADS, THREADS):
            name = f"ThreadPoolExecutor-{thread}_0" if thread > 0 else "MainThread"
            number = pid + 100 * max(0, thread)
            profile = f'Process {pid} Thread {number} "{name}"'
            roots.append(Root(master, worker, Frame(f"thread ({number}): {name}", ""), profile))
    return roots


def raw(path: Path, size: int) -> None:
    """Folded stacks as py-spy writes them, each once."""
    roots, seen = _roots(), set[str]()

    def lines() -> Iterator[str]:
        for number, frames in _picked():
            root = roots[number % len(roots)]
            line = ";".join(map(_spelt, (root.master, root.worker, root.thread, *frames)))
            if line not in seen:
                seen.add(line)
                yield f"{line} 1\n"

    _fill(path, size, lines())


def _spelt(frame: Frame) -> str:
    return f"{frame.function} ({frame.file}:{frame.line})" if frame.file else frame.function


def austin(path: Path, size: int) -> None:
    """Folded stacks as Austin writes them."""
    lines = (
        "P7;T0:7;" + ";".join(f"{f.file}:{f.function}:{f.line}" for f in frames) + " 10000\n" for frames in stacks()
    )
    _fill(path, size, lines, "# austin: 3.7.0\n# interval: 10000\n# mode: cpu\n\n")


def speedscope(path: Path, size: int) -> None:
    """The samples of each thread as py-spy writes them."""
    roots, places = _roots(), dict[Frame, int]()
    threads: dict[str, list[list[int]]] = {}
    written = 0
    for number, frames in _picked():
        root = roots[number % len(roots)]
        sample = [places.setdefault(frame, len(places)) for frame in (root.master, root.worker, *frames)]
        threads.setdefault(root.profile, []).append(sample)
        written += sum(len(str(place)) + 1 for place in sample) + 7  # a weight is 0.01 and a comma
        if written > size:
            break
    kind = {"type": "sampled", "unit": "seconds"}
    profiles = [{**kind, "name": n, "samples": s, "weights": [0.01] * len(s)} for n, s in threads.items()]
    frames_listed = [{"name": f.function, "file": f.file, "line": f.line or None, "col": None} for f in places]
    document = {"$schema": "https://www.speedscope.app/file-format-schema.json", "profiles": profiles}
    document |= {"shared": {"frames": frames_listed}, "exporter": "py-spy@0.4.3"}
    path.write_text(json.dumps(document, separators=(",", ":")))


def svg(path: Path, size: int) -> None:
    """A flame graph as inferno draws it: stacks side by side, each a tower of its own on the part it shares."""
    boxes, total, height = list[str](), 0, 0
    written = 0
    before: Frames = ()
    started: list[int] = []
    for frames in stacks():
        shared = next((at for at, (one, other) in enumerate(zip(before, frames, strict=False)) if one != other), 0)
        for depth in range(shared, len(started)):
            boxes.append(_box(before[depth], started[depth], total - started[depth], depth + 1))
            written += len(boxes[-1])
        if written > size:
            break
        started = [*started[:shared], *[total] * (len(frames) - shared)]
        before, total, height = frames, total + 1, max(height, len(frames))
    for depth in range(shared):
        boxes.append(_box(before[depth], started[depth], total - started[depth], depth + 1))
    with path.open("w") as sink:
        sink.write('<?xml version="1.0" standalone="no"?><svg xmlns="http://www.w3.org/2000/svg" xmlns:fg="x">')
        sink.write(f'<text id="title">py-spy record</text><svg id="frames" total_samples="{total}">')
        sink.write(f'<g><title>all ({total:,} samples, 100%)</title><rect y="52" fg:x="0" fg:w="{total}"/></g>')
        sink.writelines(boxes)
        sink.write("</svg></svg>\n")


def _box(frame: Frame, start: int, width: int, depth: int) -> str:
    name = escape(f"{frame.function} ({frame.file}:{frame.line})")
    y = 52 + 16 * depth
    return (
        f'<g><title>{name} ({width:,} samples, 0.12%)</title><rect x="0.1234%" y="{y}" width="0.1234%" height="15" '
        f'fill="rgb(227,120,20)" fg:x="{start}" fg:w="{width}"/><text x="0.3%" y="{y + 10}"></text></g>\n'
    )


def log(path: Path, size: int) -> None:
    """Access lines, now and then another record with its traceback, seldom a violation."""
    chance = random.Random(1)
    records = _records(LOG.read_text())
    violations = [record for record in records if "SynchronousOnlyOperation:" in record]
    others = [record for record in records if "SynchronousOnlyOperation" not in record and "\n" in record.strip()]

    def lines() -> Iterator[str]:
        for number in range(1 << 60):
            luck = chance.random()
            if luck < VIOLATING:
                yield chance.choice(violations)
            elif luck < FAILING:
                yield chance.choice(others)
            else:
                at = f"2026-11-21 09:00:00,{number % 1000:03}"
                yield f'{at} INFO access: "GET /orders/{number}/ HTTP/1.1" 200 5123 12ms\n'

    _fill(path, size, lines())


def _records(text: str) -> list[str]:
    records: list[str] = []
    for line in text.splitlines(keepends=True):
        if line[:4] == "2026" or not records:
            records.append(line)
        else:
            records[-1] += line
    return records


def _fill(path: Path, size: int, lines: Iterator[str], head: str = "") -> None:
    written, part = 0, [head]
    waiting = 0
    with path.open("w") as sink:
        for line in lines:
            part.append(line)
            waiting += len(line)
            if waiting > PART:
                sink.writelines(part)
                written, part, waiting = written + waiting, [], 0
                if written >= size:
                    return


WRITERS: dict[str, Callable[[Path, int], None]] = {
    "folded (py-spy raw)": raw,
    "folded (Austin)": austin,
    "speedscope": speedscope,
    "svg": svg,
    "log": log,
}
