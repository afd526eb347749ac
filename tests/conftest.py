"""Settings that hold for all tests."""

from __future__ import annotations

import os

from hypothesis import settings

# What CI judges must not depend on luck; a run by hand looks for new examples each time.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("hand", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "hand")
