"""Run one task on a file, in a process of its own, and print its seconds and peak memory.

Seconds are of processor time, the children's included: all tasks compute on one processor and wait for nothing, and on
a machine that others use the time on the wall is theirs as much as ours. What was read is held until the clock is: to
free it is not part of reading. The garbage collector is off for all, as asyncspy's readers have it: a JSON decoder
takes three times as long where it walks all that was decoded again and again.

python -m benchmarks.report.tasks TASK FILE
"""

from __future__ import annotations

import gc
import json
import resource
import subprocess
import sys
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from xml.parsers import expat

import msgspec

from asyncspy.read import load
from benchmarks.report.peers import PEERS


def asyncspy(path: Path) -> object:
    """What is measured: the whole file to a Profile."""
    return load(path)


def split_lines(path: Path) -> None:
    """The floor for folded stacks: every line, with its count split off."""
    total = 0
    with path.open("rb") as lines:
        for line in lines:
            _, _, count = line.rpartition(b" ")
            total += len(count)


def msgspec_decode(path: Path) -> object:
    """The floor for JSON: one of the fastest decoders, to plain objects."""
    return msgspec.json.decode(path.read_bytes())


def json_loads(path: Path) -> object:
    """What the standard library needs."""
    return json.loads(path.read_bytes())


def expat_empty(path: Path) -> None:
    """The floor for SVG: expat, with handlers that do nothing."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda _tag, _attributes: None
    parser.EndElementHandler = lambda _tag: None
    parser.CharacterDataHandler = lambda _text: None
    with path.open("rb") as file:
        parser.ParseFile(file)


def grep_count(path: Path) -> None:
    """The floor for logs. Into a pipe: where its output goes to /dev/null, grep stops at the first line it finds."""
    subprocess.run(["grep", "-c", "Traceback", path], stdout=subprocess.PIPE, check=False)


TASKS: dict[str, Callable[[Path], object]] = {
    task.__name__: task
    for task in (
        asyncspy,
        split_lines,
        msgspec_decode,
        json_loads,
        expat_empty,
        grep_count,
        *chain(*PEERS.values()),
    )
}


def _processor_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def main() -> None:
    """Run one task."""
    task, path = TASKS[sys.argv[1]], Path(sys.argv[2])
    gc.disable()
    start = _processor_seconds()
    made = task(path)
    seconds = _processor_seconds() - start
    peak = next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line)
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    del made
    print(json.dumps([seconds, max(int(peak), children) * 1024]))


if __name__ == "__main__":
    main()
