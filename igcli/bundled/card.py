"""Measure the bundled network on held-out photographs and write its model card.

    python -m igcli.bundled.card caltech101.zip

The photographs are brought to the network as ``ig`` brings them there: shorter side to ``RESIZE``, middle square of
``SIZE`` pixels, one view, no averaging over several.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import torch
from torch import nn
from torchvision import transforms
from tqdm import tqdm

from igcli.bundled import train
from igcli.bundled.input import RESIZE, SIZE
from igcli.bundled.photos import Photos, read_photos

FOLDER = Path(__file__).parent
BATCH_SIZE = 32


def main() -> None:
    """Measure ``caltech101.pt`` and write ``MODEL_CARD.md`` next to it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path, help="the zip of photographs")
    parser.add_argument("--weights", type=Path, default=FOLDER / "caltech101.pt", help="the weights to measure")
    parser.add_argument("--resize", type=int, default=RESIZE, help="another shorter side, to compare; writes no card")
    options = parser.parse_args()
    photos = read_photos(options.archive, "test")
    network = train.fresh_network(len(photos.categories)).eval()
    network.load_state_dict(torch.load(options.weights, map_location="cpu", weights_only=True))
    hits = measure(network, photos, resize=options.resize)
    labels = (FOLDER / "labels.txt").read_text(encoding="utf-8").splitlines()
    rows = per_class(hits, photos, labels)
    mean = sum(right / count for _, right, count in rows) / len(rows)
    print(f"top-1 {hits.float().mean():.2%}, mean over classes {mean:.2%}, {len(hits)} photographs")  # noqa: T201
    if options.resize == RESIZE:
        digest = hashlib.sha256(options.weights.read_bytes()).hexdigest()
        (FOLDER / "MODEL_CARD.md").write_text(card(hits, rows, mean=mean, sha256=digest), encoding="utf-8")


@torch.no_grad()
def measure(network: nn.Module, photos: Photos, *, resize: int) -> torch.Tensor:
    """For every photograph whether the most probable class is its own: (N,) bool."""
    view = transforms.Compose([transforms.Resize(resize), transforms.CenterCrop(SIZE), transforms.ToTensor()])
    predicted = []
    for start in tqdm(range(0, len(photos.images), BATCH_SIZE), desc="measuring"):
        pixels = torch.stack([view(image) for image in photos.images[start : start + BATCH_SIZE]])
        predicted.append(network(train.standardised(pixels).contiguous(memory_format=torch.channels_last)).argmax(1))
    return torch.cat(predicted) == torch.from_numpy(photos.targets)


def per_class(hits: torch.Tensor, photos: Photos, labels: list[str]) -> list[tuple[str, int, int]]:
    """(label, right, photographs) for every class."""
    targets = torch.from_numpy(photos.targets)
    return [(label, int(hits[targets == i].sum()), int((targets == i).sum())) for i, label in enumerate(labels)]


def card(hits: torch.Tensor, rows: list[tuple[str, int, int]], *, mean: float, sha256: str) -> str:
    """The model card, in Markdown."""
    stages = ", then ".join(f"{epochs} epochs at {side} px" for epochs, side in train.SIDES)
    table = "\n".join(f"| {label} | {right} of {count} | {right / count:.0%} |" for label, right, count in rows)
    return f"""# The bundled network

torchvision's `GoogLeNet` with batch norm and without auxiliary heads, 100 classes, trained from scratch.
Half-precision weights, tensors only: `caltech101.pt`, SHA-256 `{sha256}`.

It is there so that `ig` runs without a network connection, for first steps and for tests. It is no ImageNet network.

## Data and licence

Caltech 101, by Fei-Fei Li, Marco Andreeto, Marc'Aurelio Ranzato and Pietro Perona, California Institute of Technology,
[doi 10.22002/D1.20086](https://doi.org/10.22002/D1.20086), licence CC BY 4.0. Changes: 100 of its categories (without
`Faces_easy` and the clutter folder), shrunk to a shorter side of at most 160 px. 6,594 photographs to train on; the
{len(hits)} measured below were never trained on. The weights may be used under the same licence with this attribution.

## Training

`python -m igcli.bundled.train ZIP`: {stages}; batches of {train.BATCH_SIZE}, SGD with Nesterov momentum 0.9,
one-cycle rate with peak {train.PEAK_RATE}, weight decay {train.WEIGHT_DECAY} on weights only, random resized crops of
30 to 100 % of the area, mirroring, colour jitter, erased patches, mixup on half of the batches of the first
{train.MIXED_EPOCHS} epochs, square-root class balancing, averaged weights (decay {train.AVERAGING} a step), bfloat16.

## Accuracy

**{hits.float().mean():.1%}** top-1 on the {len(hits)} photographs of the test part at {SIZE} px (mean over classes
{mean:.1%}), one view a photograph: shorter side to {RESIZE} px, middle square. `python -m igcli.bundled.card ZIP`
measures it; `--resize 240` and `--resize 256`, which cut the photographs' edges, gave 86.0 % and 84.6 %.

## Limits

It knows a hundred things. A photo of anything else still gets one of their names, often with confidence: that name is
then wrong, and the map explains a wrong name. Caltech's photographs are old, tidy and centred; cluttered scenes, small
objects and unusual views are beyond it. Several classes have fewer than ten test photographs: read their rows as hints.

| class | right | share |
| --- | --- | --- |
{table}
"""


if __name__ == "__main__":
    main()
