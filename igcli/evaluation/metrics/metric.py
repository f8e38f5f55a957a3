"""What a metric is, and its result for one map of one photo: a number, or the reason why there is none.

A need of a metric is declared in ``igcli/evaluation/context.py`` (``NEEDS``, and a method of ``Context``),
and supplied in ``igcli/jobs/evaluating/photo_context.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from typing import TYPE_CHECKING, ClassVar, Literal

from igcli.errors import UsageError
from igcli.evaluation.context import NEEDS, Need
from igcli.lazy import np
from igcli.registry import Registry

if TYPE_CHECKING:
    from igcli.evaluation.context import Context


Direction = Literal["higher", "lower"]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric with its protocol: the fields are its parameters, their defaults as published.

    Raises
    ------
    UsageError
        When made with parameters that cannot be.
    """

    #: Whether a better map has a higher or a lower value.
    direction: ClassVar[Direction]
    #: Keys of :data:`igcli.evaluation.context.NEEDS`.
    needs: ClassVar[tuple[str, ...]] = ()
    #: Whether tables have the median and the quartiles next to the mean, as its source does.
    with_quartiles: ClassVar[bool] = False

    def __post_init__(self) -> None:
        self.check()

    def check(self) -> None:
        """Raise ``UsageError`` for parameters that cannot be."""

    def measured(self, context: Context, names: Sequence[str]) -> Mapping[str, Measured]:
        """The numbers of the named maps of one photo; ``context`` has all that ``needs`` names.

        A map without a number has the reason in its place: ``Measured.missing("…")``.
        """
        raise NotImplementedError

    @classmethod
    def needed(cls) -> tuple[Need, ...]:
        """What ``needs`` names."""
        return tuple(NEEDS[name] for name in cls.needs)

    @classmethod
    def is_on_mosaics(cls) -> bool:
        """Whether it is measured on mosaics instead of the photos."""
        return any(need.on_mosaics for need in cls.needed())

    def protocol(self, *, size: tuple[int, int], score: str = "softmax") -> str:
        """How it is measured, in one sentence, for photos of ``size`` (height, width) and a name in ``SCORES``."""
        chosen = "".join(f", {each.name} {getattr(self, each.name)}" for each in fields(self))
        return f"{type(self).__name__}{chosen}, at {size[1]}x{size[0]}, {score} score"


def _check_kind(kind: type[Metric]) -> None:
    """Raise ``TypeError`` for what cannot be a metric."""
    if not (isinstance(kind, type) and issubclass(kind, Metric)):
        raise TypeError("a metric is a class derived from igcli.evaluation.metrics.metric.Metric")
    if getattr(kind, "direction", None) not in ("higher", "lower"):
        raise TypeError(f'{kind.__name__} does not say which value is better: direction = "higher", or "lower"')
    if strange := set(kind.needs) - set(NEEDS):
        raise TypeError(f"{kind.__name__} needs {min(strange)!r}, which is none of {', '.join(NEEDS)}")


METRICS: Registry[type[Metric]] = Registry("metric", check=_check_kind)

#: What is measured when nothing is asked for.
DEFAULT_METRICS = ("aopc", "deletion", "insertion", "abpc", "completeness")


def arrow(direction: Direction) -> str:
    """``"↑"`` where higher is better, ``"↓"`` where lower is."""
    return "↑" if direction == "higher" else "↓"


def configured(names: Sequence[str], options: Mapping[str, object] | None = None) -> dict[str, Metric]:
    """The named metrics with other parameters than the published ones.

    Parameters
    ----------
    options
        ``"fill"`` for all of the metrics that have a fill, ``"deletion.steps"`` for one metric's own; the latter wins.
        Text is read as the parameter's type.

    Raises
    ------
    UsageError
        For an unknown metric, for an option that none of them has, or for a value that cannot be.
    """
    options = options or {}
    used: set[str] = set()
    chosen: dict[str, Metric] = {}
    for name in dict.fromkeys(names):
        kind = METRICS[name]
        values: dict[str, object] = {}
        for parameter in fields(kind):
            for key in (_FOR_ALL.get(parameter.name, parameter.name), f"{name}.{parameter.name}"):
                if key in options:
                    values[parameter.name] = _read(key, options[key], parameter.default)
                    used.add(key)
        chosen[name] = kind(**values)
    for key in options:
        if key not in used:
            known = sorted({f"{name}.{each.name}" for name, metric in chosen.items() for each in fields(metric)})
            raise UsageError(f"None of the metrics has the option {key!r}. There are: {', '.join(known)}.")
    return chosen


#: Parameters that an option for all metrics sets under another name: what insertion starts from is a fill.
_FOR_ALL = {"start": "fill"}


def _read(key: str, value: object, default: object) -> object:
    if not isinstance(value, str) or isinstance(default, str) or default in (MISSING, None):
        return value
    try:
        if isinstance(default, bool):
            return {"yes": True, "true": True, "no": False, "false": False}[value.lower()]
        return type(default)(value)  # type: ignore[call-arg]
    except (KeyError, TypeError, ValueError):
        wanted = "yes or no" if isinstance(default, bool) else f"a number like {default}"
        raise UsageError(f"The option {key} needs {wanted}, not {value!r}.") from None


@dataclass(frozen=True)
class Curve:
    """Values over the share of the pixels that were replaced, or revealed.

    Attributes
    ----------
    fractions
        (N,) ascending, in [0, 1].
    values
        (N,).
    """

    fractions: np.ndarray
    values: np.ndarray

    @property
    def area(self) -> float:
        """The area under the curve by the trapezoidal rule: over [0, 1], the curve's mean."""
        return float((np.diff(self.fractions) * (self.values[1:] + self.values[:-1])).sum() / 2)


@dataclass(frozen=True)
class Measured:
    """One number about one map.

    Attributes
    ----------
    value
        NaN where there is none.
    reason
        Why there is none, as a sentence that can be counted; empty where there is one.
    curves
        What the number was made of, by name, for plots.
    """

    value: float
    reason: str = ""
    curves: Mapping[str, Curve] = field(default_factory=dict)

    @classmethod
    def missing(cls, reason: str) -> Measured:
        """No number, and why."""
        return cls(float("nan"), reason)
