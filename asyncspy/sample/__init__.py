"""Sample live processes with py-spy and save the recording.

Stack dumps are in `pyspy.dump_series`, exact counting in `inside.hook_sessions`.
"""

from __future__ import annotations

from asyncspy.recording.destination import check_destination, expected_bytes, recording_path
from asyncspy.recording.saved_form import embed as embed_origin
from asyncspy.recording.writer import RecordingWriter
from asyncspy.sample.pyspy.py_spy import PySpy, find_py_spy
from asyncspy.sample.pyspy.recorder import PassResult, record
from asyncspy.sample.pyspy.run import PassMode, RecordPlan
from asyncspy.sample.pyspy.stack_dump import probe
from asyncspy.sample.stop_request import StopRequest, stop_on_signals

__all__ = [
    "PassMode",
    "PassResult",
    "PySpy",
    "RecordPlan",
    "RecordingWriter",
    "StopRequest",
    "check_destination",
    "embed_origin",
    "expected_bytes",
    "find_py_spy",
    "probe",
    "record",
    "recording_path",
    "stop_on_signals",
]
