"""Atoms that a network of one weave module cannot distinguish (arXiv 1611.02639, §3.1: the anomaly of W1N2).

One module sees of an atom its own features and the sum of its pairs', and pairs do not know what their atoms are. Two
atoms that are alike in both receive the same contribution, whatever they are bonded to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from igcli.lazy import np
from igcli.molecules.features import Graph
from igcli.molecules.source import Molecule


@dataclass(frozen=True)
class EqualAtoms:
    """Atoms of a molecule with equal features and the same features of their pairs.

    Attributes
    ----------
    atoms
        Their positions; two or more, and not all of them alike by the molecule's own symmetry.
    kinds
        How many kinds they are by that symmetry, two or more: a network that sees farther can distinguish so many.
    """

    atoms: tuple[int, ...]
    kinds: int


def equal_atoms(molecule: Molecule, graph: Graph) -> list[EqualAtoms]:
    """The groups of a molecule's atoms that one weave module cannot distinguish, in the order of their first atoms."""
    from rdkit import Chem

    of_pairs: list[list[tuple[float, ...]]] = [[] for _ in graph.atoms]
    for (first, _), features in zip(graph.index.tolist(), graph.pairs.tolist(), strict=True):
        of_pairs[first].append(tuple(features))
    groups: dict[object, list[int]] = defaultdict(list)
    for atom, (features, others) in enumerate(zip(graph.atoms.tolist(), of_pairs, strict=True)):
        groups[(tuple(features), tuple(sorted(others)))].append(atom)
    symmetry = list(Chem.CanonicalRankAtoms(molecule.mol, breakTies=False))
    found = [EqualAtoms(tuple(atoms), len({symmetry[atom] for atom in atoms})) for atoms in groups.values()]
    return [group for group in found if group.kinds > 1]


def apart(values: np.ndarray, atoms: Sequence[int]) -> float:
    """How far the contributions of some atoms are apart, relative to the largest of their sizes; 0 where all are 0."""
    chosen = values[list(atoms)]
    largest = float(np.abs(chosen).max())
    return float(np.ptp(chosen)) / largest if largest else 0.0
