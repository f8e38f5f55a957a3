"""The features that a graph network sees of a molecule: of its atoms, and of its pairs of near atoms.

The "simple" features of arXiv 1611.02639 (footnote 6), from arXiv 1603.00856: an atom is its element alone; a pair is
its kind of bond, where there is one, and its distance in bonds. There are no charges, rings or hydrogens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from igcli.lazy import np, torch

if TYPE_CHECKING:
    from rdkit.Chem import Mol

ELEMENTS = ("H", "C", "N", "O", "F", "P", "S", "Cl", "Br", "I")
ATOM_FEATURES = (*ELEMENTS, "metal")
BONDS = ("SINGLE", "DOUBLE", "TRIPLE", "AROMATIC")
_NOT_METALS = {"He", "B", "Ne", "Si", "Ar", "Ge", "As", "Se", "Kr", "Te", "Xe", "At", "Rn", "Og", "Ts", "*"}


@dataclass(frozen=True)
class Graph:
    """A molecule of n atoms and p ordered pairs of atoms, (i, j) and (j, i) both.

    Attributes
    ----------
    atoms
        (n, a) float32: which element each atom is; a row of zeros for an element without a column.
    pairs
        (p, f) float32: kind of bond, and distance.
    index
        (p, 2) int64: the atoms i and j of each pair, in the order of i, then j.
    distances
        (p,) int64: how many bonds they are apart.
    """

    atoms: torch.Tensor
    pairs: torch.Tensor
    index: torch.Tensor
    distances: torch.Tensor


def pair_features(distance: int) -> tuple[str, ...]:
    """The names of a pair's features: kinds of bond, then the distances up to ``distance`` bonds."""
    return (*(kind.lower() for kind in BONDS), *(f"distance {d}" for d in range(1, distance + 1)))


def featurise(mol: Mol, *, distance: int) -> Graph:
    """The simple features of a molecule's atoms, and of its pairs that are at most ``distance`` bonds apart.

    Atoms are in the molecule's order; hydrogens that are not atoms of their own in it are left out.
    """
    count = mol.GetNumAtoms()
    atoms = np.zeros((count, len(ATOM_FEATURES)), np.float32)
    for i, atom in enumerate(mol.GetAtoms()):
        column = _column(atom.GetSymbol())
        if column is not None:
            atoms[i, column] = 1
    between = _near(mol, distance)
    index = np.array(sorted(between), np.int64).reshape(-1, 2)
    pairs = np.zeros((len(index), len(BONDS) + distance), np.float32)
    for row, (i, j) in enumerate(index.tolist()):
        pairs[row, len(BONDS) + between[i, j] - 1] = 1
        bond = mol.GetBondBetweenAtoms(i, j) if between[i, j] == 1 else None
        if bond is not None and bond.GetBondType().name in BONDS:
            pairs[row, BONDS.index(bond.GetBondType().name)] = 1
    distances = torch.tensor([between[i, j] for i, j in index.tolist()], dtype=torch.int64)
    return Graph(torch.from_numpy(atoms), torch.from_numpy(pairs), torch.from_numpy(index), distances)


def _column(symbol: str) -> int | None:
    if symbol in ELEMENTS:
        return ELEMENTS.index(symbol)
    return None if symbol in _NOT_METALS else len(ELEMENTS)


def _near(mol: Mol, distance: int) -> dict[tuple[int, int], int]:
    """The distance of every ordered pair of atoms that are near: breadth first, for a molecule of any size."""
    neighbours = [[other.GetIdx() for other in atom.GetNeighbors()] for atom in mol.GetAtoms()]
    found: dict[tuple[int, int], int] = {}
    for start in range(len(neighbours)):
        seen, frontier = {start}, [start]
        for away in range(1, distance + 1):
            frontier = sorted({other for here in frontier for other in neighbours[here]} - seen)
            seen.update(frontier)
            found.update(((start, other), away) for other in frontier)
    return found
