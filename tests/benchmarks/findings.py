"""The papers' findings, measured again on photographs and two networks that know them; prints a Markdown table.

    python tests/benchmarks/findings.py --imagenet imagenet-sample.zip --caltech caltech101.zip

EfficientNet-Lite0 (extra ``igcli[imagenet]``) sees ImageNet photographs, the bundled GoogLeNet the test part of
Caltech-101. Every photo's numbers are kept in ``out/findings`` at once: the same command goes on where it was
stopped. ``--only NAME`` measures one finding, ``--photos N`` fewer photographs.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

from finding_list import FINDINGS, Network, Photo, Record
from tqdm import tqdm

import igcli

SURE = 0.5  # mosaics are made of photos whose class is at least so probable


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--imagenet", type=Path, help="zip with photos/ and targets.csv")
    parser.add_argument("--caltech", type=Path, help="zip with test/CATEGORY/*.jpg")
    parser.add_argument("-o", "--output", type=Path, default=Path("out/findings"))
    parser.add_argument("--only", choices=list(FINDINGS), action="append")
    parser.add_argument("--photos", type=int, help="at most so many photographs for each finding")
    chosen = parser.parse_args()
    archives = {name: getattr(chosen, name) for name in NETWORKS}
    networks = [read(archives[name], chosen.output) for name, read in NETWORKS.items() if archives[name]]
    columns: list[dict[str, str]] = [{} for _ in networks]
    for name in chosen.only or FINDINGS:
        for network, column in zip(networks, columns, strict=True):
            records = measured(network, name, chosen.output, most=chosen.photos)
            column.update({part: f"{value} (n = {len(records)})" for part, value in FINDINGS[name].rows(records)})
    print("| finding | " + " | ".join(network.name for network in networks) + " |")
    print("| --- |" + " --- |" * len(networks))
    for part in dict.fromkeys(part for column in columns for part in column):
        print(f"| {part} | " + " | ".join(column.get(part, "–") for column in columns) + " |")


def measured(network: Network, name: str, folder: Path, *, most: int | None) -> list[Record]:
    """The records of one finding, those that are missing measured now."""
    cases = list(_cases(network, name, min(FINDINGS[name].count or len(network.photos), most or len(network.photos))))
    path = folder / network.name / f"{name}-{len(cases)}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    known = [json.loads(line) for line in path.read_text().splitlines()] if path.is_file() else []
    with path.open("a") as lines:
        for case in tqdm(cases[len(known) :], desc=f"{network.name} {name}"):
            known.append(FINDINGS[name].measure(network, case))
            lines.write(json.dumps(known[-1]) + "\n")
            lines.flush()
    return known[: len(cases)]


def _cases(network: Network, name: str, count: int) -> Iterator[Any]:
    if name != "mosaics":
        yield from network.spread(count)
        return
    sure = []
    order = random.Random(0).sample(range(len(network.photos)), len(network.photos))
    for photo in (network.photos[i] for i in order):
        if float(network.outputs(photo).softmax(0).max()) >= SURE:
            sure.append(photo)
        if len(sure) == 2 * count:
            break
    yield from [pair for pair in pairwise(sure) if pair[0].label != pair[1].label][:count]


def _imagenet(archive: Path, output: Path, device: str = "cpu") -> Network:
    folder = _unpacked(archive, output / "photos" / "imagenet")
    with (folder / "targets.csv").open(encoding="utf-8") as lines:
        photos = [Photo(folder / row["path"], int(row["target"])) for row in csv.DictReader(lines)]
    return Network("efficientnet_lite0", igcli.load_model("efficientnet_lite0", device=device), photos)


def _caltech(archive: Path, output: Path, device: str = "cpu") -> Network:
    folder = _unpacked(archive, output / "photos" / "caltech", part="test/")
    model = igcli.load_model("caltech101", device=device)
    files = sorted(folder.glob("test/*/*.jpg"))
    photos = [Photo(file, model.labels.find(file.parent.name.replace("water_lilly", "water lily"))) for file in files]
    return Network("caltech101", model, photos)


def _unpacked(archive: Path, folder: Path, *, part: str = "") -> Path:
    if not folder.is_dir():
        with zipfile.ZipFile(archive) as source:
            source.extractall(folder, [name for name in source.namelist() if name.startswith(part)])
    return folder


#: How each network and its photographs are read, by the option that names their archive.
NETWORKS = {"imagenet": _imagenet, "caltech": _caltech}


if __name__ == "__main__":
    main()
