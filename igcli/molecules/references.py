"""A reference molecule's features on the graph of another molecule: where a path of expected gradients starts.

The graph is kept along a path, and two molecules have different ones. So each atom is given the features of an atom of
the reference, drawn at random, and each pair those of one of its pairs that are as many bonds apart. What is compared
is the molecule with others made of the reference's atoms and bonds in their proportions.
"""

from __future__ import annotations

from igcli.lazy import torch
from igcli.molecules.features import Graph
from igcli.molecules.sample import MoleculeSample


def laid_on(sample: MoleculeSample, reference: Graph, *, seed: int) -> torch.Tensor:
    """The sample's packed values with features of ``reference`` in place of its own; rows that fill it up stay 0.

    Both orders of a pair have the same features. A pair for which the reference has none as far apart has zeros.
    """
    generator = torch.Generator().manual_seed(seed)
    graph = sample.graph
    atoms, pairs = (torch.zeros_like(part) for part in sample.layout.unpack(sample.packed[None]))
    drawn = torch.randint(len(reference.atoms), (len(graph.atoms),), generator=generator)
    atoms[0, : len(graph.atoms)] = reference.atoms[drawn]
    chosen: dict[tuple[int, int], int] = {}
    for row, ((first, second), distance) in enumerate(zip(graph.index.tolist(), graph.distances.tolist(), strict=True)):
        key = min(first, second), max(first, second)
        if key not in chosen:
            alike = (reference.distances == distance).nonzero().flatten()
            place = torch.randint(len(alike), (1,), generator=generator) if len(alike) else None
            chosen[key] = -1 if place is None else int(alike[place])
        if chosen[key] >= 0:
            pairs[0, row] = reference.pairs[chosen[key]]
    return sample.layout.pack((atoms[0], pairs[0]))
