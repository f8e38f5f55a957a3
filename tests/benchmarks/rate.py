"""How much of the machine's matrix-product rate becomes gradients."""

from __future__ import annotations

from dataclasses import asdict

import torch
from kinds_of_work import seconds_by_kind
from rivals import ours
from spread import Spread
from table import Section
from torch.utils.flop_counter import FlopCounterMode
from trial import Trial

SIDE = 2048
ROUNDS = 5
STEPS = {"cpu": 128, "cuda": 2048}
PRODUCTS = {"cpu": 8, "cuda": 400}  # so many between two looks at the clock


def measure(trial: Trial) -> Section:
    """Gradients and products in turn."""
    subject, kind = trial.subjects[0], trial.model.device.type
    steps, products = STEPS.get(kind, 128), PRODUCTS.get(kind, 40)
    left, right = (torch.randn(SIDE, SIDE, device=trial.model.device) for _ in range(2))
    work = flop_of_a_gradient(trial)

    def multiply(_: int) -> None:
        for _ in range(products):
            left @ right

    taken = trial.clock.in_turns(
        {"gradients": lambda _: ours(trial.model, subject, steps), "products": multiply}, range(ROUNDS)
    )
    gradients = [steps / seconds for seconds in taken["gradients"]]
    flops = [products * 2 * SIDE**3 / seconds for seconds in taken["products"]]
    shares = Spread.of([rate * work / flop for rate, flop in zip(gradients, flops, strict=True)])
    best = max(gradients) * work / max(flops)
    kinds = seconds_by_kind(lambda: ours(trial.model, subject, steps), trial.model.device)
    parts = {kind: seconds / sum(kinds.values()) for kind, seconds in kinds.items()}
    rates = {"gradients": Spread.of(gradients), "flops": Spread.of(flops)}
    return Section(
        f"Rate: {work / 1e9:.2f} GFLOP a gradient at {trial.model.input_size} px, counted",
        ("", "median", "best"),
        [
            ("gradients a second", f"{rates['gradients'].median:.1f}", f"{max(gradients):.1f}"),
            (f"GFLOP/s of products of {SIDE}", f"{rates['flops'].median / 1e9:.0f}", f"{max(flops) / 1e9:.0f}"),
            (
                "GFLOP/s of gradients",
                f"{rates['gradients'].median * work / 1e9:.0f}",
                f"{max(gradients) * work / 1e9:.0f}",
            ),
            ("share", f"{shares.median:.0%}", f"{best:.0%}"),
            *((f"of the time: {kind}", f"{part:.0%}", "") for kind, part in parts.items()),
        ],
        {
            "flop_of_a_gradient": work,
            "gradients_per_second": asdict(rates["gradients"]),
            "product_flops": asdict(rates["flops"]),
            "share": asdict(shares),
            "share_of_bests": best,
            "parts": parts,
        },
        [
            f"Median share: of ratios, {ROUNDS} rounds of {steps} gradients and {products} float32 products in turn. "
            "Of the time: by torch's profiler, in a run of its own."
        ],
    )


def flop_of_a_gradient(trial: Trial) -> int:
    """Floating-point operations of one pass forward and back to the pixels, through the network as it was loaded."""
    pixels = trial.subjects[0].picture.pixels[None].to(trial.model.device).requires_grad_()
    with FlopCounterMode(display=False) as counter:
        torch.autograd.grad(trial.model(pixels).softmax(1)[:, 0].sum(), pixels)
    return counter.get_total_flops()
