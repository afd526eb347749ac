"""py-spy on a live process to a saved recording."""

from __future__ import annotations

from asyncspy.sample.bundle import Bundle
from asyncspy.sample.dumps import Series, series
from asyncspy.sample.ending import Ending, ending_early
from asyncspy.sample.glance import glance
from asyncspy.sample.output import claim, place, room_for
from asyncspy.sample.plan import Plan, Sampling
from asyncspy.sample.pyspy import PySpy, find_py_spy, probe
from asyncspy.sample.recorder import Taken, record
from asyncspy.sample.worth_keeping import worth_keeping

__all__ = [
    "Bundle",
    "Ending",
    "Plan",
    "PySpy",
    "Sampling",
    "Series",
    "Taken",
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
