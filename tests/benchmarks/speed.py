"""Seconds for one photo, beside Captum's integrated gradients on the same network: ratios measured in one run.

python tests/benchmarks/speed.py
"""

from __future__ import annotations

import time
from collections.abc import Callable

import captum.attr
import torch

import igcli

STEPS = 50
REPEATS = 3


def seconds(work: Callable[[], object]) -> float:
    """The best of a few runs."""
    best = float("inf")
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return best


def main() -> None:
    model = igcli.load_model("caltech101", device="cpu")
    photo = igcli.read_image("sample_images/motorcycle.jpg", view=model.view)
    target = igcli.attribute(model, photo, steps=1).target.index
    explainer = captum.attr.IntegratedGradients(lambda pixels: model(pixels).softmax(1))
    pixels = photo.pixels[None]

    def captums(batch: int | None) -> object:
        with model.frozen():
            return explainer.attribute(pixels, target=target, n_steps=STEPS, internal_batch_size=batch)

    def ours(rule: str) -> object:
        return igcli.attribute(model, photo, target=target, steps=STEPS, rule=rule)

    ours("midpoint")
    rivals: dict[str, Callable[[], object]] = {
        "igcli, midpoint": lambda: ours("midpoint"),
        "captum, as it comes (one batch)": lambda: captums(None),
        "captum, internal_batch_size=8": lambda: captums(8),
    }
    taken = {name: seconds(work) for name, work in rivals.items()}
    reference = taken["igcli, midpoint"]
    print(
        f"one photo at {model.input_size} px, {STEPS} gradients, {torch.get_num_threads()} threads, best of {REPEATS}:"
    )
    for name, value in taken.items():
        print(f"  {name:34} {value:6.2f} s  {value / reference:5.2f} x")


if __name__ == "__main__":
    main()
