"""What ``--target top-5`` costs over ``--target top`` with ``--steps auto``, and how exact its maps are.

    python tests/benchmarks/several_classes.py ZIP [--model efficientnet_lite0] [--photos 10] [--reference 200]

Passes through the network, forward and backward, and seconds of the processor, in one thread; the error of each map is
relative (L2), against the midpoint rule with many steps.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from photographs import pictures, test_photographs
from tqdm import tqdm

import igcli

BATCH = 8


class Counted:
    """A model whose forward passes are counted."""

    def __init__(self, name: str) -> None:
        self.model, self.passes = igcli.load_model(name), 0
        self.model.optimised().network.register_forward_pre_hook(self._count)

    def _count(self, _: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        self.passes += len(inputs[0])

    def maps(self, picture: igcli.Picture, **wanted: object) -> tuple[list[igcli.Explanation], int, float]:
        """The explanations, the passes and the seconds of the processor that they took."""
        before, start = self.passes, time.process_time()
        (found,) = igcli.explain(self.model, [picture], igcli.Wanted(**wanted), budget=igcli.Budget(BATCH))
        seconds = time.process_time() - start
        backward = sum(each.results["integrated"].gradient_evaluations for each in found)
        return found, self.passes - before + backward, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("zip", type=Path)
    parser.add_argument("--model", default="caltech101")
    parser.add_argument("--photos", type=int, default=10)
    parser.add_argument("--reference", type=int, default=200)
    options = parser.parse_args()
    torch.set_num_threads(1)
    counted, costs, errors, incomplete = Counted(options.model), [], [], 0
    with test_photographs(options.zip, options.photos) as files:
        for picture in tqdm(pictures(counted.model, files), total=options.photos):
            _, *one = counted.maps(picture, targets=("top",))
            several, *five = counted.maps(picture, targets=("top-5",))
            classes = tuple(each.target.index for each in several)
            exact, *_ = counted.maps(picture, targets=classes, settings=igcli.Settings(steps=options.reference))
            costs.append([*one, *five])
            ours, theirs = ([each.results["integrated"].values for each in found] for found in (several, exact))
            errors.append([float((a - b).norm() / b.norm()) for a, b in zip(ours, theirs, strict=True)])
            incomplete += sum(not each.results["integrated"].completeness.within_tolerance for each in several)
    passes, seconds, passes_of_five, seconds_of_five = np.mean(costs, axis=0)
    print(f"passes: top {passes:.0f}, top-5 {passes_of_five:.0f}: {passes_of_five / passes:.1f} times")
    print(f"processor: top {seconds:.2f} s, top-5 {seconds_of_five:.2f} s: {seconds_of_five / seconds:.1f} times")
    for name, each in (("first class", np.array(errors)[:, 0]), ("all five", np.array(errors))):
        print(f"error, {name}: median {np.median(each):.1%}, 90th percentile {np.quantile(each, 0.9):.1%}")
    print(f"maps that are not complete: {incomplete}")


if __name__ == "__main__":
    main()
