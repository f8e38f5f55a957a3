"""Class names and preprocessing that a network object carries itself, in attributes that libraries set.

Names of classes: ``names`` (YOLO), ``config.id2label`` (Hugging Face), ``class_to_idx`` (torchvision's folders of
images), ``class_names``, ``classes``, ``categories``, ``pretrained_cfg["label_names"]`` (timm). Input:
``pretrained_cfg`` or ``default_cfg`` (timm), a ``processor`` (Hugging Face), ``transforms`` and the like (torchvision's
presets, or a ``Compose`` of ``Resize``, ``CenterCrop``, ``Normalize``), ``args["imgsz"]`` (YOLO, which does not
normalise), ``config.image_size``. Values of other types than these libraries set are ignored.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from igcli.errors import UsageError
from igcli.images.extent import Extent, extent_of, sides
from igcli.images.options import INTERPOLATIONS
from igcli.models.image_processor import preparation_of
from igcli.models.spec import LARGEST_SIDE, InputSpec

_NAMES = ("names", "class_names", "classes", "categories", "idx_to_class")
_TRANSFORMS = ("transforms", "transform", "preprocess", "val_transforms", "eval_transforms")
_PROCESSORS = ("image_processor", "processor", "feature_extractor")


@dataclass(frozen=True)
class SelfDescription:
    """Class names and preprocessing, each with the name of the attribute that holds it.

    Attributes
    ----------
    labels
        Class names in the order of the outputs; empty if there are none.
    input
        The preprocessing; ``None`` in every field that is not specified.
    """

    labels: tuple[str, ...] = ()
    labels_from: str = ""
    input: InputSpec = field(default_factory=InputSpec)
    input_from: str = ""


def describe_itself(network: object) -> SelfDescription:
    """What the network, or the one that it wraps as ``model`` or ``module``, carries."""
    found = SelfDescription()
    for owner in (network, *(getattr(network, name, None) for name in ("model", "module"))):
        if not found.labels_from:
            source, labels = next(_labels(owner), ("", ()))
            found = replace(found, labels=labels, labels_from=source)
        if not found.input_from:
            source, said = next(_inputs(owner), ("", InputSpec()))
            found = replace(found, input=said, input_from=source)
    return found


def completed(said: InputSpec, own: InputSpec) -> InputSpec:
    """The user's settings, completed with the network's; size and resize go together, and so does normalisation."""
    normalised = not (said.mean is said.std is said.value_range is None)
    sized = not (said.size is said.resize is None)
    return replace(
        said,
        size=said.size if sized else own.size,
        resize=said.resize if sized else own.resize,
        channels=said.channels or own.channels,
        mean=said.mean if normalised else own.mean,
        std=said.std if normalised else own.std,
        interpolation=said.interpolation or own.interpolation,
        fit=said.fit or own.fit,
    )


def _labels(owner: object) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name in _NAMES:
        if labels := names_in_order(getattr(owner, name, None)):
            yield name, labels
    if labels := names_in_order(getattr(getattr(owner, "config", None), "id2label", None)):
        yield "config.id2label", labels
    indices = getattr(owner, "class_to_idx", None)
    if isinstance(indices, Mapping) and (labels := names_in_order({index: label for label, index in indices.items()})):
        yield "class_to_idx", labels
    if labels := names_in_order(_setting(getattr(owner, "pretrained_cfg", None), "label_names")):
        yield "pretrained_cfg", labels


def names_in_order(names: object) -> tuple[str, ...]:
    """Names from a sequence, or a mapping from 0..K-1; none from anything else, nor from placeholders (``LABEL_0``)."""
    if isinstance(names, Mapping):
        try:
            by_index = {int(index): label for index, label in names.items()}
        except (TypeError, ValueError):
            return ()
        names = [by_index[index] for index in range(len(by_index))] if set(by_index) == set(range(len(names))) else ()
    if isinstance(names, str) or not isinstance(names, Sequence) or not all(isinstance(each, str) for each in names):
        return ()
    placeholders = all(re.fullmatch(r"LABEL_\d+", each) for each in names)
    return () if placeholders else tuple(names)


def _inputs(owner: object) -> Iterator[tuple[str, InputSpec]]:
    for name in ("pretrained_cfg", "default_cfg"):
        if (said := _from_timm(getattr(owner, name, None))) != InputSpec():
            yield name, said
    for name in _PROCESSORS:
        if (said := _from_processor(getattr(owner, name, None))) != InputSpec():
            yield name, said
    for name in _TRANSFORMS:
        if (said := _from_transforms(getattr(owner, name, None))) != InputSpec():
            yield name, said
    size = _extent(_setting(getattr(owner, "args", None), "imgsz"))
    if size is not None:
        yield "args", _spec(size=size, resize=size, mean=(0.0,), std=(1.0,), interpolation="bilinear")
    size = _extent(getattr(getattr(owner, "config", None), "image_size", None))
    if size is not None:
        yield "config.image_size", InputSpec(size=size)


def _from_timm(settings: object) -> InputSpec:
    shape, share = _setting(settings, "input_size"), _setting(settings, "crop_pct")
    if not isinstance(shape, Sequence) or len(shape) != 3:
        return InputSpec()
    size, resize = _extent(shape[1:]), None
    if size and isinstance(share, (int, float)) and 0 < share <= 1:
        resize = extent_of([int(side / share) for side in sides(size)])
    mean, std = _numbers(_setting(settings, "mean")), _numbers(_setting(settings, "std"))
    channels = shape[0] if isinstance(shape[0], int) else None
    name = _setting(settings, "interpolation")
    return _spec(size=size, resize=resize, channels=channels, mean=mean, std=std, interpolation=name)


def _from_processor(processor: object) -> InputSpec:
    inner = getattr(processor, "image_processor", processor)
    if callable(inner):
        with suppress(UsageError):
            prepared = preparation_of(inner)
            if not prepared.reversed_channels:
                view = prepared.view
                how = {"interpolation": view.interpolation, "fit": view.fit}
                return _spec(size=view.size, resize=view.resize, mean=prepared.mean, std=prepared.std, **how)
    size = getattr(inner, "crop_size" if getattr(inner, "do_center_crop", False) else "size", None)
    side = [size.get("height"), size.get("width")] if isinstance(size, Mapping) and "width" in size else size
    side = side.get("height", side.get("shortest_edge")) if isinstance(side, Mapping) else side
    mean, std = (_numbers(getattr(inner, f"image_{name}", None)) for name in ("mean", "std"))
    return _spec(size=_extent(side), mean=mean, std=std)


def _from_transforms(transforms: object) -> InputSpec:
    if isinstance(transforms, functools.partial):  # as torchvision's enumerations of weights hold them
        transforms = transforms()
    parts = getattr(transforms, "transforms", None)
    if not isinstance(parts, Sequence):  # a preset is one object with all of it
        return _of_parts(transforms, transforms, transforms)
    named = {type(part).__name__: part for part in parts}
    return _of_parts(named.get("Resize"), named.get("CenterCrop"), named.get("Normalize"))


def _of_parts(resize: object, crop: object, normalize: object) -> InputSpec:
    resized = _extent(getattr(resize, "resize_size", getattr(resize, "size", None)))
    size = _extent(getattr(crop, "crop_size", getattr(crop, "size", None))) or resized
    fit = "squash" if isinstance(resized, tuple) and resized == size else None  # as torchvision resizes to two sides
    mean, std = _numbers(getattr(normalize, "mean", None)), _numbers(getattr(normalize, "std", None))
    mode = getattr(resize, "interpolation", None)
    name = getattr(mode, "value", mode)
    return _spec(size=size, resize=resized, mean=mean, std=std, fit=fit, interpolation=name)


def _spec(*, interpolation: object = None, **said: Any) -> InputSpec:
    """The values as an ``InputSpec``; an empty one if they are not valid."""
    try:
        return InputSpec(**said, interpolation=interpolation if interpolation in INTERPOLATIONS else None)
    except UsageError:
        return InputSpec()


def _setting(settings: object, name: str) -> Any:
    return settings.get(name) if isinstance(settings, Mapping) else getattr(settings, name, None)


def _extent(value: object) -> Extent | None:
    """A side, or height and width as these libraries order them, in pixels; ``None`` for anything else."""
    sizes = list(value) if isinstance(value, (list, tuple)) else [value]
    if len(sizes) not in (1, 2) or not all(type(side) is int and 1 <= side <= LARGEST_SIDE for side in sizes):
        return None
    return extent_of(sizes[::-1])


def _numbers(values: object) -> tuple[float, ...] | None:
    if not isinstance(values, (list, tuple)) or not values:
        return None
    return tuple(map(float, values)) if all(isinstance(each, (int, float)) for each in values) else None
