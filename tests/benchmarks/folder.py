"""A folder end to end: photos a second, how busy the network is kept, memory from the 100th photo to the last.

python tests/benchmarks/folder.py caltech101.zip [PHOTOS [STEPS]]
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from photographs import test_photographs

ALONE = 10
SETTLED = 100


def main() -> None:
    archive = Path(sys.argv[1])
    count, steps = (int(text) for text in (sys.argv[2:4] + ["824", "64"][len(sys.argv) - 2 :]))
    with test_photographs(archive, count) as photos, tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "out"
        root = Path(*photos[0].parts[: photos[0].parts.index("test") + 1])
        memory, drawn = explain(root, output, steps=steps)
        account = json.loads((output / "run.json").read_text())
        print(
            f"{account['done']} photos, {steps} steps: {account['seconds']:.0f} s, "
            f"{account['photos_per_second']:.3g} photos/s, {account['gradients_per_second']:.3g} gradients/s; "
            f"the network was at work {account['model_busy']:.1%} of the time"
        )
        print(f"drawing and writing took {drawn:.1%} of that time, in parallel")
        if len(memory) > SETTLED:
            settled, last, peak = memory[SETTLED], memory[-1], max(memory)
            print(
                f"resident memory: {settled:.0f} MiB at photo {SETTLED}, {last:.0f} MiB at the last "
                f"({last / settled - 1:+.1%}), peak {peak:.0f} MiB"
            )
        print(f"largest difference from {ALONE} of them explained one by one: {difference(output, folder, steps):.1e}")


def explain(root: Path, output: Path, *, steps: int) -> tuple[list[float], float]:
    """Run ``ig explain``; its resident memory in MiB at every photo, and the share of time that drawing took."""
    command = [sys.executable, "-m", "igcli", "explain", str(root), "-r", "-o", str(output), "--steps", str(steps)]
    process = subprocess.Popen([*command, "--model", "caltech101", "--device", "cpu", "--json"], stdout=subprocess.PIPE)
    memory, drawn, began = [], 0.0, time.perf_counter()
    for line in process.stdout or ():
        status = Path(f"/proc/{process.pid}/status").read_text()
        memory.append(int(status.split("VmRSS:")[1].split()[0]) / 1024)
        drawn += json.loads(line)["timing"]["draw"]
    if process.wait() != 0:
        raise SystemExit("ig explain failed")
    return memory, drawn / (time.perf_counter() - began)


def difference(output: Path, folder: str, steps: int) -> float:
    """The largest relative difference in the sum of a map, of photos spread over the run."""
    records = [json.loads(line) for line in (output / "index.jsonl").read_text().splitlines()]
    worst = 0.0
    for record in records[:: max(1, len(records) // ALONE)][:ALONE]:
        alone = Path(folder) / "alone"
        command = [sys.executable, "-m", "igcli", "explain", record["image"]["path"], "-o", str(alone), "--overwrite"]
        subprocess.run([*command, "--model", "caltech101", "--device", "cpu", "--steps", str(steps), "-q"], check=True)
        again = json.loads((alone / f"{Path(record['image']['path']).stem}.json").read_text())
        one, two = (each["results"][0]["sum"] for each in (record, again))
        worst = max(worst, abs(one - two) / max(abs(one), 1e-9))
    return worst


if __name__ == "__main__":
    main()
