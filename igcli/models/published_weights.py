"""The classifiers whose weights torchvision publishes, from torchvision's own metadata (which imports torchvision)."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from igcli.errors import UsageError
from igcli.lazy import torchvision
from igcli.models.weights_store import Source


@dataclass(frozen=True)
class PublishedWeights:
    """A network and one of its sets of weights.

    Attributes
    ----------
    name, weights
        As in ``NAME@WEIGHTS``.
    default
        Whether ``NAME`` alone means these weights.
    size
        The side of the square input, in pixels.
    megabytes
        The file's size in 10⁶ bytes, rounded; 0 if torchvision does not say.
    """

    name: str
    weights: str
    default: bool
    source: Source
    size: int
    classes: int
    megabytes: int

    @property
    def full_name(self) -> str:
        """What names them, as short as possible: ``NAME``, or ``NAME@WEIGHTS``."""
        return self.name if self.default else f"{self.name}@{self.weights}"


def is_torchvision(name: str) -> bool:
    """Whether torchvision has a network of this name, a classifier or not."""
    return name.partition("@")[0] in torchvision.models.list_models()


def classifier_names() -> list[str]:
    """All of torchvision's classifiers."""
    return list(torchvision.models.list_models(module=torchvision.models))


def all_published() -> list[PublishedWeights]:
    """All classifiers' weights, by name; for each network in torchvision's order."""
    return [_described(name, each) for name in classifier_names() for each in _sets(name)]


def find_published(name: str) -> PublishedWeights:
    """The weights that ``NAME`` or ``NAME@WEIGHTS`` means. Raises what :func:`weights_metadata` does."""
    return _described(*weights_metadata(name))


def weights_metadata(name: str) -> tuple[str, Any]:
    """The network's name, and torchvision's metadata (an enum member) of the weights named, or of its best ones.

    Raises
    ------
    UsageError
        torchvision has no such network, or it is not a classifier, or it has no such weights.
    """
    family, _, wanted = name.partition("@")
    if family not in classifier_names():
        near = get_close_matches(family, classifier_names(), n=1)
        if is_torchvision(family):
            hint = f"torchvision's {near[0]} is one." if near else "'ig models' lists those that are."
            raise UsageError(f"torchvision's {family} does not classify whole pictures. {hint}")
        hint = f"Did you mean {near[0]!r}?" if near else "'ig models' lists its networks."
        raise UsageError(f"torchvision publishes no network called {family!r}. {hint}")
    if not wanted:
        return family, torchvision.models.get_model_weights(family).DEFAULT
    offered = {each.name: each for each in _sets(family)}
    if wanted not in offered:
        raise UsageError(f"torchvision has no weights {wanted!r} for {family}. Choose from: {', '.join(offered)}.")
    return family, offered[wanted]


def source_of(metadata: Any) -> Source:
    """The file that torchvision's metadata describes."""
    megabytes = _megabytes(metadata)
    # the metadata's size is rounded
    return Source.at(metadata.url, largest=megabytes * 1_050_000 + 2_000_000) if megabytes else Source.at(metadata.url)


def _sets(name: str) -> list[Any]:
    """The sets of weights of a network, without those that are features for a detector and no classifier."""
    return [each for each in torchvision.models.get_model_weights(name) if each.meta.get("categories")]


def _described(name: str, metadata: Any) -> PublishedWeights:
    return PublishedWeights(
        name,
        metadata.name,
        default=metadata == torchvision.models.get_model_weights(name).DEFAULT,
        source=source_of(metadata),
        size=metadata.transforms().crop_size[0],
        classes=len(metadata.meta["categories"]),
        megabytes=_megabytes(metadata),
    )


def _megabytes(metadata: Any) -> int:
    return int(metadata.meta.get("_file_size", 0) * 2**20 / 1e6 + 0.5)
