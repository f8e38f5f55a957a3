"""Seconds for one photo with the same number of gradients."""

from __future__ import annotations

from dataclasses import asdict

from rivals import CAPTUM, CAPTUM_BATCHED, CAPTUM_LAST, CAPTUM_LAST_BATCHED, OURS, PAIR_BATCHED
from spread import Spread
from table import Section
from trial import Trial

COMPARED = (OURS, CAPTUM, CAPTUM_BATCHED, CAPTUM_LAST, CAPTUM_LAST_BATCHED, PAIR_BATCHED)


def measure(trial: Trial) -> Section:
    """Every rival in turn on every timed photo."""
    steps, rivals = trial.options.gradients, [trial.rivals[name] for name in COMPARED]
    batches = {rival.name: trial.best_batch(rival) for rival in rivals}
    taken = trial.clock.in_turns({r.name: r.at(steps, batches[r.name]) for r in rivals}, trial.timed)
    ratios = {name: Spread.of_ratios(seconds, taken[OURS]) for name, seconds in taken.items()}
    seconds = {name: Spread.of(each) for name, each in taken.items()}
    return Section(
        f"Equal steps: {steps} gradients a photo, {len(trial.timed)} photos",
        ("", "batch", "s a photo", "x igcli (median of ratios, quartiles)"),
        [
            (name, str(batches[name] or ""), f"{seconds[name].median:.2f}", ratios[name].with_quartiles())
            for name in COMPARED
        ],
        {
            "gradients": steps,
            "rivals": {
                name: {"batch": batches[name], "seconds": asdict(seconds[name]), "ratio": asdict(ratios[name])}
                for name in COMPARED
            },
        },
    )
