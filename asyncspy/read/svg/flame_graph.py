"""Takes a flame graph by inferno (py-spy draws with it) or FlameGraph.pl; gives a `Profile` of whole stacks.

A drawing holds boxes, not stacks: which lies on which is worked out from where they are, and a box's own samples are
its width less the widths of the boxes on it. What was too narrow to be drawn is lost; a note says what that can be.
Samples without a frame are lost, too: inferno skips them, and nothing in the file tells how many there were.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from asyncspy.errors import InputError
from asyncspy.model.stacks import InputFile, Origin, Profile, SamplingMode, Stack
from asyncspy.read.frame_names import FrameTable, add_samples, rejoin, stack_of, notes_on_names
from asyncspy.read.svg.boxes import Drawing, draw
from asyncspy.read.svg.towers import Standing, spelled, towers

NO_SAMPLES = b"No valid input provided to flamegraph"
LARGEST_MESSAGE = 64 * 1024
MIN_WIDTH_PERCENT = 0.1  # what py-spy asks of inferno
MODES: tuple[tuple[re.Pattern[str], SamplingMode], ...] = (
    (re.compile(r"(?:^|\s)(?:--gil|-[a-z]*g[a-z]*)(?=\s|$)"), "gil"),
    (re.compile(r"(?:^|\s)(?:--idle|-[a-z]*i[a-z]*)(?=\s|$)"), "wall"),
)
RATE = re.compile(r"(?:^|\s)(?:--rate|-r)[ =]?([0-9]{1,5})(?=\s|$)")
DEFAULT_RATE = 100
FRAMES_PER_BYTE = 1  # recordings need a fifth of it at most; a drawing made to explode needs thousands
FEWEST_FRAMES = 1_000_000


def sniff(head: bytes) -> bool:
    """XML whose first element is an SVG."""
    start = head.lstrip()
    return start.startswith((b"<?xml", b"<!DOCTYPE svg", b"<svg")) and b"<svg" in head


def read(data: bytes, path: str) -> Profile:
    """The stacks of all boxes; boxes that lie on nothing or on each other are counted as dropped."""
    if NO_SAMPLES in data[:LARGEST_MESSAGE]:
        raise InputError(
            "py-spy saw no samples and drew an error message in place of a flame graph",
            remedy="record again while the worker serves requests; with --gil only threads that run Python are seen",
        )
    drawing = draw(data)
    stood = towers(drawing.rows, drawing.slack)
    misplaced = sum(map(len, drawing.rows.values())) - len(stood)
    table, stacks, read_in, dropped = FrameTable(), Counter[Stack](), 0, drawing.damaged + misplaced
    budget = max(FEWEST_FRAMES, len(data) * FRAMES_PER_BYTE)
    for names, depth, _, own in stood:
        if not own:
            continue
        budget -= depth
        pieces = rejoin(spelled(names)) if budget >= 0 else None
        if pieces is None:
            dropped += 1
            continue
        add_samples(stacks, stack_of(tuple(map(table.__getitem__, pieces))), own)
        read_in += 1
    notes = (*_lost(stood, drawing.by_py_spy), *notes_on_names(table.values()))
    origin = _origin(drawing, stacks.total())
    return Profile(stacks, (origin,), (InputFile(path, "svg", read_in, dropped, notes),))


def _origin(drawing: Drawing, samples: int) -> Origin:
    """py-spy titles its drawings with its command line, which tells the mode and the rate."""
    if not drawing.by_py_spy:
        return Origin("unknown", samples=samples)
    if " record " not in drawing.title:
        return Origin("py-spy", samples=samples)
    options = drawing.title.partition(" record ")[2].split(" -- ")[0]
    modes = [mode for option, mode in MODES if option.search(options)]
    rate = RATE.search(options)
    told = int(rate[1]) if rate else DEFAULT_RATE
    return Origin("py-spy", modes[0] if modes else "default", told if told > 0 else None, samples=samples)


def _lost(stood: Sequence[Standing], by_py_spy: bool) -> list[str]:
    """What cannot have been drawn: inferno leaves out boxes under a share of the whole, by this very arithmetic."""
    total = stood[0].samples
    if not by_py_spy:
        narrowest = min(box.samples for box in stood)
        return [f"narrow frames may not have been drawn: the narrowest of these has {narrowest:,} of {total:,} samples"]
    fewest = math.ceil(MIN_WIDTH_PERCENT / (100.0 / total))
    if fewest <= 1:
        return []
    stopped = sum(own for _, _, samples, own in stood if own != samples)
    return [
        f"frames in fewer than {fewest:,} of {total:,} samples ({MIN_WIDTH_PERCENT}%) are not drawn: calls so rare are "
        f"missing; {stopped:,} samples end in a frame that also has callees, and may have gone on into such a call"
    ]
