"""The bundled network: torchvision's GoogLeNet trained on Caltech-101, available without a download.

Its weights, labels, model card and training script are in :mod:`igcli.bundled`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import igcli.bundled
from igcli.bundled.input import MEAN, RESIZE, SIZE, STD
from igcli.errors import UsageError
from igcli.images.options import View
from igcli.lazy import torchvision
from igcli.models.assembly import assemble
from igcli.models.classifier import Classifier
from igcli.models.devices import resolve_device
from igcli.models.labels import Labels
from igcli.models.model import Provenance
from igcli.models.weights import read_state_dict, sha256_of

if TYPE_CHECKING:
    import torch

    from igcli.models.spec import LoadOptions

FOLDER = Path(igcli.bundled.__file__).parent
WEIGHTS = FOLDER / "caltech101.pt"
LABELS = FOLDER / "labels.txt"
CAVEAT = "The bundled network knows 100 things only: a photo of anything else still gets one of their names."


def load_caltech101(options: LoadOptions) -> Classifier:
    """The bundled network, or the same one with the weights of another file.

    Raises
    ------
    UsageError
        For arguments: the network has none.
    WeightsError
        The file is damaged, or belongs to another network.
    """
    if options.arguments:
        raise UsageError("The bundled network takes no --model-arg: --model googlenet does.")
    path = options.weights or WEIGHTS
    labels = Labels(LABELS.read_text(encoding="utf-8").splitlines())

    def build() -> torch.nn.Module:
        network: torch.nn.Module = torchvision.models.GoogLeNet(
            num_classes=len(labels), aux_logits=False, transform_input=False, init_weights=False
        )
        return network

    network = assemble(
        build,
        read_state_dict(path, part=options.weights_key, trust_pickle=options.trust_pickle),
        device=resolve_device(options.device),
        file=path,
        warn=options.warn,
    )
    return Classifier(
        network,
        labels,
        view=View(size=SIZE, resize=RESIZE),
        mean=MEAN,
        std=STD,
        provenance=Provenance("caltech101", path.name, sha256_of(path)),
        caveat=CAVEAT,
    )
