"""py-spy on a live process to a saved recording."""

from __future__ import annotations

from asyncspy.sample.dumps import Series, series
from asyncspy.sample.glance import glance
from asyncspy.sample.output import claim, place
from asyncspy.sample.pyspy import PySpy, find_py_spy, probe
from asyncspy.sample.recorder import Plan, Recorded, record

__all__ = [
    "Plan",
    "PySpy",
    "Recorded",
    "Series",
    "claim",
    "find_py_spy",
    "glance",
    "place",
    "probe",
    "record",
    "series",
]
