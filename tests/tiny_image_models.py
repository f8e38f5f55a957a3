"""Tiny random classifiers of pictures, saved to folders as transformers and timm save them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

LABELS = ["ant", "bee", "cat", "dog", "elk"]
NAMES = {"id2label": dict(enumerate(LABELS)), "label2id": {label: index for index, label in enumerate(LABELS)}}
FEW: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
WIDE = {"initializer_range": 0.3}  # else all logits are next to nothing

#: By name: the configuration, the network's class, and how the processor differs from its class's defaults.
KINDS: dict[str, tuple[str, dict[str, Any], str, str, dict[str, Any]]] = {
    "vit": (
        "ViTConfig", FEW | WIDE | {"image_size": 32, "patch_size": 8},
        "ViTForImageClassification", "ViTImageProcessor", {"size": {"height": 32, "width": 32}},
    ),
    "deit": (
        "DeiTConfig", FEW | WIDE | {"image_size": 32, "patch_size": 8},
        "DeiTForImageClassificationWithTeacher", "DeiTImageProcessor",
        {"size": {"height": 37, "width": 37}, "crop_size": {"height": 32, "width": 32}},
    ),
    "beit": (
        "BeitConfig", FEW | WIDE | {"image_size": 32, "patch_size": 8, "use_relative_position_bias": True},
        "BeitForImageClassification", "BeitImageProcessor", {"size": {"height": 32, "width": 32}},
    ),
    "swin": (
        "SwinConfig", WIDE | {"image_size": 64, "patch_size": 4, "embed_dim": 16, "depths": [1, 1],
                              "num_heads": [2, 2], "window_size": 4},
        "SwinForImageClassification", "ViTImageProcessor", {"size": {"height": 64, "width": 64}, "resample": 3},
    ),
    "convnext": (
        "ConvNextConfig", WIDE | {"depths": [1, 1, 1, 1], "hidden_sizes": [8, 16, 24, 32], "image_size": 64},
        "ConvNextForImageClassification", "ConvNextImageProcessor", {"size": {"shortest_edge": 65}},
    ),
    "resnet": (
        "ResNetConfig", {"depths": [1, 1], "hidden_sizes": [16, 32], "embedding_size": 8, "layer_type": "basic"},
        "ResNetForImageClassification", "ConvNextImageProcessor", {"size": {"shortest_edge": 48}, "crop_pct": 0.95},
    ),
    "blue, green, red": (
        "ViTConfig", FEW | WIDE | {"image_size": 32, "patch_size": 8},
        "ViTForImageClassification", "MobileViTImageProcessor",
        {"size": {"shortest_edge": 35}, "crop_size": {"height": 32, "width": 32}},
    ),
    "an offset and two normalisations": (
        "ViTConfig", FEW | WIDE | {"image_size": 32, "patch_size": 8},
        "ViTForImageClassification", "EfficientNetImageProcessor",
        {"size": {"height": 32, "width": 32}, "rescale_offset": True, "rescale_factor": 1 / 127.5, "resample": 0},
    ),
    "a rectangle": (
        "ViTConfig", FEW | WIDE | {"image_size": [24, 48], "patch_size": 8},
        "ViTForImageClassification", "ViTImageProcessor", {"size": {"height": 24, "width": 48}},
    ),
    "the middle of a rectangle": (
        "ViTConfig", FEW | WIDE | {"image_size": [24, 48], "patch_size": 8},
        "ViTForImageClassification", "DeiTImageProcessor",
        {"size": {"height": 29, "width": 51}, "crop_size": {"height": 24, "width": 48}},
    ),
    "one channel": (
        "ViTConfig", FEW | WIDE | {"image_size": 32, "patch_size": 8, "num_channels": 1},
        "ViTForImageClassification", "ViTImageProcessor",
        {"size": {"height": 32, "width": 32}, "image_mean": [0.4], "image_std": [0.3]},
    ),
}  # fmt: skip


def saved_image_model(kind: str, folder: Path, *, shards: str = "5GB", half: bool = False, **config: Any) -> Any:
    """A network of random weights, saved with its processor; returns it in evaluation mode and float32."""
    transformers = pytest.importorskip("transformers", reason="needs igcli[hf]")
    config_class, settings, network_class, processor_class, preparation = KINDS[kind]
    torch.manual_seed(3)
    network = getattr(transformers, network_class)(
        getattr(transformers, config_class)(**settings | NAMES | config)
    ).eval()
    for module in network.modules():  # as if trained: norms that do something
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 1.5)
    for value in network.parameters():
        if value.shape[0] == network.config.num_labels and value.ndim == 2:
            value.data.normal_()
    if half:
        network.half()
    with quiet(transformers):
        network.save_pretrained(folder, max_shard_size=shards)
        getattr(transformers, processor_class)(**preparation).save_pretrained(folder)
    return network.float()


def library_logits(folder: Path, photo: Path, *, backend: str = "pil") -> torch.Tensor:
    """The logits (K,) of the library's own pipeline: its image processor and its network."""
    import transformers
    from PIL import Image

    with quiet(transformers):
        processor = transformers.AutoImageProcessor.from_pretrained(folder, use_fast=backend == "torchvision")
        network = transformers.AutoModelForImageClassification.from_pretrained(folder).float().eval()
    image = Image.open(photo).convert("RGB")
    if getattr(network.config, "num_channels", 3) == 1:
        image = np.asarray(image.convert("L"))[..., None]
    values = processor(images=image, return_tensors="pt")
    with torch.no_grad():
        return network(**values).logits[0]


def saved_timm_model(folder: Path, name: str = "resnet10t", **more: Any) -> Any:
    """A network of timm's with random weights, saved as timm does for the hub."""
    timm = pytest.importorskip("timm", reason="needs igcli[timm]")
    torch.manual_seed(4)
    network = timm.create_model(name, num_classes=len(LABELS)).eval()
    network.pretrained_cfg |= {"input_size": (3, 64, 64), "crop_pct": 0.9} | more
    timm.models.save_for_hf(network, folder, model_config={"label_names": LABELS})
    return network


def quiet(transformers: Any) -> Any:
    """Without the library's bars."""
    from igcli.models.hub import quietly

    return quietly(transformers)
