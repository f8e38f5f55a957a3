"""Any torchvision classifier by its name, with published weights or with the user's own file.

Address, labels and preprocessing come from torchvision's metadata: ``resnet50`` uses the weights that torchvision
recommends, ``resnet50@IMAGENET1K_V1`` those of that name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from igcli.errors import UsageError
from igcli.images.options import View
from igcli.lazy import torchvision
from igcli.models.assembly import assemble, head_size, outline
from igcli.models.classifier import Classifier
from igcli.models.devices import resolve_device
from igcli.models.model import Provenance
from igcli.models.named_tensors import without_prefix
from igcli.models.published_weights import source_of, weights_metadata
from igcli.models.select_tensors import room_for, select_tensors
from igcli.models.weights import read_state_dict
from igcli.models.weights_store import Source, resolve_weights

if TYPE_CHECKING:
    import torch

    from igcli.models.spec import LoadOptions

AUXILIARY = {"googlenet": ("aux1.", "aux2."), "inception_v3": ("AuxLogits.",)}
"""Networks with auxiliary heads for training; torchvision, too, drops them once the file is read."""

GUESSED = (
    "These weights are assumed to be fine-tuned from torchvision's, whose network changes the normalisation inside; if "
    "they were trained from scratch: --model-arg transform_input=false."
)


def load_torchvision(name: str, options: LoadOptions, *, source: Source | None = None) -> Classifier:
    """The network, with the same logits as torchvision's own for the same photo.

    Parameters
    ----------
    name
        ``NAME`` or ``NAME@WEIGHTS``.
    source
        The file of published weights, if it is not the one in torchvision's metadata.

    Raises
    ------
    UsageError
        The network is not a classifier, has no such weights, or does not accept these arguments.
    NetworkUnavailable
        The weights are neither given nor cached, and cannot be fetched.
    WeightsError
        The weights are damaged, or belong to another network.
    """
    family, published = weights_metadata(name)
    source = source or source_of(published)
    arguments = {**_own_arguments(family, published), **dict(options.arguments)}
    build = partial(_network, family, arguments)
    categories = published.meta["categories"]
    classes = int(arguments.get("num_classes", len(categories)))
    whole = outline(lambda: build(classes))
    view, mean, std = preparation(published)
    if options.outline:
        kept = Provenance(name, source.filename)
        return Classifier(whole, categories, view=view, mean=mean, std=std, provenance=kept)
    path, sha256 = resolve_weights(options, source, name=name)
    stored = read_state_dict(path, part=options.weights_key, trust_pickle=options.trust_pickle, room=room_for(whole))
    state = select_tensors(_as_built(family, stored), whole, file=path, warn=options.warn)
    classes = head_size(whole, state, classes=classes)
    own_head = classes != len(categories)
    return Classifier(
        assemble(lambda: build(classes), state, device=resolve_device(options.device), file=path, warn=options.warn),
        () if own_head else categories,
        view=view,
        mean=mean,
        std=std,
        provenance=Provenance(name, path.name, sha256),
        caveat=GUESSED if own_head and family in AUXILIARY and "transform_input" not in dict(options.arguments) else "",
    )


def preparation(published: Any) -> tuple[View, tuple[float, ...], tuple[float, ...]]:
    """How torchvision prepares photos for these weights: the view, and mean and standard deviation in [0, 1]."""
    preset = published.transforms()
    view = View(preset.crop_size[0], preset.resize_size[0], interpolation=preset.interpolation.value)
    return view, tuple(preset.mean), tuple(preset.std)


def _own_arguments(family: str, published: Any) -> dict[str, Any]:
    """The arguments that torchvision itself uses with these weights."""
    if family in AUXILIARY:
        # transform_input: the ported weights expect another normalisation, which torchvision applies inside.
        return {"transform_input": True, "aux_logits": False, "init_weights": False}
    return {"image_size": published.meta["min_size"][0]} if family.startswith("vit_") else {}


def _network(family: str, arguments: Mapping[str, Any], classes: int) -> torch.nn.Module:
    try:
        network: torch.nn.Module = torchvision.models.get_model(family, **{"num_classes": classes, **arguments})
    except (TypeError, ValueError) as problem:
        raise UsageError(f"torchvision's {family} cannot be made with these --model-arg: {problem}.") from problem
    return network


def _as_built(family: str, stored: Mapping[str, torch.Tensor]) -> Mapping[str, torch.Tensor]:
    """The file's tensors by the names of the network without auxiliary heads."""
    state = without_prefix(stored, "")
    for head in AUXILIARY.get(family, ()):
        for key in [key for key in state if re.search(rf"(^|\.){re.escape(head)}", key)]:
            del state[key]
    if not family.startswith("densenet"):
        return state
    # DenseNet's published files are older than the rule that a module's name has no dot: norm.1 is norm1.
    old = re.compile(r"^(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\..*)$")
    renamed = without_prefix({old.sub(r"\1\2", key): value for key, value in state.items()}, "")
    renamed.left_out = state.left_out
    return renamed
