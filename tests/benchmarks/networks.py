"""Equal steps on many networks: igcli against Captum as it is, and at its best batch size.

Each network has two processes of its own, one for igcli and one for Captum, of one thread each, which take turns photo
by photo. What counts is the processor's time, which leaves out the waiting for other programs on a shared machine; they
still change it, by a half where two threads share a core, which is why turns are taken. The time that passes is shown
next to it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from apart import Apart
from spread import Spread
from table import Section
from tqdm import tqdm
from trial import Trial

OURS, AS_IT_IS, BEST = "igcli", "captum, defaults", "captum, its best batch"
BATCHES = (4, 8, 16, 32)


@dataclass(frozen=True)
class Taken:
    """Seconds for one photo: of the processor, and of the clock on the wall."""

    processor: float
    wall: float


def measure(trial: Trial) -> Section:
    """Every network on every photo."""
    steps, files = trial.options.gradients, trial.files[: trial.options.timed]
    rows, data = [], {}
    for name in tqdm(trial.options.networks, desc="networks", leave=False):
        batch, taken, ours_batch = _of_one(name, files, steps)
        over = {
            clock: {
                rival: Spread.of_ratios(
                    [getattr(t, clock) for t in taken[rival]], [getattr(t, clock) for t in taken[OURS]]
                )
                for rival in (AS_IT_IS, BEST)
            }
            for clock in ("processor", "wall")
        }
        a_gradient = Spread.of([t.processor / steps for t in taken[OURS]])
        rows.append(
            (
                name,
                f"{1000 * a_gradient.median:.0f}",
                str(ours_batch),
                over["processor"][AS_IT_IS].with_quartiles(),
                over["processor"][BEST].with_quartiles(),
                str(batch),
                f"{over['wall'][AS_IT_IS].median:.2f}",
                f"{over['wall'][BEST].median:.2f}",
            )
        )
        data[name] = {
            "seconds_of_a_gradient": asdict(a_gradient),
            "batch": ours_batch,
            "best_batch": batch,
            "over": {clock: {rival: asdict(of) for rival, of in each.items()} for clock, each in over.items()},
        }
        print("  ".join(rows[-1]), flush=True)
    return Section(
        f"Networks: {steps} gradients a photo, {len(files)} photos, one thread",
        ("", "ms", "batch", "as it is / igcli", "best batch / igcli", "batch", "as it is, wall", "best, wall"),
        rows,
        {"gradients": steps, "networks": data},
        [
            "ms: processor time of igcli per gradient, median. Ratios of processor time, medians over photos with "
            "quartiles; wall: of the time that passed, medians.",
        ],
    )


def _of_one(name: str, files: Sequence[Path], steps: int) -> tuple[int, dict[str, list[Taken]], int]:
    """Captum's best batch, the seconds of each, and igcli's largest batch."""
    ours, theirs = Apart(igcli_on, name), Apart(captum_on, name)
    try:
        seen: list[Any] = [ours.ask("read", str(file)) for file in files]

        def captum(photo: Any, batch: int) -> Taken:
            found: Any = theirs.ask(*photo, steps, batch)
            return Taken(*found)

        captum(seen[0], min(BATCHES))  # the first call prepares memory and kernels
        tried = {batch: captum(seen[0], batch).processor for batch in BATCHES if batch < steps}
        tried[steps] = captum(seen[0], steps).processor
        best = min(tried, key=lambda batch: tried[batch])
        ours.ask("explain", str(files[0]), steps)
        taken: dict[str, list[Taken]] = {OURS: [], AS_IT_IS: [], BEST: []}
        for i, (file, photo) in enumerate(zip(files, seen, strict=True)):
            turns: list[tuple[str, Callable[[], Any]]] = [
                (OURS, lambda file=file: Taken(*ours.ask("explain", str(file), steps))),  # type: ignore[misc]
                (AS_IT_IS, lambda photo=photo: captum(photo, steps)),  # type: ignore[misc]
                (BEST, lambda photo=photo: captum(photo, best)),  # type: ignore[misc]
            ]
            for who, work in turns[i % 3 :] + turns[: i % 3]:
                if who == BEST and best == steps:
                    continue
                taken[who].append(work())
        if best == steps:
            taken[BEST] = taken[AS_IT_IS]
        batch: Any = ours.ask("batch", steps)
        return best, taken, batch
    finally:
        ours.close()
        theirs.close()


def igcli_on(name: str) -> Callable[..., object]:
    """What answers for igcli, in its process."""
    torch.set_num_threads(1)
    from zoo import as_igcli_loads_it

    import igcli
    from igcli.cli.startup import after_loading

    model = as_igcli_loads_it(name)
    after_loading(on_cpu=True)  # as the command line does

    def answer(what: str, *arguments: Any) -> object:
        if what == "batch":
            return _largest_chunk(model, *arguments)
        picture = igcli.read_image(arguments[0], view=model.view)
        if what == "read":
            return picture.pixels.numpy(), igcli.attribute(model, picture, steps=1).target.index
        return _taken(lambda: igcli.attribute(model, picture, target="top", steps=arguments[1]))

    return answer


def captum_on(name: str) -> Callable[..., object]:
    """What answers for Captum, in its process."""
    torch.set_num_threads(1)
    from users import with_captum
    from zoo import as_users_have_it

    network = as_users_have_it(name)

    def answer(pixels: Any, target: int, steps: int, batch: int) -> object:
        photo = torch.from_numpy(pixels)
        return _taken(lambda: with_captum(network, photo, target, steps, batch, method="gausslegendre"))

    return answer


def _taken(work: Callable[[], object]) -> tuple[float, float]:
    processor, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - processor, time.perf_counter() - wall


def _largest_chunk(model: Any, steps: int) -> int:
    """How many samples igcli gives the network at once."""
    from igcli.attribution.budget import Budget

    seen: list[int] = list(Budget.of(model).chunks(steps, lambda start, stop: stop - start))
    return max(seen)
