"""Train the bundled network: torchvision's GoogLeNet from scratch on photographs of Caltech-101.

    python -m igcli.bundled.train caltech101.zip --work runs/caltech101

Interrupt it when you like: it goes on from the last whole epoch. When the last epoch is done, the averaged weights
stand in ``WORK/caltech101.pt`` in half precision; ``python -m igcli.bundled.card`` measures them and writes the card.

How: SGD with Nesterov momentum under a one-cycle rate, bfloat16, a picture side that grows while the network
learns, mixup on half of the batches until the last epochs, weight decay on weights only, averaged weights.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.models import GoogLeNet
from tqdm import tqdm

from igcli.bundled.input import MEAN, STD
from igcli.bundled.photos import Photos, batches, read_photos
from igcli.bundled.saving import save_whole

SEED = 20161108
BATCH_SIZE = 64
PEAK_RATE = 0.1
WARM_UP = 0.12
WEIGHT_DECAY = 5e-4
AVERAGING = 0.998
SIDES = [(24, 96), (20, 112), (14, 128), (8, 144), (6, 192)]  # (epochs, picture side)
EPOCHS = sum(epochs for epochs, _ in SIDES)
MIXED_EPOCHS = EPOCHS - 10


def main() -> None:
    """Train, or go on training, until the last epoch; then save the averaged weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, help="the zip of photographs")
    parser.add_argument("--work", type=Path, default=Path("runs/caltech101"), help="folder for the results")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    photos = read_photos(options.archive, "train")
    averaged = train(photos, checkpoint=options.work / "checkpoint.pt", device=torch.device(options.device))
    save(averaged, options.work / "caltech101.pt")


def train(photos: Photos, *, checkpoint: Path, device: torch.device) -> GoogLeNet:
    """Run the remaining epochs, a checkpoint after each; returns the network with averaged weights."""
    network, averaged = (fresh_network(len(photos.categories)).to(device) for _ in range(2))
    averaged.load_state_dict(network.state_dict())
    optimizer = _optimizer(network)
    done = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        network.load_state_dict(state["network"])
        averaged.load_state_dict(state["averaged"])
        optimizer.load_state_dict(state["optimizer"])
        done = state["epoch"]
    steps_per_epoch = len(photos.targets) // BATCH_SIZE
    for epoch in range(done, EPOCHS):
        torch.manual_seed(SEED + epoch)
        stream = batches(photos, size=side_at(epoch), batch_size=BATCH_SIZE, seed=(SEED, epoch))
        bar = tqdm(stream, total=steps_per_epoch, desc=f"epoch {epoch + 1}/{EPOCHS} at {side_at(epoch)} px")
        total_loss = 0.0
        for step, (pixels, targets) in enumerate(bar):
            for group in optimizer.param_groups:
                group["lr"] = rate_at((epoch + step / steps_per_epoch) / EPOCHS)
            loss = _loss(network, pixels.to(device), targets.to(device), mixed=epoch < MIXED_EPOCHS and step % 2 == 0)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            _average(averaged, network)
            total_loss += loss.item()
            bar.set_postfix(loss=f"{total_loss / (step + 1):.3f}", refresh=False)
        save_whole(
            {
                "epoch": epoch + 1,
                "network": network.state_dict(),
                "averaged": averaged.state_dict(),
                "optimizer": optimizer.state_dict(),
            },
            checkpoint,
        )
    return averaged


def fresh_network(classes: int) -> GoogLeNet:
    """GoogLeNet as torchvision builds it, without auxiliary heads, He-initialised from the seed, channels last."""
    torch.manual_seed(SEED)
    network = GoogLeNet(num_classes=classes, aux_logits=False, transform_input=False, init_weights=False)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return network.to(memory_format=torch.channels_last)


def standardised(pixels: Tensor) -> Tensor:
    """Pixels in [0, 1] as the network wants them."""
    mean, std = (torch.tensor(v, device=pixels.device, dtype=pixels.dtype)[:, None, None] for v in (MEAN, STD))
    return (pixels - mean) / std


def side_at(epoch: int) -> int:
    """The picture side, in pixels, of this epoch."""
    for epochs, side in SIDES:
        if epoch < epochs:
            return side
        epoch -= epochs
    return SIDES[-1][1]


def rate_at(progress: float) -> float:
    """One cycle: linear up to the peak, then half a cosine down to (almost) nothing."""
    if progress < WARM_UP:
        return PEAK_RATE * max(progress / WARM_UP, 0.02)
    return PEAK_RATE * max(0.5 * (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP))), 1e-3)


def save(network: GoogLeNet, path: Path) -> None:
    """Write the state dict in half precision (tensors only: it loads with ``weights_only=True``)."""
    save_whole({k: v.half() if v.is_floating_point() else v for k, v in network.state_dict().items()}, path)


def _loss(network: nn.Module, pixels: Tensor, targets: Tensor, *, mixed: bool) -> Tensor:
    share = torch.distributions.Beta(0.3, 0.3).sample().item() if mixed else 1.0
    partner = targets
    if mixed:
        order = torch.randperm(len(targets), device=targets.device)
        pixels, partner = share * pixels + (1 - share) * pixels[order], targets[order]
    with torch.autocast(pixels.device.type, torch.bfloat16):
        logits = network(standardised(pixels))
    logits = logits.float()
    return share * functional.cross_entropy(logits, targets) + (1 - share) * functional.cross_entropy(logits, partner)


def _optimizer(network: nn.Module) -> torch.optim.SGD:
    decayed = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.SGD(groups, lr=PEAK_RATE, momentum=0.9, nesterov=True)


@torch.no_grad()
def _average(averaged: nn.Module, network: nn.Module) -> None:
    for mean, value in _pairs(averaged, network):
        if mean.is_floating_point():
            mean.lerp_(value, 1 - AVERAGING)
        else:
            mean.copy_(value)


def _pairs(first: nn.Module, second: nn.Module) -> Iterator[tuple[Tensor, Tensor]]:
    yield from zip(first.state_dict().values(), second.state_dict().values(), strict=True)


if __name__ == "__main__":
    main()
