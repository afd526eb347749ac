"""Parse a flame graph by inferno, which py-spy draws with, or FlameGraph.pl into a `Profile`.

A drawing holds boxes, not stacks: which lies on which is worked out from where they are. What was too narrow to be
drawn is lost; a note says what that can be. Samples without a frame are lost, too: inferno skips them, and nothing in
the file says how many there were.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import BinaryIO

from asyncspy.model.stacks import InputFile, Origin, Profile, SamplingMode, Stack
from asyncspy.read.frame_names import add_samples, notes_on_stacks, parse_frame, rejoin, stack_of
from asyncspy.read.open_file import read_all
from asyncspy.read.svg.box_stacks import PlacedBox, place_boxes
from asyncspy.read.svg.boxes import Drawing, parse_drawing

NO_SAMPLES = b"No valid input provided to flamegraph"
NO_SAMPLES_NOTE = "the recording holds no samples: py-spy drew an error message in place of a flame graph"
LARGEST_MESSAGE = 64 * 1024
MIN_WIDTH_PERCENT = 0.1  # what py-spy asks of inferno
MODES: tuple[tuple[re.Pattern[str], SamplingMode], ...] = (
    (re.compile(r"(?:^|\s)(?:--gil|-[a-z]*g[a-z]*)(?=\s|$)"), "gil"),
    (re.compile(r"(?:^|\s)(?:--idle|-[a-z]*i[a-z]*)(?=\s|$)"), "wall"),
)
RATE = re.compile(r"(?:^|\s)(?:--rate|-r)[ =]?([0-9]{1,5})(?=\s|$)")
DEFAULT_RATE = 100
FRAMES_PER_BYTE = 1  # recordings need a fifth of it at most; a drawing made to explode needs thousands
MIN_FRAMES = 1_000_000


def read(stream: BinaryIO, path: str) -> Profile:
    """The stacks of all boxes; boxes that lie on nothing or on each other are counted as dropped."""
    data = read_all(stream)
    if NO_SAMPLES in data[:LARGEST_MESSAGE]:
        return Profile({}, (Origin("py-spy"),), (InputFile(path, "svg", 0, 0, (NO_SAMPLES_NOTE,)),))
    drawing = parse_drawing(data)
    placed = place_boxes(drawing.rows, drawing.tolerance)
    misplaced = sum(map(len, drawing.rows.values())) - len(placed)
    frame_at, stacks, boxes, dropped = cache(parse_frame), Counter[Stack](), 0, drawing.damaged + misplaced
    frames_left = max(MIN_FRAMES, len(data) * FRAMES_PER_BYTE)
    for box in placed:
        if not box.own:
            continue
        frames_left -= box.depth
        pieces = rejoin(box.names()) if frames_left >= 0 else None
        if pieces is None:
            dropped += 1
            continue
        add_samples(stacks, stack_of(tuple(map(frame_at, pieces))), box.own)
        boxes += 1
    notes = (*_notes_on_narrow_boxes(placed, drawing.by_py_spy), *notes_on_stacks(stacks))
    origin = replace(_origin(drawing, stacks.total()), least_drawn=_least_drawn(placed, drawing.by_py_spy))
    return Profile(stacks, (origin,), (InputFile(path, "svg", boxes, dropped, notes),))


def _origin(drawing: Drawing, samples: int) -> Origin:
    """py-spy titles its drawings with its command line, which says the mode and the rate."""
    if not drawing.by_py_spy:
        return Origin("unknown", samples=samples)
    if " record " not in drawing.title:
        return Origin("py-spy", samples=samples)
    options = drawing.title.partition(" record ")[2].split(" -- ")[0]
    modes = [mode for option, mode in MODES if option.search(options)]
    option = RATE.search(options)
    rate = int(option[1]) if option else DEFAULT_RATE
    return Origin("py-spy", modes[0] if modes else "default", rate or None, samples=samples)


def _least_drawn(placed: Sequence[PlacedBox], by_py_spy: bool) -> int:
    """How many samples a frame must have to be drawn: inferno's own arithmetic; of other tools the narrowest box."""
    if by_py_spy:
        return max(1, math.ceil(MIN_WIDTH_PERCENT / (100.0 / placed[0].box.samples)))
    return min(each.box.samples for each in placed)


def _notes_on_narrow_boxes(placed: Sequence[PlacedBox], by_py_spy: bool) -> list[str]:
    """What may not have been drawn."""
    total, fewest = placed[0].box.samples, _least_drawn(placed, by_py_spy)
    if not by_py_spy:
        return [f"narrow frames may not have been drawn: the narrowest of these has {fewest:,} of {total:,} samples"]
    if fewest <= 1:
        return []
    return [f"frames in fewer than {fewest:,} of {total:,} samples ({MIN_WIDTH_PERCENT}%) are not drawn"]
