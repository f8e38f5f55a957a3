"""A plan with a toy network, for engines that work in other processes: all of it can be imported there."""

import os
import signal
import sys
from functools import partial
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))  # toys, in processes that pytest has not prepared

from toys import classifier, small_network

from igcli.attribution.result import Settings
from igcli.attribution.wanted import Wanted
from igcli.errors import WeightsError
from igcli.images.source import Found
from igcli.jobs.engines.scheduler import WorkerPlan
from igcli.jobs.item import items_of
from igcli.jobs.outputs.maps import Drawing, write_maps
from igcli.jobs.pipeline import process
from igcli.jobs.plan import Job


def load_toy(device):
    return classifier(small_network(), classes=5)


def load_nothing(device):
    raise WeightsError("The weights are damaged. Fetch them again.")


def write(plan, explained):
    return write_maps(plan, explained, methods=("integrated",), drawing=Drawing())


def write_and_die_once(plan, explained):
    """Dies half-way through photo 3, the first time: its overlay is there, its record is not."""
    flag = plan.output / "died"
    if explained.stem.name == "3" and not flag.exists():
        flag.write_text("")
        plan.output.joinpath("3.integrated.png").write_bytes(b"left behind")
        os.kill(os.getpid(), signal.SIGKILL)
    return write(plan, explained)


def write_and_die_always(plan, explained):
    if explained.stem.name == "3":
        os.kill(os.getpid(), signal.SIGKILL)
    return write(plan, explained)


def worker_plan_of(output, *, load=load_toy, write=write):
    output.mkdir(exist_ok=True)
    wanted = Wanted(settings=Settings(steps=4))
    plan = Job.of(load_toy("cpu"), wanted, output=output).plan
    return WorkerPlan(plan, load, partial(process, write=write), 16, 1, 1, Path.cwd())


def photos_in(folder, count):
    folder.mkdir()
    found = []
    for number in range(count):
        path = folder / f"{number}.png"
        Image.new("RGB", (12, 12), (9 * number % 256, 200, 255 - 7 * number % 256)).save(path)
        found.append(Found(path, Path(path.name)))
    return items_of(found)
