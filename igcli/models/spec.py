"""Which model to load, and how: every setting as plain data. Nothing is loaded here.

A :class:`ModelSpec` holds what a user may set. It can be pickled and sent to another process, and written to a model
file. :class:`LoadOptions` is the part of it that a loader needs.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TypeVar

from igcli.errors import UsageError
from igcli.images.extent import Extent, extent_of, extent_text, sides
from igcli.images.fit import FITS
from igcli.images.options import INTERPOLATIONS, View
from igcli.models.outputs import OUTPUTS

Spec = TypeVar("Spec", bound="ModelSpec")

LARGEST_SIDE = 16384
"""Of a network's input, in pixels."""

MOST_CHANNELS = 512


@dataclass(frozen=True)
class InputSpec:
    """How a photo is prepared for the network; ``None`` keeps the model's own setting.

    Attributes
    ----------
    size
        The side of the square input, or its (width, height), in pixels.
    resize
        Before the crop: the shorter side, or the (width, height) that the photo just covers, in pixels; the ``size``,
        where that alone is given.
    channels
        3, 1 for grey, or the number of bands.
    mean, std
        The normalisation of the input: one number, or one per channel, in units of ``value_range``.
    value_range
        The values of black and white before normalisation; 0 and 1 by default.
    interpolation
        One of ``INTERPOLATIONS``.
    fit
        A name in ``FITS``: how a photo is brought to the input's shape.

    Raises
    ------
    UsageError
        For a value that is out of range, or an unknown name.
    """

    size: Extent | None = None
    resize: Extent | None = None
    channels: int | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    value_range: tuple[float, float] | None = None
    interpolation: str | None = None
    fit: str | None = None

    def __post_init__(self) -> None:
        for name, value in (("size", self.size), ("resize", self.resize)):
            if value is not None and not all(1 <= side <= LARGEST_SIDE for side in sides(value)):
                raise UsageError(
                    f"The input's {name} is {extent_text(value)} pixels: give one from 1 to {LARGEST_SIDE}."
                )
        if self.channels is not None and not 1 <= self.channels <= MOST_CHANNELS:
            raise UsageError(f"Photos are read in 1 to {MOST_CHANNELS} channels, not in {self.channels}.")
        for name, numbers in (("mean", self.mean), ("std", self.std), ("value range", self.value_range)):
            if numbers is not None and not (numbers and all(map(math.isfinite, numbers))):
                raise UsageError(f"The {name} is {numbers}: give finite numbers.")
        if self.std is not None and min(self.std) <= 0:
            raise UsageError(f"The std is {self.std}: it must be above 0.")
        if self.value_range is not None and (len(self.value_range) != 2 or self.value_range[0] >= self.value_range[1]):
            raise UsageError(f"The value range is {self.value_range}: give the values of black and white, as in 0,255.")
        if self.interpolation not in (None, *INTERPOLATIONS):
            choices = ", ".join(INTERPOLATIONS)
            raise UsageError(f"There is no interpolation called {self.interpolation!r}. Choose from: {choices}.")
        if self.fit is not None:
            FITS[self.fit]

    def view(self, own: View) -> View:
        """The model's ``own`` view with the settings of this object in place of its own."""
        return replace(
            own,
            size=self.size or own.size,
            resize=self.resize or self.size or own.resize,
            channels=self.channels or own.channels,
            interpolation=self.interpolation or own.interpolation,
            fit=self.fit or own.fit,
        )

    def normalisation(
        self, mean: tuple[float, ...], std: tuple[float, ...]
    ) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and standard deviation in pixel units [0, 1]: this object's, else the model's own."""
        if self.mean is None and self.std is None and self.value_range is None:
            return mean, std
        low, high = self.value_range or (0.0, 1.0)
        # the model's own are in pixel units already
        mean = mean if self.mean is None else tuple((value - low) / (high - low) for value in self.mean)
        std = std if self.std is None else tuple(value / (high - low) for value in self.std)
        if self.value_range is not None and self.mean is None:
            mean = (-low / (high - low),)
        if self.value_range is not None and self.std is None:
            std = (1 / (high - low),)
        return mean, std


@dataclass(frozen=True)
class ModelSpec:
    """Which model, with which weights and labels, prepared how, on which device.

    Attributes
    ----------
    model
        A name, ``package.module:factory``, ``file.py:factory``, or a file: a program, or a model file.
    weights
        A file of weights, in place of the model's own.
    weights_key
        Which network of a file of weights that holds several: its key, or the first part of its tensors' names.
    labels
        A file of class names, or the names.
    arguments
        Named values for the function that builds the network.
    trust_pickle
        Let files make Python objects other than tensors: whoever wrote them can then run any program here.
    trust_model_file
        Let a model file name code, which is run: ``file.py:factory``, ``package.module:factory``, a program.
    outputs
        A name in ``OUTPUTS``; ``None`` for logits, unless they are seen to be probabilities.
    output_index
        Which of several outputs of the network holds the logits, by position or name.
    sha256
        What the file of weights must hash to, or ``None``.
    device
        ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
    """

    model: str = "auto"
    weights: Path | None = None
    weights_key: str | None = None
    labels: Path | tuple[str, ...] | None = None
    arguments: tuple[tuple[str, Any], ...] = ()
    trust_pickle: bool = False
    trust_model_file: bool = False
    outputs: str | None = None
    output_index: int | str | None = None
    input: InputSpec = field(default_factory=InputSpec)
    sha256: str | None = None
    device: str = "auto"
    offline: bool = False

    def __post_init__(self) -> None:
        if self.outputs is not None:
            OUTPUTS[self.outputs]

    @classmethod
    def of(cls: type[Spec], model: str = "auto", **how: Any) -> Spec:
        """A spec from keywords, the fields of this class and of :class:`InputSpec`; ``None`` means not set.

        Paths may be text, ``arguments`` a mapping, ``labels`` any sequence of names.

        Raises
        ------
        UsageError
            For an unknown name, or a value of the wrong type or range.
        """
        outer, inner = ({each.name for each in fields(kind)} - {"input", "model"} for kind in (cls, InputSpec))
        for name in how.keys() - outer - inner:
            near = get_close_matches(name, outer | inner, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise UsageError(f"A model has no {name!r}.{hint} It has: {', '.join(sorted(outer | inner))}.")
        said = {name: _plain(name, value) for name, value in how.items() if value is not None}
        own = {name: value for name, value in said.items() if name in outer}
        return cls(model, input=InputSpec(**{k: v for k, v in said.items() if k in inner}), **own)

    def over(self, base: ModelSpec) -> ModelSpec:
        """The spec's own settings, completed by those of ``base``, which names the model."""
        nothing = ModelSpec()
        said = {
            each.name: getattr(self, each.name)
            for each in fields(ModelSpec)
            if each.name not in ("model", "input") and getattr(self, each.name) != getattr(nothing, each.name)
        }
        said["arguments"] = tuple((dict(base.arguments) | dict(self.arguments)).items())
        if self.weights is not None:
            # the file's hash is not that of other weights, nor is its key one of theirs
            said |= {"sha256": self.sha256, "weights_key": self.weights_key}
        inner = {each.name: getattr(self.input, each.name) for each in fields(InputSpec)}
        both = replace(base.input, **{name: value for name, value in inner.items() if value is not None})
        return replace(base, input=both, **said)


def warn_python(message: str) -> None:
    """Warn through :mod:`warnings`, on behalf of the caller."""
    warnings.warn(message, stacklevel=2)


@dataclass(frozen=True)
class LoadOptions:
    """What a loader needs to know; what is not listed is as in :class:`ModelSpec`.

    Attributes
    ----------
    timeout
        Seconds within which a server must begin its answer.
    warn
        Called with one message, for instance when ``auto`` uses another model than its first choice.
    outline
        Only the network's shapes, where they are known without its weights: nothing is fetched, nothing can be
        computed.
    """

    weights: Path | None = None
    weights_key: str | None = None
    offline: bool = False
    progress: bool = False
    device: str = "auto"
    timeout: float = 15.0
    warn: Callable[[str], None] = warn_python
    arguments: tuple[tuple[str, Any], ...] = ()
    trust_pickle: bool = False
    outline: bool = False


_KINDS: dict[str, tuple[type | tuple[type, ...], str]] = {
    "weights": ((str, Path), "a path"),
    "labels": ((str, Path, Sequence), "a path or a list of names"),
    "arguments": (Mapping, "values under names"),
    "trust_pickle": (bool, "true or false"),
    "trust_model_file": (bool, "true or false"),
    "offline": (bool, "true or false"),
    **dict.fromkeys(("size", "resize"), ((Integral, str, Sequence), "a whole number, or WIDTHxHEIGHT as in '512x256'")),
    **dict.fromkeys(("channels", "batch_size"), (Integral, "a whole number")),
    "output_index": ((Integral, str), "a position or a name"),
    **dict.fromkeys(("mean", "std", "value_range"), ((Real, Sequence), "a number or a list of them")),
    **dict.fromkeys(("interpolation", "fit", "outputs", "sha256", "device", "weights_key"), (str, "a text")),
}
"""The types of each field's value, and a description of them."""


def _plain(name: str, value: Any) -> Any:
    """The value in the type of its field."""
    kind, called = _KINDS[name]
    fits: bool = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    if not fits:
        raise UsageError(f"A model's {name} is {called}, not {value!r}.")
    if name in ("size", "resize"):
        try:
            return extent_of(value)
        except ValueError:
            raise UsageError(f"A model's {name} is {called}, not {value!r}.") from None
    if name in ("mean", "std", "value_range"):
        numbers: list[Any] = list(value) if isinstance(value, Sequence) else [value]
        if not all(isinstance(number, Real) for number in numbers):
            raise UsageError(f"A model's {name} is {called}, not {value!r}.")
        return tuple(float(number) for number in numbers)
    if name == "weights" or (name == "labels" and isinstance(value, (str, Path))):
        return Path(value).expanduser()
    if name == "arguments":
        return tuple(value.items())
    return tuple(map(str, value)) if name == "labels" else value
