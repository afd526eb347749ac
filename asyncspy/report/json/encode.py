"""A document of plain values to JSON that any parser takes and any terminal may show."""

from __future__ import annotations

import json
import math


def as_text(document: object) -> str:
    """ASCII only, so that control characters and bidi marks stay escapes; stable, and ending with a newline."""
    return json.dumps(_valid(document), ensure_ascii=True, allow_nan=False, indent=2) + "\n"


def _valid(value: object) -> object:
    r"""What JSON cannot say: lone surrogates are spelt out (`\udc80`), numbers that are none become null."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _valid(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_valid(item) for item in value]
    return value


def as_compact_text(document: object) -> str:
    """The same on one line, for what no person reads."""
    return json.dumps(_valid(document), ensure_ascii=True, allow_nan=False, separators=(",", ":")) + "\n"
