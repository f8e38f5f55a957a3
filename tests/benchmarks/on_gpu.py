"""What only a GPU can show: equal maps, a batch that halves when memory runs out, bounded memory, photos side by side.

    python tests/benchmarks/on_gpu.py [--device cuda]

Everything runs on the sample photographs and the installed networks; prints a Markdown table. On the CPU the parts
about memory are left out.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

import igcli
from igcli.attribution.methods.captum import FromCaptum
from igcli.attribution.methods.method import METHODS
from igcli.models.devices import exact_numbers

SAMPLES = Path(__file__).parents[2] / "sample_images"
NETWORKS = ("caltech101", "efficientnet_lite0")
STEPS = 32
COPIES = 128
LEFT_FREE = 3 * 2**30
WORDS = "the government has spent more"
SMILES = "CC(=O)Oc1ccccc1C(=O)O"
Rows = Iterator[tuple[str, str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--device", default="cuda")
    device = parser.parse_args().device
    name = torch.cuda.get_device_name() if device.startswith("cuda") else device
    print(f"| {name}, torch {torch.__version__} | |\n| --- | --- |")
    parts: list[Callable[[str], Rows]] = [equal_maps, other_inputs, photos_together]
    if device.startswith("cuda"):
        parts += [memory_of_steps, out_of_memory]
    with exact_numbers():
        for part in parts:
            try:
                for row in part(device):
                    print("| " + " | ".join(row) + " |", flush=True)
            except Exception as error:
                print(f"| {part.__name__} failed | {type(error).__name__}: {str(error)[:300]} |", flush=True)


def equal_maps(device: str) -> Rows:
    """Each method's map of one sample there and on the CPU: the relative L2 difference; Captum's methods left out."""
    path = sorted(SAMPLES.glob("*.jpg"))[0]
    for network in NETWORKS:
        models = [igcli.load_model(network, device=each) for each in ("cpu", device)]
        picture = igcli.read_image(path, view=models[0].view)
        for method in [each for each in METHODS if not issubclass(METHODS[each], FromCaptum)]:
            one = igcli.attribute(models[0], picture, method=method, steps=STEPS).values
            igcli.attribute(models[1], picture, method=method, steps=STEPS)
            began = time.perf_counter()
            other = igcli.attribute(models[1], picture, method=method, steps=STEPS).values
            seconds = time.perf_counter() - began
            difference = float((one - other).norm() / one.norm())
            yield f"{network}, {method}", f"{difference:.1e} from the CPU's map; {seconds:.3f} s"


def other_inputs(device: str) -> Rows:
    """Words and molecules through the command line, there and on the CPU."""
    for command, text in (("text", WORDS), ("molecule", SMILES)):
        sums = []
        for each in ("cpu", device):
            with tempfile.TemporaryDirectory() as folder:
                line = [sys.executable, "-m", "igcli", command, text, "--device", each, "-o", folder, "--json"]
                done = subprocess.run(line, capture_output=True, text=True)
                if done.returncode:
                    raise RuntimeError(done.stderr[-300:])
                sums.append(json.loads(done.stdout.splitlines()[0])["results"][0]["sum"])
        yield f"ig {command}", f"sum {sums[1]:.6f}, on the CPU {sums[0]:.6f}"


def photos_together(device: str) -> Rows:
    """Photos a second of a folder, against one at a time in one process."""
    for network in NETWORKS:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "photos"
            root.mkdir()
            samples = sorted(SAMPLES.glob("*.jpg"))
            for number in range(COPIES):
                (root / f"{number:04}.jpg").symlink_to(samples[number % len(samples)])
            line = [sys.executable, "-m", "igcli", "explain", str(root), "--model", network, "--device", device]
            done = subprocess.run([*line, "--steps", "64", "-o", str(root / "out")], capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(done.stderr[-300:])
            run = json.loads((root / "out" / "run.json").read_text())
        model = igcli.load_model(network, device=device)
        picture = igcli.read_image(samples[0], view=model.view)
        igcli.attribute(model, picture, steps=64)
        began = time.perf_counter()
        for _ in range(10):
            igcli.attribute(model, picture, steps=64)
        alone = (time.perf_counter() - began) / 10
        yield (
            f"{network}, {COPIES} photos of 64 steps by `ig explain`",
            f"{run['photos_per_second']:.1f} photos/s with reading and drawing, {run['gradients_per_second']:.0f} "
            f"gradients/s, network at work {run['model_busy']:.0%}; one map alone {alone:.3f} s",
        )


def memory_of_steps(device: str) -> Rows:
    """Peak memory of the GPU at 1,000 steps over that at 50."""
    for network in NETWORKS:
        model = igcli.load_model(network, device=device)
        picture = igcli.read_image(sorted(SAMPLES.glob("*.jpg"))[0], view=model.view)
        peaks = []
        for steps in (50, 1000):
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
            igcli.attribute(model, picture, steps=steps)
            peaks.append(torch.cuda.max_memory_allocated() / 2**20)
        yield f"{network}, peak memory", f"{peaks[0]:.0f} MiB at 50 steps, {peaks[1]:.0f} at 1,000"


def out_of_memory(device: str) -> Rows:
    """A batch that does not fit: halved until it does, with the map of a batch that fits."""
    model = igcli.load_model("caltech101", device=device)
    picture = igcli.read_image(sorted(SAMPLES.glob("*.jpg"))[0], view=model.view)
    expected = igcli.attribute(model, picture, steps=2048, budget=igcli.Budget(32, device=model.device))
    free, _ = torch.cuda.mem_get_info()
    taken = torch.empty(free - LEFT_FREE, dtype=torch.uint8, device=device)
    budget = igcli.Budget(2048, device=model.device)
    found = igcli.attribute(model, picture, steps=2048, budget=budget)
    del taken
    difference = float((found.values - expected.values).norm() / expected.values.norm())
    yield (
        f"a batch of 2,048 with {LEFT_FREE / 2**30:.0f} GiB free",
        f"came down to {budget.size}; the map differs by {difference:.1e} from that in batches of 32",
    )


if __name__ == "__main__":
    main()
