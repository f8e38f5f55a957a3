"""The networks of ``bench.py --only networks``: as torchvision has them, and as igcli loads them.

Those whose weights have to be fetched get random ones of a fixed seed, and their batch normalisations the statistics of
sample photos: without these, activations of a deep network vanish or overflow, and numbers that are almost zero take
more time than those of a trained network.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import torch
import torchvision
from trial import SAMPLES

import igcli

TRAINED = ("caltech101", "efficientnet_lite0")
NETWORKS = (
    *TRAINED,
    "resnet50",
    "efficientnet_b0",
    "mobilenet_v3_large",
    "convnext_tiny",
    "densenet121",
    "inception_v3",
    "vit_b_16",
    "swin_t",
)


def as_users_have_it(name: str) -> torch.nn.Module:
    """Pixels (N, 3, H, W) in [0, 1] -> probabilities (N, K); weights stored as torchvision does."""
    if name in TRAINED:
        model = igcli.load_model(name, device="cpu")
        network, mean, std = model.network.to(memory_format=torch.contiguous_format), model.mean, model.std
    else:
        network, view = _random(name), _view(name)
        mean, std = view.mean, view.std
    whole = torch.nn.Sequential(torchvision.transforms.Normalize(mean, std), network, torch.nn.Softmax(dim=1))
    return whole.eval().requires_grad_(requires_grad=False)


def as_igcli_loads_it(name: str) -> igcli.Classifier:
    """The same weights, read from a file."""
    if name in TRAINED:
        return igcli.load_model(name, device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{name}.pth"
        torch.save(_random(name).state_dict(), file)
        return igcli.load_model(name, weights=file, device="cpu")


def _random(name: str) -> torch.nn.Module:
    torch.manual_seed(0)
    more = {"init_weights": True} if name == "inception_v3" else {}
    network = torchvision.models.get_model(name, weights=None, **more).eval()
    view = _view(name)
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    if norms:
        size = igcli.View(size=view.crop_size[0], resize=view.resize_size[0])
        files = sorted(SAMPLES.glob("*.jpg"))[:8]
        photos = torch.stack([igcli.read_image(file, view=size).pixels for file in files])
        for norm in norms:
            norm.train().momentum = None
        with torch.no_grad():
            network(torchvision.transforms.functional.normalize(photos, view.mean, view.std))
    return network.eval()


def _view(name: str) -> Any:
    return torchvision.models.get_model_weights(name).DEFAULT.transforms()
