"""Signed numbers on white: green and a plus for what raises the score, red and a minus for what lowers it."""

from __future__ import annotations

import math

RAISES, LOWERS = (0.20, 0.68, 0.30), (0.90, 0.22, 0.27)


def signed_colour(value: float, largest: float) -> tuple[float, float, float]:
    """Red, green and blue in [0, 1]: white for 0, full colour from ``largest`` on."""
    strength = 0.0 if largest <= 0 else min(1.0, abs(value) / largest)
    red, green, blue = (1 + strength * (full - 1) for full in (RAISES if value > 0 else LOWERS))
    return red, green, blue


def decimals_for(largest: float) -> int:
    """Decimals that show the largest of several numbers with two digits."""
    if not math.isfinite(largest) or largest <= 0:
        return 2
    return min(max(1 - math.floor(math.log10(largest)), 0), 12)


def signed_text(value: float, decimals: int) -> str:
    """``+.12``, ``-1.3``: without the 0 before the point."""
    text = f"{value:+.{decimals}f}"
    return f"{text[0]}{text[2:]}" if text[1:3] == "0." else text
