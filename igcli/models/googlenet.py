"""GoogLeNet with torchvision's ImageNet weights.

Address, labels and preprocessing all come from torchvision's own metadata. Fetching, caching and reading the file
are other files' work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from igcli.errors import NetworkUnavailable, WeightsError
from igcli.lazy import torchvision
from igcli.models.assembly import assemble
from igcli.models.cache import Source, cached_weights, checkpoints_folder
from igcli.models.classifier import Classifier, Provenance, View
from igcli.models.devices import resolve_device
from igcli.models.download import fetch, ways_to_get
from igcli.models.labels import Labels
from igcli.models.weights import read_state_dict, sha256_of

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from igcli.models.options import LoadOptions


def load_googlenet(options: LoadOptions) -> Classifier:
    """The network of Szegedy et al. (arXiv 1409.4842) in torchvision's port, with the same logits as torchvision's own.

    Raises
    ------
    NetworkUnavailable
        The weights are neither given nor cached, and cannot be fetched.
    WeightsError
        The weights are damaged, or belong to another network.
    """
    metadata = torchvision.models.GoogLeNet_Weights.IMAGENET1K_V1
    path, sha256 = _weights_file(options, imagenet_source())
    # The auxiliary heads serve training alone; torchvision, too, drops them once the file is read.
    state = {key: value for key, value in read_state_dict(path).items() if not key.startswith(("aux1.", "aux2."))}
    network = assemble(build_googlenet, state, device=resolve_device(options.device), file=path)
    preset = metadata.transforms()
    return Classifier(
        network,
        Labels(metadata.meta["categories"]),
        view=View(size=preset.crop_size[0], resize=preset.resize_size[0]),
        mean=tuple(preset.mean),
        std=tuple(preset.std),
        provenance=Provenance("googlenet", path.name, sha256),
    )


def imagenet_source() -> Source:
    """Where torchvision publishes the ImageNet weights."""
    return Source.at(torchvision.models.GoogLeNet_Weights.IMAGENET1K_V1.url)


def build_googlenet() -> torch.nn.Module:
    """The network without its weights."""
    # transform_input: the ported weights expect another normalisation, which torchvision applies inside the network.
    network: torch.nn.Module = torchvision.models.googlenet(
        weights=None, num_classes=1000, transform_input=True, aux_logits=False, init_weights=False
    )
    return network


def _weights_file(options: LoadOptions, source: Source) -> tuple[Path, str]:
    """The file to read and its SHA-256: the user's own, the cached one, or a fresh download."""
    if options.weights is not None:
        return options.weights, _own_file_hash(options.weights, source)
    path = cached_weights(source.filename, source.sha256_prefix)
    if path is None:
        destination = checkpoints_folder() / source.filename
        if options.offline:
            ways = ways_to_get(source.url, destination, sha256_prefix=source.sha256_prefix)
            raise NetworkUnavailable(f"GoogLeNet's weights are not on this machine, and downloads are off.\n{ways}")
        path = fetch(
            source.url,
            destination,
            sha256_prefix=source.sha256_prefix,
            timeout=options.timeout,
            progress=options.progress,
        )
    return path, sha256_of(path)


def _own_file_hash(path: Path, source: Source) -> str:
    """The SHA-256 of the user's file; only a file with torchvision's name promises a certain one."""
    sha256 = sha256_of(path)
    if path.name == source.filename and not sha256.startswith(source.sha256_prefix):
        raise WeightsError(
            f"{path} is damaged: its SHA-256 begins with {sha256[:8]} where its name promises {source.sha256_prefix}. "
            f"Get it again from {source.url}."
        )
    return sha256
