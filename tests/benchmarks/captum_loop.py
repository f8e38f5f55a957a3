"""The plain loop that a user would write: Captum with its defaults on every photo, drawn with Pillow.

python tests/benchmarks/captum_loop.py PHOTO ... --output FOLDER [--device DEVICE]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import captum.attr
import numpy as np
import users
from PIL import Image
from torchvision import transforms

from igcli.bundled.input import RESIZE, SIZE


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("photos", nargs="+", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    model = users.network(options.device, channels_last=False)
    explainer = captum.attr.IntegratedGradients(model)
    seen = transforms.Compose([transforms.Resize(RESIZE), transforms.CenterCrop(SIZE), transforms.ToTensor()])
    for i, file in enumerate(options.photos):
        pixels = seen(Image.open(file).convert("RGB"))[None].to(options.device)
        target = model(pixels).argmax().item()
        importance = explainer.attribute(pixels, target=target)[0].detach().sum(dim=0).abs().cpu().numpy()
        light = np.clip(importance / np.percentile(importance, 99), 0, 1)[:, :, None]
        photo = pixels[0].permute(1, 2, 0).cpu().numpy() * 255
        Image.fromarray((photo * light).astype(np.uint8)).save(options.output / f"{i}-{file.stem}.png")


if __name__ == "__main__":
    main()
