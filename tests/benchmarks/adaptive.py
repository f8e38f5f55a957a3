"""Is the adaptive path ever worse than equally many even steps, and does it keep its tolerance?"""

from __future__ import annotations

import math
from dataclasses import asdict
from statistics import median

import torch
from errors import distance
from spread import Spread
from table import Section
from tqdm import tqdm
from trial import Trial

ROUNDS = 5
BATCH = 16


def measure(trial: Trial) -> Section:
    """Its error on every photo, and that of the midpoint rule with as many gradients as it cost on that photo."""
    trial.reference.prepare(trial.subjects)
    share = forward_share(trial)
    costs = [math.ceil(found.gradient_evaluations + share * found.forward_evaluations) for found in trial.adapted]
    own, even = [], []
    for subject, found, cost in zip(tqdm(trial.subjects, desc="even", leave=False), trial.adapted, costs, strict=True):
        own.append(distance(found.values, trial.reference.of(subject)))
        even.append(trial.reference.error(subject, "midpoint", cost))
    gaps = [found.completeness.relative_gap for found in trial.adapted]
    within = sum(found.completeness.within_tolerance is True for found in trial.adapted)
    better = sum(a <= b for a, b in zip(own, even, strict=True))
    tolerance = trial.adapted[0].settings.tolerance
    told = Spread.of([found.extras["map_error"] / true for found, true in zip(trial.adapted, own, strict=True)])
    spreads = {"adaptive": Spread.of(own), "midpoint": Spread.of(even)}
    return Section(
        f"The adaptive path and the midpoint rule at the same cost, {len(own)} photos",
        ("error", "median", "90th", "largest"),
        [(name, f"{s.median:.2%}", f"{s.ninetieth:.2%}", f"{s.largest:.2%}") for name, s in spreads.items()],
        {
            "errors": {name: asdict(spread) for name, spread in spreads.items()},
            "costs": asdict(Spread.of(costs)),
            "forward_share": share,
            "better": better,
            "tolerance": tolerance,
            "within_tolerance": within,
            "gaps": asdict(Spread.of(gaps)),
            "map_error_over_error": asdict(told),
            "photos": [
                {"name": subject.file.name, "cost": cost, "adaptive": a, "midpoint": b, "gap": gap}
                for subject, cost, a, b, gap in zip(trial.subjects, costs, own, even, gaps, strict=True)
            ],
        },
        [
            f"Cost: {median(costs):.0f} gradients in the median; a pass without one counts {share:.2f} of a gradient.",
            f"Better or equal on {better} of {len(own)} photos. Completeness gap within {tolerance:.1%} on {within}; "
            f"largest {max(gaps):.2%}.",
            f"What the record says of the map's error, over the true error: {told.with_quartiles()}.",
        ],
    )


def forward_share(trial: Trial) -> float:
    """What a pass without a gradient costs, in gradients: the median of ratios."""
    pixels = torch.stack([trial.subjects[0].picture.pixels] * BATCH).to(trial.model.device)
    points, model = pixels.contiguous(memory_format=torch.channels_last), trial.model.optimised()

    def forward(_: int) -> None:
        with torch.no_grad():
            model(points)

    def gradient(_: int) -> None:
        own = points.detach().requires_grad_()
        with model.frozen():
            torch.autograd.grad(model(own).softmax(1)[:, 0].sum(), own)

    taken = trial.clock.in_turns({"forward": forward, "gradient": gradient}, range(ROUNDS))
    return Spread.of_ratios(taken["forward"], taken["gradient"]).median
