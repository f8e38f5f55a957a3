"""A model's name -> a Classifier that is ready to use.

The registry and the one function that reads it. How each network is built is told in its own file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from igcli.errors import NetworkUnavailable
from igcli.models.caltech101 import load_caltech101
from igcli.models.devices import resolve_device
from igcli.models.googlenet import load_googlenet
from igcli.models.options import LoadOptions, warn_python
from igcli.registry import Registry

if TYPE_CHECKING:
    from igcli.models.classifier import Classifier

Loader = Callable[[LoadOptions], "Classifier"]

MODELS: Registry[Loader] = Registry("model")

QUICK = 5.0
"""Seconds that ``auto`` waits for the server's first answer before it takes the bundled network."""


def load_model(
    name: str = "auto",
    *,
    weights: str | Path | None = None,
    device: str = "auto",
    offline: bool = False,
    progress: bool = False,
    warn: Callable[[str], None] | None = None,
) -> Classifier:
    """Load a model by its name in :data:`MODELS`, in evaluation mode and with its parameters frozen.

    Parameters
    ----------
    weights
        A local file of weights for this network, instead of its own.
    device
        ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
    offline
        Never touch the network.
    progress
        Draw a bar on stderr while weights are downloaded.
    warn
        Called with one message when ``auto`` falls back on the bundled network; :func:`warnings.warn` by default.

    Raises
    ------
    UsageError
        No model has this name, or the device is not there.
    NetworkUnavailable
        The weights are not on this machine and could not be fetched.
    WeightsError
        The weights are damaged, unsafe, or made for another network.
    """
    loader = MODELS[name]
    resolve_device(device)  # a wrong device is said before anything is downloaded
    file = None if weights is None else Path(weights).expanduser()
    return loader(LoadOptions(file, offline=offline, progress=progress, device=device, warn=warn or warn_python))


@MODELS("auto", summary="GoogLeNet when its weights are here or can be fetched, else the bundled network.")
def load_auto(options: LoadOptions) -> Classifier:
    """ImageNet's GoogLeNet if it can be had quickly; else, with one warning, the bundled network.

    A cached file that is damaged, and a file that the user named, are never passed over in silence: they raise.
    """
    try:
        return load_googlenet(replace(options, timeout=min(options.timeout, QUICK)))
    except NetworkUnavailable as problem:
        reason, _, _ = str(problem).partition("\n")
        options.warn(
            f"Using the bundled network, which knows 100 classes of Caltech-101. {reason} "
            "--model googlenet says how to get them; --model caltech101 does not try."
        )
    return load_caltech101(options)


MODELS("googlenet", summary="torchvision's GoogLeNet, 1000 ImageNet classes; downloaded once (50 MB).")(load_googlenet)
MODELS("caltech101", summary="The bundled GoogLeNet, 100 Caltech-101 classes; needs no network.")(load_caltech101)
