"""Ten kinds of torchvision's classifiers with made-up weights in a file: the smallest member, the smallest picture."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision import models

CLASSES = 7

#: The network, and the side of a picture that it takes.
FAMILIES = {
    "googlenet": 64,
    "inception_v3": 75,
    "resnet18": 32,
    "vgg11": 32,
    "densenet121": 32,
    "mobilenet_v3_small": 32,
    "efficientnet_b0": 32,
    "convnext_tiny": 32,
    "vit_b_32": 32,
    "swin_t": 32,
}


def arguments(name: str) -> dict[str, int]:
    """What the network must be told to take such small pictures."""
    return {"image_size": FAMILIES[name]} if name.startswith("vit_") else {}


def build(name: str, **more: object) -> nn.Module:
    """torchvision's own network, without auxiliary heads."""
    if name in ("googlenet", "inception_v3"):
        more |= {"init_weights": False, "transform_input": True, "aux_logits": False}
    return models.get_model(name, num_classes=CLASSES, **arguments(name), **more)


def made_up_state(name: str) -> dict[str, Tensor]:
    """Weights in half precision under which logits are alive: much quicker than torchvision's own initialisation."""
    with torch.device("meta"):
        shapes = build(name).state_dict()
    generator = torch.Generator().manual_seed(6)
    return {key: _values(key, value, generator) for key, value in shapes.items()}


def _values(key: str, like: Tensor, generator: torch.Generator) -> Tensor:
    if not like.is_floating_point():
        return _index_of_swin(like) if key.endswith("relative_position_index") else torch.zeros((), dtype=like.dtype)
    noise = torch.rand(like.shape, generator=generator)
    if key.endswith("running_var") or (like.ndim == 1 and key.endswith("weight")):
        return (0.75 + noise / 2).half()
    spread = (12 / like[0].numel()) ** 0.5 if like.ndim > 1 else 0.1
    return ((noise - 0.5) * spread).half()


def _index_of_swin(like: Tensor) -> Tensor:
    """Not a weight: where in its table a window's offsets are."""
    from torchvision.models.swin_transformer import ShiftedWindowAttention

    return ShiftedWindowAttention(4, [7, 7], [0, 0], 1).relative_position_index.reshape(like.shape)


def save(name: str, path: Path) -> Path:
    """The file of made-up weights."""
    torch.save(made_up_state(name), path)
    return path
