"""A recipe with a toy network, for engines that work in other processes: all of it can be imported there."""

import os
import signal
import sys
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))  # toys, in processes that pytest has not prepared

from toys import classifier, small_network

from igcli.attribution.result import Settings
from igcli.attribution.wanted import Wanted
from igcli.errors import WeightsError
from igcli.images.options import ReadOptions
from igcli.images.source import Found
from igcli.jobs.drawing import Drawing
from igcli.jobs.engines.recipe import Recipe
from igcli.jobs.explaining import leave_maps
from igcli.jobs.item import items_of


def load_toy(device):
    return classifier(small_network(), classes=5)


def load_nothing(device):
    raise WeightsError("The weights are damaged. Fetch them again.")


def leave(desk, explained):
    return leave_maps(desk, explained, methods=("integrated",), drawing=Drawing())


def leave_and_die_once(desk, explained):
    """Dies half-way through photo 3, the first time: its overlay is there, its record is not."""
    flag = desk.output / "died"
    if explained.stem.name == "3" and not flag.exists():
        flag.write_text("")
        desk.output.joinpath("3.integrated.png").write_bytes(b"left behind")
        os.kill(os.getpid(), signal.SIGKILL)
    return leave(desk, explained)


def leave_and_die_always(desk, explained):
    if explained.stem.name == "3":
        os.kill(os.getpid(), signal.SIGKILL)
    return leave(desk, explained)


def recipe_of(output, *, load=load_toy, leave=leave):
    output.mkdir(exist_ok=True)
    wanted = Wanted(settings=Settings(steps=4))
    return Recipe(load, leave, wanted, "crop", ReadOptions(), output, 16, 1, 1, Path.cwd())


def photos_in(folder, count):
    folder.mkdir()
    found = []
    for number in range(count):
        path = folder / f"{number}.png"
        Image.new("RGB", (12, 12), (9 * number % 256, 200, 255 - 7 * number % 256)).save(path)
        found.append(Found(path, Path(path.name)))
    return items_of(found)
