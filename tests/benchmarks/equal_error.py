"""Seconds for one photo with the fewest gradients that make the maps of nine tenths of the photos exact enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median

from errors import distance, first_that_holds
from rivals import ADAPTIVE, OURS, Rival, Subject
from spread import Spread, allowed_over
from table import Section
from tqdm import tqdm
from trial import Trial

CHECKED = 3  # photos on which the engine's numbers are compared with a rival's own
FEW = 20


@dataclass(frozen=True)
class Contestant:
    """What takes part in the timing: with how many gradients, how exact, and what to call."""

    name: str
    gradients: float
    holds: bool  # whether nine tenths of all photos are within the limit
    error: Spread
    batch: int | None
    explain: Callable[[Subject], object]


def measure(trial: Trial) -> Section:
    """The smallest counts, then every rival in turn at its own."""
    trial.reference.prepare(trial.subjects)
    smallest = _smallest_counts(trial)
    contestants = [_adaptive(trial), *(_fixed(trial, rival, smallest[rival.rule]) for rival in trial.rivals.values())]
    differences = _differences(trial, smallest)
    taken = trial.clock.in_turns({each.name: each.explain for each in contestants}, trial.timed)
    rows, data = [], {}
    for each in contestants:
        seconds = taken[each.name]
        against = {name: Spread.of_ratios(seconds, taken[name]) for name in (ADAPTIVE, OURS)}
        medians = {name: median(seconds) / median(taken[name]) for name in against}
        rows.append(
            (
                each.name,
                f"{each.gradients:.0f}",
                "yes" if each.holds else "no",
                str(each.batch or ""),
                f"{each.error.median:.2%}",
                f"{each.error.ninetieth:.2%}",
                f"{median(seconds):.2f}",
                against[ADAPTIVE].with_quartiles(),
                f"{medians[ADAPTIVE]:.2f}",
                against[OURS].with_quartiles(),
            )
        )
        data[each.name] = {
            "gradients": each.gradients,
            "batch": each.batch,
            "holds": each.holds,
            "error": asdict(each.error),
            "seconds": asdict(Spread.of(seconds)),
            "over": {name: asdict(spread) for name, spread in against.items()},
            "ratio_of_medians": medians,
        }
    header = ("", "gradients", "holds", "batch", "error", "90th", "s", "x adaptive", "of medians", "x midpoint")
    return Section(
        f"Equal error: fewest gradients with a 90th-percentile error of at most {trial.options.limit:.1%}, "
        f"{len(trial.subjects)} photos; seconds on {len(trial.timed)}",
        header,
        rows,
        {
            "limit": trial.options.limit,
            "reference": trial.reference.midpoints,
            "rivals": data,
            "same_numbers": differences,
        },
        _notes(trial, contestants, differences),
    )


def _smallest_counts(trial: Trial) -> dict[str, int | None]:
    """For every rule the smallest count of the grid that is exact enough."""
    counts, reference = trial.options.counts, trial.reference
    hardest = sorted(trial.subjects, key=lambda each: reference.error(each, "midpoint", counts[0]), reverse=True)
    found = {}
    for rule in dict.fromkeys(rival.rule for rival in trial.rivals.values()):
        with tqdm(desc=f"the fewest points by {rule}", unit=" maps", leave=False) as bar:

            def error(subject: Subject, count: int, *, rule: str = rule, bar: tqdm = bar) -> float:
                bar.set_postfix(points=count, refresh=False)
                bar.update()
                return reference.error(subject, rule, count)

            found[rule] = first_that_holds(
                counts, hardest, error, limit=trial.options.limit, allowed_over=allowed_over(len(hardest))
            )
    return found


def _fixed(trial: Trial, rival: Rival, smallest: int | None) -> Contestant:
    steps = smallest or trial.options.counts[-1]
    batch = trial.best_batch(rival)
    # How far beyond the limit a rule is, is not worth as many gradients as finding where one that holds is within it.
    subjects = trial.subjects if smallest else trial.timed
    error = Spread.of([trial.reference.error(each, rival.rule, steps) for each in subjects])
    return Contestant(rival.name, steps, smallest is not None, error, batch, rival.at(steps, batch))


def _adaptive(trial: Trial) -> Contestant:
    pairs = zip(trial.subjects, trial.adapted, strict=True)
    error = Spread.of([distance(found.values, trial.reference.of(subject)) for subject, found in pairs])
    gradients = median(found.gradient_evaluations for found in trial.adapted)
    return Contestant(ADAPTIVE, gradients, error.ninetieth <= trial.options.limit, error, None, trial.adaptive)


def _differences(trial: Trial, smallest: dict[str, int | None]) -> dict[str, float]:
    """The largest distance of each rival's own map from the engine's at its nodes and weights."""
    found = {}
    for rival in trial.rivals.values():
        if rival.name == OURS:
            continue
        steps = smallest[rival.rule] or trial.options.counts[-1]
        own = rival.at(steps, trial.best_batch(rival))
        found[rival.name] = max(
            distance(own(subject), trial.reference.values(subject, rival.rule, steps))
            for subject in trial.timed[:CHECKED]
        )
    return found


def _notes(trial: Trial, contestants: list[Contestant], differences: dict[str, float]) -> list[str]:
    taken = Spread.of([found.gradient_evaluations for found in trial.adapted])
    looks = Spread.of([found.forward_evaluations for found in trial.adapted])
    over = [f"{each.name} ({each.error.ninetieth:.2%})" for each in contestants if not each.holds]
    notes = [
        f"Reference: {trial.reference.midpoints} midpoints by igcli in float32. Error: relative L2 distance of the "
        "maps summed over the channels, median and 90th percentile.",
        "x: seconds over those of igcli's adaptive path and of its midpoint rule, medians of ratios with quartiles; "
        "of medians: the ratio of the median seconds instead.",
        f"The adaptive path takes {taken.median:.0f} gradients (mean {taken.mean:.1f}) and {looks.median:.0f} passes "
        f"without one (mean {looks.mean:.1f}).",
        "Errors are the engine's at the rivals' nodes. Their own maps differ from those by at most "
        + ", ".join(f"{worst:.1e} ({name})" for name, worst in differences.items())
        + ".",
    ]
    if over:
        notes.append(
            f"Over the limit, so that ratios with it compare unequal errors: {', '.join(over)}. What is said of such a "
            f"rule's error is of the {len(trial.timed)} timed photos."
        )
    if len(trial.subjects) < FEW:
        notes.append(f"{len(trial.subjects)} photos are too few for a 90th percentile: give --zip.")
    return notes
