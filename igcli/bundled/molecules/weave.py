"""Weave networks WxNy of molecules (Kearnes et al. 2016, arXiv 1603.00856): x modules, pairs up to y bonds apart.

Every layer is shared by all atoms, or by all pairs of atoms. The dense part is smaller here than in the paper
(256 and 64 wide, not 2000 and 100), and each task has one logit in place of a softmax of two.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

WIDTH = 50
FEATURES = 128
DENSE = (256, 64)
DROPOUT = 0.25
#: Centres and widths of the histogram's soft bins, of standardised values.
CENTRES = (-1.645, -1.080, -0.739, -0.468, -0.228, 0.0, 0.228, 0.468, 0.739, 1.080, 1.645)
WIDTHS = (0.283, 0.170, 0.134, 0.118, 0.114, 0.114, 0.114, 0.118, 0.134, 0.170, 0.283)


def layer(inputs: int, outputs: int) -> nn.Sequential:
    """Linear, batch norm, ReLU."""
    return nn.Sequential(nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU())


class Weave(nn.Module):
    """One module: new features of the atoms, and of the pairs, from both.

    The last module's pairs are used by nothing, as in the paper: ``pair_from_atoms``, ``pair_from_pair`` and
    ``pair_from_both`` of it receive no gradient.
    """

    def __init__(self, atom_features: int, pair_features: int) -> None:
        super().__init__()
        self.atom_from_atom = layer(atom_features, WIDTH)
        self.atom_from_pairs = layer(pair_features, WIDTH)
        self.atom_from_both = layer(2 * WIDTH, WIDTH)
        self.pair_from_atoms = layer(2 * atom_features, WIDTH)
        self.pair_from_pair = layer(pair_features, WIDTH)
        self.pair_from_both = layer(2 * WIDTH, WIDTH)

    def new_atoms(self, atoms: Tensor, pairs: Tensor, index: Tensor) -> Tensor:
        """(N, 50) from atoms (N, a), pairs (P, f) and the atoms (P, 2) of each: its own, and the sum of its pairs'."""
        of_pairs = atoms.new_zeros(len(atoms), WIDTH).index_add(0, index[:, 0], self.atom_from_pairs(pairs))
        new: Tensor = self.atom_from_both(torch.cat([self.atom_from_atom(atoms), of_pairs], dim=1))
        return new

    def new_pairs(self, atoms: Tensor, pairs: Tensor, index: Tensor) -> Tensor:
        """(P, 50): symmetric in the two atoms."""
        first, second = atoms[index[:, 0]], atoms[index[:, 1]]
        of_atoms = self.pair_from_atoms(torch.cat([first, second], dim=1))
        of_atoms = of_atoms + self.pair_from_atoms(torch.cat([second, first], dim=1))
        new: Tensor = self.pair_from_both(torch.cat([of_atoms, self.pair_from_pair(pairs)], dim=1))
        return new


class WeaveNetwork(nn.Module):
    """Molecules to one logit per task.

    Parameters
    ----------
    atom_features, pair_features
        Numbers per atom and per pair.
    tasks
        How many logits.
    modules
        x of WxNy, at least 1.
    """

    takes_masks = True

    def __init__(self, atom_features: int, pair_features: int, *, tasks: int, modules: int) -> None:
        super().__init__()
        sizes = [(atom_features, pair_features), *[(WIDTH, WIDTH)] * (modules - 1)]
        self.weaves = nn.ModuleList(Weave(*size) for size in sizes)
        self.to_features = nn.Sequential(nn.Linear(WIDTH, FEATURES), nn.Tanh(), nn.BatchNorm1d(FEATURES))
        widths = (FEATURES * len(CENTRES), *DENSE)
        self.dense = nn.Sequential(
            *(nn.Sequential(layer(inputs, outputs), nn.Dropout(DROPOUT)) for inputs, outputs in pairwise(widths))
        )
        self.logits = nn.Linear(DENSE[-1], tasks)

    def forward(self, atoms: Tensor, pairs: Tensor, index: Tensor, is_atom: Tensor, is_pair: Tensor) -> Tensor:
        """Logits (B, K) of B molecules that are filled up to one size.

        Parameters
        ----------
        atoms, pairs, index
            (B, n, a), (B, p, f), (B, p, 2): of each molecule its graph's.
        is_atom, is_pair
            (B, n), (B, p) bool: which rows are atoms and pairs of the molecule; the others have no part in anything.
        """
        place = is_atom.flatten().cumsum(0).reshape(is_atom.shape) - 1  # of each atom among those of all molecules
        ends = place.gather(1, index.flatten(1)).reshape(index.shape)
        owner = is_atom.nonzero()[:, 0]
        return self.of_graphs(atoms[is_atom], pairs[is_pair], ends[is_pair], owner, len(atoms))

    def of_graphs(self, atoms: Tensor, pairs: Tensor, index: Tensor, owner: Tensor, count: int) -> Tensor:
        """Logits (B, K) of B molecules one after another.

        Parameters
        ----------
        atoms, pairs
            (N, a), (P, f) of all molecules.
        index
            (P, 2): the atoms of each pair, among the N.
        owner
            (N,): the molecule of each atom.
        count
            B.
        """
        last = len(self.weaves) - 1
        for number, weave in enumerate(self.weaves):
            assert isinstance(weave, Weave)  # noqa: S101 - as it was built
            new = weave.new_atoms(atoms, pairs, index)
            pairs = pairs if number == last else weave.new_pairs(atoms, pairs, index)
            atoms = new
        bins = _histogram(self.to_features(atoms)).flatten(1)
        of_molecules = bins.new_zeros(count, bins.shape[1]).index_add(0, owner, bins)
        logits: Tensor = self.logits(self.dense(of_molecules))
        return logits


def _histogram(values: Tensor) -> Tensor:
    """The share (..., 11) of each value in each soft bin: Gaussians of height 1, normalised to sum 1."""
    centres, widths = values.new_tensor(CENTRES), values.new_tensor(WIDTHS)
    # softmax of their logarithms, since far from all centres every Gaussian underflows
    return (-(((values[..., None] - centres) / widths) ** 2) / 2).softmax(dim=-1)
