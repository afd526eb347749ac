"""Workers to every call that reaches Django's guard in them: a hook goes in, counts, and is taken out again."""

from __future__ import annotations

from asyncspy.sample.exact.counted import Counted
from asyncspy.sample.exact.stays import Ended, Stays, staying

__all__ = ["Counted", "Ended", "Stays", "staying"]
