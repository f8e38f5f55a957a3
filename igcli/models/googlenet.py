"""GoogLeNet with torchvision's ImageNet weights: the network that ``auto`` prefers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from igcli.lazy import torchvision
from igcli.models.cache import Source
from igcli.models.from_torchvision import load_torchvision

if TYPE_CHECKING:
    from igcli.models.classifier import Classifier
    from igcli.models.options import LoadOptions


def load_googlenet(options: LoadOptions) -> Classifier:
    """The network of Szegedy et al. (arXiv 1409.4842) in torchvision's port, with the same logits as torchvision's own.

    Raises what :func:`~igcli.models.from_torchvision.load_torchvision` does.
    """
    return load_torchvision("googlenet", options, source=imagenet_source())


def imagenet_source() -> Source:
    """Where torchvision publishes the ImageNet weights."""
    return Source.at(torchvision.models.GoogLeNet_Weights.IMAGENET1K_V1.url)
