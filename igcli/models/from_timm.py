"""A network of the timm library by its name: the extra ``igcli[timm]``.

Weights, preprocessing and number of classes are timm's; it downloads and caches the weights itself.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from igcli.errors import NetworkUnavailable, UsageError, first_line
from igcli.images.options import View
from igcli.lazy import torch, torchvision
from igcli.models.assembly import fill, head_size, outline
from igcli.models.classifier import Classifier
from igcli.models.devices import resolve_device
from igcli.models.from_code import tensors_hash
from igcli.models.model import Provenance, in_evaluation_mode
from igcli.models.select_tensors import room_for, select_tensors
from igcli.models.weights import read_state_dict, sha256_of

if TYPE_CHECKING:
    from igcli.models.spec import LoadOptions

FETCHING = ("pretrained_cfg", "pretrained_cfg_overlay", "checkpoint_path", "cache_dir", "pretrained")
"""Arguments with which timm reads or fetches other files than those that the user named."""


def load_timm(name: str, options: LoadOptions) -> Classifier:
    """The network with timm's weights, or with those of the file in ``options``.

    Raises
    ------
    UsageError
        timm is not installed, or has no such network.
    NetworkUnavailable
        timm could not fetch its weights.
    WeightsError
        The weights are damaged, or belong to another network.
    """
    if find_spec("timm") is None:
        raise UsageError('timm is not installed: pip install "igcli[timm]".')
    timm: Any = importlib.import_module("timm")
    arguments = dict(options.arguments)

    def build(**more: Any) -> torch.nn.Module:
        try:
            network: torch.nn.Module = timm.create_model(name, **(more | arguments))
        except (RuntimeError, TypeError, ValueError) as problem:
            reason = first_line(problem) or type(problem).__name__
            raise UsageError(f"timm cannot make {name!r} ({reason}). timm.list_models() lists its names.") from problem
        return network

    if options.weights is None:
        network = _with_timms_weights(build, name, offline=options.offline)
        weights, sha256 = str(getattr(network, "pretrained_cfg", {}).get("tag") or "timm's own"), tensors_hash(network)
    else:
        whole = outline(build)
        stored = read_state_dict(options.weights, trust_pickle=options.trust_pickle, room=room_for(whole))
        state = select_tensors(stored, whole, file=options.weights, warn=options.warn)
        classes = int(getattr(whole, "num_classes", 1000))
        found = head_size(whole, state, classes=classes)
        network = build() if found == classes else build(num_classes=found)
        fill(network, state, file=options.weights)
        weights, sha256 = options.weights.name, sha256_of(options.weights)
    in_evaluation_mode(network).to(resolve_device(options.device))
    with suppress(RuntimeError):  # a few networks have parameters that have no such order
        network.to(memory_format=torch.channels_last)
    data = timm.data.resolve_model_data_config(network)
    channels, size = data["input_size"][0], data["input_size"][-1]
    return Classifier(
        network,
        _labels(network),
        view=View(size, int(size / data["crop_pct"]), channels, interpolation=data["interpolation"]),
        mean=tuple(data["mean"]),
        std=tuple(data["std"]),
        provenance=Provenance(name, weights, sha256),
    )


def _with_timms_weights(build: Any, name: str, *, offline: bool) -> torch.nn.Module:
    try:
        with _hub(offline=offline):
            network: torch.nn.Module = build(pretrained=True)
    except UsageError:
        raise
    except Exception as problem:  # the hub's libraries have their own errors
        reason = first_line(problem) or type(problem).__name__
        raise NetworkUnavailable(
            f"timm's weights for {name} are neither on this machine nor could they be fetched ({reason}). "
            "Fetch them where there is a network, or give --weights FILE."
        ) from problem
    return network


@contextmanager
def _hub(*, offline: bool) -> Iterator[None]:
    """Keep the hub's library from using the network if ``offline``, and from logging every retry."""
    log = logging.getLogger("huggingface_hub")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        # timm has imported it, and it reads the environment no more
        constants: Any = importlib.import_module("huggingface_hub.constants")
    except ImportError:
        constants = SimpleNamespace(HF_HUB_OFFLINE=False)
    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or offline
    try:
        yield
    finally:
        log.setLevel(level)
        constants.HF_HUB_OFFLINE = before


def _labels(network: torch.nn.Module) -> tuple[str, ...]:
    """ImageNet's names for a thousand classes, whose order all of timm's networks share; none for others."""
    names = getattr(network, "pretrained_cfg", {}).get("label_names")
    count = getattr(network, "num_classes", None)
    if names and len(names) == count:
        return tuple(names)
    return tuple(torchvision.models.ResNet50_Weights.DEFAULT.meta["categories"]) if count == 1000 else ()
