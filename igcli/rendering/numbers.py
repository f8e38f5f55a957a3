"""Numbers as they are written: probabilities, scores and α on pictures, and what JSON can hold."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from igcli.attribution.scores import PROBABILITIES

if TYPE_CHECKING:
    from igcli.attribution.result import ScoreEnds
    from igcli.lazy import np


def probability_text(probability: float) -> str:
    """A probability as a percentage that never claims a false 0 or 100."""
    if 0 < probability < 0.0005:
        return "< 0.1 %"
    if 0.9995 <= probability < 1:
        return "> 99.9 %"
    return f"{probability:.1%}".replace("%", " %")


def amount_text(amount: float, *, regression: bool) -> str:
    """The number that stands next to a label: a probability, or what a regression estimates."""
    return f"{amount:.4g}" if regression else probability_text(amount)


def score_text(score: float, kind: str) -> str:
    """The score as a percentage if it is a probability, else as a number with three digits."""
    return probability_text(score) if kind in PROBABILITIES else f"{score:.3g}"


def score_ends_text(score: ScoreEnds) -> str:
    """The score that is explained, at both ends of the path: ``softmax: 0.953 at the photo, 0.001 at the baseline``."""
    against = f" against {score.against}" if score.against else ""
    return f"{score.kind}{against}: {score.at_image:.4g} at the photo, {score.at_baseline:.4g} at the baseline"


def ends_text(ends: Iterable[tuple[str, str, float]], *, regression: bool = False) -> str:
    """What paths to other classes reach; of each the reference, the class at its end, and the class's amount."""
    reached = (f"{label} {amount_text(amount, regression=regression)} ({name})" for name, label, amount in ends)
    return f"reached {', '.join(reached)}"


def digits_for(alphas: np.ndarray) -> int:
    """Two decimals, or as many (up to six) as give each α a text of its own."""
    return next((d for d in range(2, 6) if len({f"{a:.{d}f}" for a in alphas.tolist()}) == len(alphas)), 6)


def finite(value: Any) -> Any:
    """Nested dictionaries and lists with ``None`` for numbers that JSON does not have: NaN and infinities."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
