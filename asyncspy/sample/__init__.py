"""py-spy on a live process to a saved recording."""

from __future__ import annotations

from asyncspy.recording.destination import claim, place, room_for
from asyncspy.recording.writer import RecordingWriter
from asyncspy.sample.pyspy.dumps import DumpSeries, series
from asyncspy.sample.pyspy.glance import glance
from asyncspy.sample.pyspy.program import PySpy, find_py_spy, probe
from asyncspy.sample.pyspy.record_command import PassMode, RecordPlan
from asyncspy.sample.pyspy.recorder import PassResult, record
from asyncspy.sample.stop_request import StopRequest, ending_early
from asyncspy.source.excerpts import worth_keeping

__all__ = [
    "DumpSeries",
    "PassMode",
    "PassResult",
    "PySpy",
    "RecordPlan",
    "RecordingWriter",
    "StopRequest",
    "claim",
    "ending_early",
    "find_py_spy",
    "glance",
    "place",
    "probe",
    "record",
    "room_for",
    "series",
    "worth_keeping",
]
