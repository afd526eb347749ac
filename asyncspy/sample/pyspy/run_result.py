"""Read what a py-spy run wrote, or say as an error why it wrote nothing."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

from asyncspy.errors import AsyncspyError, OutputError, SamplerError
from asyncspy.recording.saved_form import EMPTY_DOCUMENT
from asyncspy.sample.pyspy.py_spy import error_of
from asyncspy.sample.pyspy.run import PySpyRun

DISK_FULL = "No space left on device"
NO_SAMPLES = "No stack counts found"
INTERRUPTED_CODES = {-signal.SIGINT, 128 + signal.SIGINT, 1}
"""How py-spy, or the program that becomes py-spy, exits when it is interrupted before it has a sample."""

RECORD_AGAIN = "record again; if it happens again, send that file with a bug report"
RECORD_ELSEWHERE = "record again, into a folder with room that nothing cleans up: --output FOLDER"


def read_document(run: PySpyRun) -> dict[str, Any]:
    """The speedscope document that a closed run wrote; raises an AsyncspyError where it wrote none."""
    try:
        written = run.output.read_bytes() if run.output.exists() else b""
    except OSError as error:
        raise OutputError(
            f"cannot read what py-spy wrote as {run.output}: {error.strerror}",
            remedy="is the disk in order? (dmesg); record again",
        ) from None
    if not written:
        _raise_if_no_room(run)
        interrupted = run.stopping and run.exit_code in INTERRUPTED_CODES
        if run.exit_code == 0 or NO_SAMPLES in run.text or interrupted:
            return dict(EMPTY_DOCUMENT)
        raise _failure(run)
    try:
        document = json.loads(written)
    except (ValueError, RecursionError):
        document = None
    if not _is_speedscope(document):
        kept = f"what was written is kept as {run.output}"
        if DISK_FULL in run.text:
            raise OutputError(f"the disk is full; {kept}", remedy=RECORD_ELSEWHERE)
        raise SamplerError(f"py-spy {run.py_spy.version} wrote no speedscope document; {kept}", remedy=RECORD_AGAIN)
    return dict(document)


def not_started(pid: int, error: OSError) -> SamplerError:
    """The error for a machine that cannot start another py-spy."""
    return SamplerError(
        f"py-spy could not be started for process {pid}: {error.strerror}",
        remedy="record again once there is memory, disk space and room for processes: free -m; df -h; ulimit -u",
    )


def _raise_if_no_room(run: PySpyRun) -> None:
    folder = run.output.parent.absolute()
    if DISK_FULL in run.text:
        raise OutputError(f"the disk is full: nothing could be written into {folder}", remedy=RECORD_ELSEWHERE)
    if not os.path.isdir(folder):  # noqa: PTH112 - Path.is_dir raises for a device that fails
        raise OutputError(
            f"the folder {folder} is not there any more: what was recorded is lost", remedy=RECORD_ELSEWHERE
        )


def _failure(run: PySpyRun) -> AsyncspyError:
    """Why it wrote nothing: what it printed, or what ended it."""
    pid = run.plan.target.pid
    if run.restart_error is not None:
        return not_started(pid, run.restart_error)
    if run.exit_code is None or run.exit_code >= 0:
        return error_of(run.text, pid, run.py_spy)
    if run.held_target:
        return SamplerError(
            f"py-spy hung while it held process {pid}, and was killed; the process runs on",
            remedy="record again, at a lower --rate; is the machine out of memory, or its disk hanging? (dmesg)",
        )
    if run.interrupted:
        return SamplerError(
            f"py-spy did not end while it recorded process {pid}, and was killed",
            remedy="record again, at a lower --rate; is the process stopped? asyncspy doctor looks",
        )
    return SamplerError(
        f"py-spy was ended by {signal.Signals(-run.exit_code).name} while it recorded process {pid}",
        remedy="if memory ran out (dmesg tells), record for a shorter time or at a lower --rate",
    )


def _is_speedscope(document: Any) -> bool:
    """Whether it has the shape that passes are combined by; what the samples hold is for the reader to judge."""
    if not isinstance(document, dict) or not isinstance(document.get("shared"), dict):
        return False
    profiles, frames = document.get("profiles"), document["shared"].get("frames")
    return (
        isinstance(profiles, list)
        and isinstance(frames, list)
        and all(isinstance(frame, dict) for frame in frames)
        and all(_is_sampled(profile, len(frames)) for profile in profiles)
    )


def _is_sampled(profile: Any, frames: int) -> bool:
    match profile:
        case {"samples": list(samples), "weights": list(weights)} if len(samples) == len(weights):
            return all(
                isinstance(stack, list) and all(type(place) is int and 0 <= place < frames for place in stack)
                for stack in samples
            )
    return False
