"""An image classifier of the library transformers, ``hf:FOLDER`` or ``hf:ID``: the extra ``igcli[hf]``.

Architecture, names of classes, size, crop, resampling and normalisation are those that were saved with the network. The
pictures are resized by Pillow, as the library's processors with ``backend="pil"`` do it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from igcli.errors import UsageError
from igcli.images.extent import extent_of
from igcli.images.options import View
from igcli.lazy import torch
from igcli.models.assembly import head_size, placed
from igcli.models.classifier import Classifier
from igcli.models.devices import resolve_device
from igcli.models.folders import is_of_timm, settings_in
from igcli.models.from_code import tensors_hash
from igcli.models.from_timm import load_timm
from igcli.models.hub import (
    config_in,
    folder_of,
    in_sentences,
    network_in,
    network_outline,
    quietly,
    read_folder,
    stored_shapes,
    transformers_library,
    with_state,
)
from igcli.models.image_processor import Preparation, preparation_of
from igcli.models.model import Provenance
from igcli.models.select_tensors import room_for, select_tensors
from igcli.models.self_description import names_in_order
from igcli.models.weights import read_state_dict, sha256_of

if TYPE_CHECKING:
    from igcli.models.spec import LoadOptions

NEEDED = "config.json, preprocessor_config.json and model.safetensors"

NO_PROCESSOR = (
    "There is no preprocessor_config.json that says how its pictures are prepared: give --input-size, --mean and --std."
)


def load_transformers(where: str, options: LoadOptions) -> Classifier:
    """The network in a folder, or of an id, with its own weights or with those of the file in ``options``.

    Raises
    ------
    UsageError
        Without the extra; for models of another kind; for a processor that makes no pictures of one size.
    NetworkUnavailable
        The files of an id are not here and could not be fetched.
    WeightsError
        Files are missing, damaged, hold more than tensors, or belong to another network.
    """
    if options.arguments:
        raise UsageError(f"hf:{where} takes no --model-arg: its config.json says what its network is.")
    transformers = transformers_library()
    with quietly(transformers):
        folder = folder_of(where, offline=options.offline, progress=options.progress)
    if is_of_timm(settings_in(folder)):
        return load_timm(f"local-dir:{folder}", options)
    said: list[str] = []  # warnings of ours, which would not be heard inside the block
    with quietly(transformers):
        with in_sentences(where, NEEDED):
            config = config_in(transformers, folder)
        _check_kind(config, where)
        with in_sentences(where, NEEDED):
            network, weights, sha256 = _with_weights(transformers, folder, config, replace(options, warn=said.append))
        prepared, doubt = _preparation(transformers, folder, config)
    for sentence in said:
        options.warn(sentence)
    if prepared.reversed_channels:
        from igcli.models.reversed_channels import ReversedChannels  # loads torch

        network = ReversedChannels(network)
    network = placed(network, resolve_device(options.device))
    problem = getattr(config, "problem_type", None)
    names = names_in_order(config.id2label)
    return Classifier(
        network,
        names if len(names) == config.num_labels else (),
        view=prepared.view,
        mean=prepared.mean,
        std=prepared.std,
        provenance=Provenance(where, weights, sha256),
        caveat=doubt or prepared.doubt,
        multi_label=problem == "multi_label_classification",
        regression=problem == "regression",
    )


def _check_kind(config: Any, where: str) -> None:
    """Raise ``UsageError`` for what is not a classifier of pictures."""
    kind = str(next(iter(getattr(config, "architectures", None) or ()), ""))
    if kind and "ForImageClassification" not in kind:
        text = "; ig text explains it" if kind.endswith(("ForSequenceClassification", "ForCausalLM")) else ""
        raise UsageError(
            f"{where} is {kind}{text}: a classifier of pictures is …ForImageClassification, or of timm; a network of "
            "another kind is --model FILE.py:FUNCTION."
        )


def _with_weights(
    transformers: Any, folder: Path, config: Any, options: LoadOptions
) -> tuple[torch.nn.Module, str, str]:
    """The network, and the name and hash of its weights; of as many classes as the file of weights has."""
    kind = transformers.AutoModelForImageClassification
    file = options.weights
    if file is None:
        network, ignored = network_in(kind, folder, config)
        if ignored:
            options.warn(ignored)
        return network, "model.safetensors", tensors_hash(network)
    whole = network_outline(kind, config)
    stored = read_state_dict(file, part=options.weights_key, trust_pickle=options.trust_pickle, room=room_for(whole))
    state: Mapping[str, torch.Tensor] = stored
    for names in (whole.state_dict(), stored_shapes(folder)):  # those of today, or of the version that saved the folder
        state = select_tensors(stored, names, file=file, warn=options.warn)
        if names and names.keys() <= state.keys():
            break
    classes = head_size(whole, state, classes=config.num_labels)
    if classes != config.num_labels:
        config.num_labels = classes  # which also makes names of them: LABEL_0, ...
        whole = network_outline(kind, config)
    network, ignored = with_state(whole, config, state, file=file)
    if ignored:
        options.warn(ignored)
    return network, file.name, sha256_of(file)


def _preparation(transformers: Any, folder: Path, config: Any) -> tuple[Preparation, str]:
    """How pictures are prepared; and a sentence if nothing in the folder says so."""
    channels = getattr(config, "num_channels", 3)
    if channels not in (1, 3):
        raise UsageError(f"{folder} is a network of pictures of {channels} channels, and ig reads 1 or 3.")
    if not (folder / "preprocessor_config.json").is_file() and not (folder / "processor_config.json").is_file():
        stated = getattr(config, "image_size", None)
        size = extent_of(stated[::-1]) if isinstance(stated, (list, tuple)) else stated  # height and width, or a side
        view = View(size, size, channels) if size else View(channels=channels)
        return Preparation(view, (0.0,), (1.0,)), NO_PROCESSOR
    with in_sentences(str(folder), NEEDED):
        processor = read_folder(transformers.AutoImageProcessor, folder, use_fast=False)
    return preparation_of(processor, channels=channels), ""
