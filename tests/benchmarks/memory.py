"""Does memory grow with the number of steps? Peak memory at 1,000 steps over that at 50, each in a fresh process."""

from __future__ import annotations

import subprocess
import sys

from table import Section
from trial import SAMPLES, Trial

CHUNK = 8
FEW, MANY = 50, 1000
PROGRAM = """
import resource, sys, torch, igcli

def most_resident():
    try:  # ru_maxrss begins, on Linux, with what the process had that started this one
        lines = open("/proc/self/status").read().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)

photo, device, steps, chunk = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
model = igcli.load_model(sys.argv[5], device=device)
picture = igcli.read_image(photo, view=model.view)
igcli.attribute(model, picture, steps=steps, budget=igcli.Budget(chunk, device=model.device))
if model.device.type == "cuda":
    print(torch.cuda.max_memory_allocated(model.device))
else:
    print(most_resident())
"""


def measure(trial: Trial) -> Section:
    """Two processes, one photo."""
    few, many = (peak(trial.options.model, steps, device=str(trial.model.device)) for steps in (FEW, MANY))
    kind = "memory of the GPU" if trial.model.device.type == "cuda" else "resident memory"
    return Section(
        f"Peak {kind} of a fresh process, chunks of {CHUNK}",
        ("steps", "MiB", f"x {FEW} steps"),
        [(str(FEW), f"{few:.0f}", "1.000"), (str(MANY), f"{many:.0f}", f"{many / few:.3f}")],
        {"chunk": CHUNK, "mebibytes": {str(FEW): few, str(MANY): many}, "ratio": many / few},
    )


def peak(model: str, steps: int, *, device: str) -> float:
    """Peak memory in MiB of a process that explains one photo."""
    command = [sys.executable, "-c", PROGRAM, SAMPLES / "motorcycle.jpg", device, str(steps), str(CHUNK), model]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1]) / 2**20
