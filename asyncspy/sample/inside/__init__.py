"""Workers to every call that reaches Django's guard in them: a hook goes in, counts, and is taken out again."""

from __future__ import annotations

from asyncspy.sample.inside.hook_report import HookReport
from asyncspy.sample.inside.hook_sessions import EndedHook, HookSessions, staying

__all__ = ["EndedHook", "HookReport", "HookSessions", "staying"]
