"""What a kind of path is, and how it is named: ``spectral``, with a number ``spectral:0.4``; ``file.py:function``."""

from __future__ import annotations

from typing import ClassVar

from igcli.attribution.path import Path
from igcli.errors import UsageError
from igcli.lazy import torch
from igcli.models.model import Model
from igcli.registry import Registry
from igcli.sample import Layout


class PathKind:
    """Makes paths of one kind.

    Parameters
    ----------
    number
        What follows the name's colon, where the kind takes a number.
    """

    #: What the number is called; empty for a kind that takes none.
    number_name: ClassVar[str] = ""
    #: The number by default.
    default: ClassVar[float] = 0.0
    #: How the start is called where the kind makes its own from the sample; empty where it is a baseline.
    own_start: ClassVar[str] = ""
    #: Whether it runs over the rows and columns of a picture, so that a sample needs two spatial axes.
    spatial: ClassVar[bool] = False

    def __init__(self, number: float | None = None) -> None:
        self.number = self.default if number is None else number

    def check(self) -> None:
        """Raise ``UsageError`` for a number out of its range."""

    def for_model(self, model: Model) -> PathKind:
        """The kind itself, or one that knows what it needs of the model; ``UsageError`` where the model lacks it."""
        return self

    def path(self, baseline: torch.Tensor, end: torch.Tensor, layout: Layout, further: tuple[object, ...]) -> Path:
        """The path to ``end``, packed values; from ``baseline``, unless the kind has a start of its own."""
        raise NotImplementedError


def _check_kind(kind: type[PathKind]) -> None:
    """Raise ``TypeError`` for what cannot be a kind of path."""
    if not (isinstance(kind, type) and issubclass(kind, PathKind)):
        raise TypeError("a path is a class derived from igcli.attribution.paths.kind.PathKind")


PATHS: Registry[type[PathKind]] = Registry("path", check=_check_kind)


def find_path(spec: str) -> PathKind:
    """The kind that ``spec`` names.

    Raises
    ------
    UsageError
        For an unknown name, or a number that it does not take.
    """
    if is_code(spec):
        from igcli.attribution.paths.given import Given  # which derives from the class above

        return Given(spec)
    name, colon, number = spec.partition(":")
    kind = PATHS[name]
    if not colon:
        return kind()
    if not kind.number_name:
        raise UsageError(f"The path {name} takes no number: leave {colon}{number} out.")
    try:
        found = kind(float(number))
    except ValueError:
        raise UsageError(f"The path {name}:{kind.number_name} takes a number, not {number!r}.") from None
    found.check()
    return found


def is_code(spec: str) -> bool:
    """Whether ``spec`` names code of the user's own, ``path/to/file.py:function``."""
    return spec.rpartition(":")[0].endswith(".py")


def own_start_of(spec: str) -> str:
    """What the path makes its start of, as ``own_start`` says; empty where it takes a baseline."""
    name = spec.partition(":")[0]
    return PATHS[name].own_start if name in PATHS else ""


def check_start(spec: str, *, baseline_given: bool) -> None:
    """Raise ``UsageError`` for a baseline given to a path that has a start of its own."""
    if baseline_given and (start := own_start_of(spec)):
        raise UsageError(
            f"The path {spec!r} starts at the {start} picture: leave the baseline out, or choose another path."
        )


def has_rows_and_columns(layout: Layout) -> bool:
    """Whether the values' last two axes are places of a picture: not summed over, of one tensor."""
    (shape, *_), (axis, *_) = layout.shapes, layout.axes
    return not layout.packed and len(shape) >= 2 and axis not in (len(shape) - 2, len(shape) - 1)


def check_sample(spec: str, layout: Layout, name: str) -> None:
    """Raise ``UsageError`` for a path that values of this layout, those of the sample ``name``, cannot take."""
    if find_path(spec).spatial and not has_rows_and_columns(layout):
        able = ", ".join(name for name, kind in PATHS.items() if not kind.spatial)
        raise UsageError(
            f"The path {spec!r} is made of a picture's rows and columns, which {name} does not have. "
            f"Choose from: {able}."
        )
