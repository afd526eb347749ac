"""Format numbers for people: counts, shares, time spans, sizes."""

from __future__ import annotations

import math

MINUTE, HOUR, DAY = 60, 3600, 86400
KIB = 1024


def finite(value: float | None) -> float | None:
    """Return the number, or None where a damaged recording holds infinity, NaN or more than a float can."""
    try:
        return value if value is not None and math.isfinite(value) else None
    except OverflowError:
        return None


def count(number: int) -> str:
    """17,412."""
    return f"{number:,}"


def plural(number: int, noun: str) -> str:
    """1 sample, 2 samples."""
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def percent(share: float) -> str:
    """Two telling digits: 25%, 2.5%, 0.25%."""
    return f"{share * 100:.{_decimals(share)}f}%"


def percent_interval(low: float, high: float, share: float, dash: str) -> str:
    """The bounds to the same precision as their share: 0.18–0.34%."""
    decimals = _decimals(share)
    return f"{low * 100:.{decimals}f}{dash}{high * 100:.{decimals}f}%"


def percent_bound(share: float) -> str:
    """An upper bound, rounded up so that it is never understated."""
    decimals = _decimals(share)
    scale = 10**decimals
    return f"{math.ceil(round(share * 100 * scale, 6)) / scale:.{decimals}f}%"


def rough_percent(part: int, whole: int) -> str:
    """A share among few: 82%, <1%."""
    if whole <= 0:
        return "0%"
    share = part / whole
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"  # noqa: PLR2004 - the half that still rounds to 1%


def span(seconds: float) -> str:
    """2.5s, 40s, 3m 10s, 2h 10m, 3d 4h."""
    if seconds < 9.95:  # noqa: PLR2004 - from here on, a tenth no longer matters
        return f"{max(seconds, 0):.1f}".removesuffix(".0") + "s"
    whole = round(seconds)
    for unit, name, part, part_name in ((DAY, "d", HOUR, "h"), (HOUR, "h", MINUTE, "m"), (MINUTE, "m", 1, "s")):
        if whole >= unit:
            rest = whole % unit // part
            return f"{whole // unit}{name} {rest}{part_name}" if rest else f"{whole // unit}{name}"
    return f"{whole}s"


def memory(size: int) -> str:
    """112 MiB, 1.4 GiB."""
    mebibytes = size / KIB**2
    return f"{mebibytes:.0f} MiB" if mebibytes < KIB else f"{mebibytes / KIB:.1f} GiB"


def _decimals(share: float) -> int:
    """How many decimals show two telling digits of a share in percent."""
    if share <= 0:
        return 0
    return min(6, max(0, 1 - math.floor(math.log10(share * 100) + 1e-9)))
