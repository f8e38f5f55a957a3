"""Tox21's molecules and labels from its CSV, split by scaffold."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import torch
from rdkit import Chem, rdBase
from rdkit.Chem.Scaffolds import MurckoScaffold
from torch import Tensor

from igcli.molecules.features import Graph, featurise

#: Shares of the molecules: to train on, to choose the epoch by, to measure on.
PARTS = {"train": 0.8, "valid": 0.1, "test": 0.1}


@dataclass(frozen=True)
class LabelledMolecules:
    """N molecules.

    Attributes
    ----------
    smiles
        As the file has them.
    graphs
        Their features.
    labels
        (N, K) float32: 1 active, 0 inactive, NaN not measured.
    """

    smiles: list[str]
    graphs: list[Graph]
    labels: Tensor

    def __len__(self) -> int:
        return len(self.graphs)


@dataclass(frozen=True)
class Batch:
    """Molecules one after another, as :meth:`~igcli.bundled.molecules.weave.WeaveNetwork.of_graphs` takes them."""

    atoms: Tensor
    pairs: Tensor
    index: Tensor
    owner: Tensor
    labels: Tensor


def read_tox21(file: Path) -> tuple[list[str], list[str], list[list[float]]]:
    """The tasks, and of every molecule that can be read the SMILES and its labels; columns as Tox21's file has them."""
    with gzip.open(file, "rt", encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    tasks = [name for name in rows[0] if name not in ("smiles", "mol_id")]
    smiles, labels = [], []
    with rdBase.BlockLogs():
        for row in rows:
            mol = Chem.MolFromSmiles(row["smiles"])
            if mol is not None and mol.GetNumAtoms():
                smiles.append(row["smiles"])
                labels.append([float(row[task] or "nan") for task in tasks])
    return tasks, smiles, labels


def read_parts(file: Path, *, distance: int) -> tuple[list[str], dict[str, LabelledMolecules]]:
    """The tasks, and the three parts with their features."""
    tasks, smiles, labels = read_tox21(file)
    found = {}
    for part, chosen in split_by_scaffold(smiles).items():
        own = [smiles[i] for i in chosen]
        graphs = [featurise(_molecule(each), distance=distance) for each in own]
        found[part] = LabelledMolecules(own, graphs, torch.tensor([labels[i] for i in chosen]))
    return tasks, found


def split_by_scaffold(smiles: list[str]) -> dict[str, list[int]]:
    """The positions of each part: all molecules of one Murcko scaffold in one part, the largest groups first.

    So the molecules that are measured on have scaffolds that were never trained on.
    """
    groups = defaultdict(list)
    for position, each in enumerate(smiles):
        scaffold = MurckoScaffold.MurckoScaffoldSmiles(mol=_molecule(each))  # type: ignore[no-untyped-call]
        groups[scaffold].append(position)
    parts: dict[str, list[int]] = {name: [] for name in PARTS}
    for group in sorted(groups.values(), key=lambda group: (-len(group), group[0])):
        if len(parts["train"]) + len(group) <= PARTS["train"] * len(smiles):
            parts["train"] += group
        elif len(parts["valid"]) + len(group) <= PARTS["valid"] * len(smiles):
            parts["valid"] += group
        else:
            parts["test"] += group
    return parts


def batch_of(molecules: LabelledMolecules, positions: list[int]) -> Batch:
    """Some of the molecules in one batch."""
    graphs = [molecules.graphs[i] for i in positions]
    sizes = torch.tensor([len(graph.atoms) for graph in graphs])
    starts = (sizes.cumsum(0) - sizes).tolist()
    return Batch(
        torch.cat([graph.atoms for graph in graphs]),
        torch.cat([graph.pairs for graph in graphs]),
        torch.cat([graph.index + start for graph, start in zip(graphs, starts, strict=True)]),
        torch.arange(len(graphs)).repeat_interleave(sizes),
        molecules.labels[torch.tensor(positions)],
    )


def _molecule(smiles: str) -> Chem.Mol:
    with rdBase.BlockLogs():
        return Chem.MolFromSmiles(smiles)
