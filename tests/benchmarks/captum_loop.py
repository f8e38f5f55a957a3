"""The plain loop that a user would write: Captum as it comes on every photo, drawn with Pillow.

python tests/benchmarks/captum_loop.py PHOTO ... --output FOLDER [--device DEVICE]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import captum.attr
import numpy as np
from PIL import Image

import igcli


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    model = igcli.load_model("caltech101", device=options.device)
    explainer = captum.attr.IntegratedGradients(lambda pixels: model(pixels).softmax(1))
    for i, file in enumerate(options.photos):
        photo = igcli.read_image(file, view=model.view)
        pixels = photo.pixels[None].to(model.device)
        target = model(pixels).argmax().item()
        importance = explainer.attribute(pixels, target=target)[0].detach().sum(dim=0).abs().cpu().numpy()
        light = np.clip(importance / np.percentile(importance, 99), 0, 1)[:, :, None]
        Image.fromarray((photo.array() * light).astype(np.uint8)).save(options.output / f"{i}-{file.stem}.png")


if __name__ == "__main__":
    main()
