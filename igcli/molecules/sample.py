"""A molecule as the Sample that is explained: the features of its atoms and pairs, and the graph next to them.

The path scales all features to 0 and keeps the graph: which atoms there are, and which of them are pairs.
"""

from __future__ import annotations

from igcli.errors import InputError
from igcli.lazy import torch
from igcli.molecules.features import Graph
from igcli.molecules.source import Molecule
from igcli.sample import Sample


class MoleculeSample(Sample):
    """A molecule's features: atoms (n, a) and pairs (p, f), importance summed over a and f.

    Further inputs of the network are ``index`` (p, 2) and, filled up, ``is_atom`` (n,) and ``is_pair`` (p,).

    Parameters
    ----------
    filled_up
        Fill n and p up to powers of 2 with rows of zeros, so that molecules of about the same size share passes. The
        network is given which rows are atoms and pairs, and must leave the others out.
    """

    kind = "molecule"

    def __init__(self, molecule: Molecule, graph: Graph, *, filled_up: bool) -> None:
        self.molecule, self.graph = molecule, graph
        atoms, pairs, index = graph.atoms, graph.pairs, graph.index
        further: tuple[torch.Tensor, ...] = ()
        if filled_up:
            rows, edges = _power_of_2(len(atoms)), _power_of_2(len(pairs))
            is_atom, is_pair = torch.arange(rows) < len(atoms), torch.arange(edges) < len(pairs)
            atoms, pairs, index = _filled(atoms, rows), _filled(pairs, edges), _filled(index, edges)
            further = (is_atom, is_pair)
        elif not len(pairs):
            raise InputError("It has no pairs of atoms, and this network takes pairs.")
        super().__init__((atoms, pairs), summed_axis=(1, 1), name=molecule.title, further=(index, *further))


def _power_of_2(count: int) -> int:
    return 1 << max(3, (count - 1).bit_length())


def _filled(rows: torch.Tensor, count: int) -> torch.Tensor:
    return torch.cat([rows, rows.new_zeros(count - len(rows), *rows.shape[1:])])
