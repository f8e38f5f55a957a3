"""What the faster library for products and 1×1 convolutions gains: milliseconds of the processor per gradient.

python tests/benchmarks/products.py NETWORK ... [--threads 1] [--batches 1,8,16] [--rounds 5]

Both take turns in one process, on the rewritten network; the ratio is the median of the turns' ratios.
"""

from __future__ import annotations

import argparse
import time
from statistics import median
from unittest import mock

import torch
from zoo import as_igcli_loads_it

from igcli.cli.startup import after_loading
from igcli.models.classifier import Classifier
from igcli.models.engine import products


def main() -> None:
    parser = argparse.ArgumentParser(description="Gradients with and without the faster products.")
    parser.add_argument("networks", nargs="+", help="names of bench.py --only networks")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batches", default="1,8,16")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    after_loading(on_cpu=True)
    for name in options.networks:
        model = as_igcli_loads_it(name).optimised()
        with model.frozen():
            for batch in map(int, options.batches.split(",")):
                turns = [(_torchs_own(model, batch), _seconds(model, batch)) for _ in range(options.rounds + 1)][1:]
                without, ours = (1000 * median(turn[i] for turn in turns) for i in (0, 1))
                ratio = median(without / ours for without, ours in turns)
                print(f"{name}, {batch} at once: {without:.1f} ms, faster products {ours:.1f} ms, {ratio:.2f} times")


def _torchs_own(model: Classifier, batch: int) -> float:
    with mock.patch.object(products, "_INSTEAD", {}):
        return _seconds(model, batch)


def _seconds(model: Classifier, batch: int) -> float:
    """Of the processor, for one of ``batch`` gradients at once."""
    photo = torch.rand(model.input_shape, generator=torch.Generator().manual_seed(0))
    points = photo * torch.linspace(0.1, 1, batch)[:, None, None, None]
    points = points.contiguous(memory_format=model.memory_format).requires_grad_()
    start = time.process_time()
    torch.autograd.grad(model(points)[:, 0].sum(), points)
    return (time.process_time() - start) / batch


if __name__ == "__main__":
    main()
