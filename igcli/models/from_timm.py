"""A network of the timm library by its name: the extra ``igcli[timm]``.

Weights, preprocessing and number of classes are timm's; it downloads and caches the weights itself. timm's names may
have a prefix of their own: ``local-dir:FOLDER`` for what its ``save_for_hf`` wrote, ``hf-hub:ID`` for the same on
huggingface.co.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from igcli.errors import IgError, NetworkUnavailable, UsageError, first_line
from igcli.images.options import View
from igcli.lazy import torch, torchvision
from igcli.models.assembly import fill, head_size, outline, placed
from igcli.models.classifier import Classifier
from igcli.models.devices import resolve_device
from igcli.models.from_code import tensors_hash
from igcli.models.model import Provenance
from igcli.models.select_tensors import room_for, select_tensors
from igcli.models.weights import read_state_dict, sha256_of
from igcli.models.weights_store import checkpoints_folder

if TYPE_CHECKING:
    from igcli.models.spec import LoadOptions

BORDER = "timm fills the border of its pictures with their mean colour, and ig with black."

REACHING = ("huggingface_hub", "httpx", "httpcore", "requests", "urllib3")
"""Packages that raise errors of their own when the hub is out of reach."""

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
        except (RuntimeError, TypeError, ValueError, FileNotFoundError) as problem:
            if type(problem).__module__.startswith("huggingface_hub"):
                raise
            reason = first_line(problem) or type(problem).__name__
            raise UsageError(f"timm cannot make {name!r} ({reason}). timm.list_models() lists its names.") from problem
        return network

    with _hub(name, offline=options.offline):
        network, weights, sha256 = _with_weights(build, name, options)
    network = placed(network, resolve_device(options.device))
    data = timm.data.resolve_model_data_config(network)
    (channels, height, width), mode = data["input_size"], data.get("crop_mode", "center")
    covered = int(width / data["crop_pct"]), int(height / data["crop_pct"])
    return Classifier(
        network,
        _labels(network),
        view=View((width, height), covered, channels, data["interpolation"], _fit(mode)),
        mean=tuple(data["mean"]),
        std=tuple(data["std"]),
        provenance=Provenance(name, weights, sha256),
        caveat=BORDER if mode == "border" else "",
    )


def _fit(crop_mode: str) -> str:
    """The name in ``FITS`` of timm's way from a photo to a square."""
    return {"squash": "squash-crop", "border": "pad"}.get(crop_mode, "crop")


def _with_weights(build: Any, name: str, options: LoadOptions) -> tuple[torch.nn.Module, str, str]:
    """The network, and the name and hash of its weights; of as many classes as the file of weights has."""
    file = options.weights
    if file is None:
        if options.offline:
            _check_cached(name)
        network = build(pretrained=True)
        tag = getattr(network, "pretrained_cfg", {}).get("tag")
        return network, str(tag or "timm's own"), tensors_hash(network)
    whole = outline(build)
    stored = read_state_dict(file, part=options.weights_key, trust_pickle=options.trust_pickle, room=room_for(whole))
    state = select_tensors(stored, whole, file=file, warn=options.warn)
    classes = int(getattr(whole, "num_classes", 1000))
    found = head_size(whole, state, classes=classes)
    network = build() if found == classes else build(num_classes=found)
    fill(network, state, file=file)
    return network, file.name, sha256_of(file)


def _check_cached(name: str) -> None:
    """Raise if the weights are published outside the hub, whose library would fetch them all the same."""
    settings = None if ":" in name else importlib.import_module("timm.models").get_pretrained_cfg(name)
    url = settings.url if settings is not None and not settings.hf_hub_id else None
    if isinstance(url, str) and not (checkpoints_folder() / Path(urlsplit(url).path).name).is_file():
        raise _unavailable(name, "downloads are off")


def _unavailable(name: str, reason: str) -> NetworkUnavailable:
    return NetworkUnavailable(
        f"timm's weights for {name} are neither on this machine nor could they be fetched ({reason}). "
        "Fetch them where there is a network, or give --weights FILE."
    )


@contextmanager
def _hub(name: str, *, offline: bool) -> Iterator[None]:
    """Keep the hub's library from using the network if ``offline``, and from logging every retry; its errors are ours.

    Whatever it raises, or the system, becomes :class:`NetworkUnavailable`.
    """
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
    except IgError:
        raise
    except Exception as problem:
        if not isinstance(problem, OSError) and type(problem).__module__.partition(".")[0] not in REACHING:
            raise
        reason = first_line(problem) or type(problem).__name__
        raise _unavailable(name, "downloads are off" if constants.HF_HUB_OFFLINE else reason) from problem
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
