"""Train the bundled networks of molecules: W1N2 and W2N2 on Tox21's twelve tasks.

    python -m igcli.bundled.molecules.train tox21.csv.gz --network w2n2 --work runs/w2n2

Interrupt it when you like: it goes on from the last whole epoch. At the end the weights of the epoch that was best on
the validation part stand in ``WORK/NETWORK.pt`` in half precision; ``python -m igcli.bundled.molecules.card`` measures
them and writes the card.

How: Adam under a one-cycle rate, cross-entropy of each task over the molecules measured for it, actives weighted by
how rare they are (at most 20 times), averaged weights, a split by scaffold.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from igcli.bundled.molecules.data import LabelledMolecules, batch_of, read_parts
from igcli.bundled.molecules.roc import mean_auc
from igcli.bundled.molecules.weave import WeaveNetwork
from igcli.bundled.saving import save_whole
from igcli.molecules.features import ATOM_FEATURES, pair_features

SEED = 20161108
BATCH_SIZE = 64
PEAK_RATE = 3e-3
WARM_UP = 0.15
WEIGHT_DECAY = 1e-2
AVERAGING = 0.99
EPOCHS = 40
MOST_WEIGHT = 20.0
#: x and y of each WxNy.
NETWORKS = {"w1n2": (1, 2), "w2n2": (2, 2)}


def main() -> None:
    """Train, or go on training, until the last epoch; then save the best epoch's averaged weights."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path, help="tox21.csv.gz: a column smiles, one of 0, 1 or nothing for each task")
    parser.add_argument("--network", choices=NETWORKS, default="w2n2")
    parser.add_argument("--work", type=Path, default=Path("runs/molecules"), help="folder for the results")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    _, distance = NETWORKS[options.network]
    tasks, parts = read_parts(options.table, distance=distance)
    print({part: len(molecules) for part, molecules in parts.items()}, flush=True)  # noqa: T201
    checkpoint = options.work / f"{options.network}.checkpoint.pt"
    best = train_weave(options.network, parts, tasks=len(tasks), checkpoint=checkpoint)
    halves = {name: value.half() if value.is_floating_point() else value for name, value in best.items()}
    save_whole(halves, options.work / f"{options.network}.pt")


def train_weave(name: str, parts: dict[str, LabelledMolecules], *, tasks: int, checkpoint: Path) -> dict[str, Tensor]:
    """Run the epochs that are left, a checkpoint after each; returns the averaged weights of the best epoch."""
    network, averaged = (fresh_weave(name, tasks) for _ in range(2))
    optimizer = torch.optim.AdamW(network.parameters(), lr=PEAK_RATE, weight_decay=WEIGHT_DECAY)
    done = 0
    best: dict[str, Any] = {"auc": 0.0, "weights": averaged.state_dict()}
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(state["network"])
        averaged.load_state_dict(state["averaged"])
        optimizer.load_state_dict(state["optimizer"])
        done, best = state["epoch"], state["best"]
    molecules = parts["train"]
    weights = active_weights(molecules.labels)
    steps = len(molecules) // BATCH_SIZE
    for epoch in range(done, EPOCHS):
        torch.manual_seed(SEED + epoch)
        started, total = time.monotonic(), 0.0
        order = torch.randperm(len(molecules)).tolist()
        for step in range(steps):
            for group in optimizer.param_groups:
                group["lr"] = rate_of_weave((epoch + step / steps) / EPOCHS)
            batch = batch_of(molecules, order[step * BATCH_SIZE : (step + 1) * BATCH_SIZE])
            network.train()
            logits = network.of_graphs(batch.atoms, batch.pairs, batch.index, batch.owner, len(batch.labels))
            loss = masked_loss(logits, batch.labels, weights)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            _average(averaged, network)
            total += loss.item()
        auc = mean_auc(predict(averaged, parts["valid"]), parts["valid"].labels)
        if auc > best["auc"]:
            best = {"auc": auc, "weights": {key: value.clone() for key, value in averaged.state_dict().items()}}
        seconds = time.monotonic() - started
        print(f"epoch {epoch + 1}/{EPOCHS} loss {total / steps:.4f} valid {auc:.4f} {seconds:.0f} s", flush=True)  # noqa: T201
        save_whole(
            {
                "epoch": epoch + 1,
                "network": network.state_dict(),
                "averaged": averaged.state_dict(),
                "optimizer": optimizer.state_dict(),
                "best": best,
            },
            checkpoint,
        )
    weights_of_best: dict[str, Tensor] = best["weights"]
    return weights_of_best


def fresh_weave(name: str, tasks: int) -> WeaveNetwork:
    """The network with weights drawn from the seed."""
    torch.manual_seed(SEED)
    modules, distance = NETWORKS[name]
    return WeaveNetwork(len(ATOM_FEATURES), len(pair_features(distance)), tasks=tasks, modules=modules)


def active_weights(labels: Tensor) -> Tensor:
    """(K,): inactives per active of each task, at most 20."""
    return ((labels == 0).sum(0) / (labels == 1).sum(0)).clamp(max=MOST_WEIGHT)


def masked_loss(logits: Tensor, labels: Tensor, weights: Tensor) -> Tensor:
    """Mean cross-entropy over what was measured, an active's multiplied by its task's weight."""
    measured = ~labels.isnan()
    each = functional.binary_cross_entropy_with_logits(
        logits, labels.nan_to_num(), pos_weight=weights, reduction="none"
    )
    return each[measured].mean()


@torch.no_grad()
def predict(network: WeaveNetwork, molecules: LabelledMolecules, batch_size: int = 256) -> Tensor:
    """Logits (N, K) in evaluation mode."""
    network.eval()
    found = []
    for start in range(0, len(molecules), batch_size):
        batch = batch_of(molecules, list(range(start, min(start + batch_size, len(molecules)))))
        found.append(network.of_graphs(batch.atoms, batch.pairs, batch.index, batch.owner, len(batch.labels)))
    return torch.cat(found)


def rate_of_weave(progress: float) -> float:
    """One cycle: linear up to the peak, then half a cosine down to (almost) nothing."""
    if progress < WARM_UP:
        return PEAK_RATE * max(progress / WARM_UP, 0.02)
    return PEAK_RATE * max(0.5 * (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP))), 1e-3)


@torch.no_grad()
def _average(averaged: nn.Module, network: nn.Module) -> None:
    for mean, value in zip(averaged.state_dict().values(), network.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(value, 1 - AVERAGING)
        else:
            mean.copy_(value)


if __name__ == "__main__":
    main()
