"""Weave networks, against a second implementation that loops over atoms and pairs."""

from __future__ import annotations

import math

import pytest
import torch

from igcli.bundled.molecules.weave import CENTRES, WIDTHS, Weave, WeaveNetwork
from igcli.inputs import TextInput
from igcli.molecules.features import featurise
from igcli.molecules.sample import MoleculeSample
from igcli.molecules.source import molecule_of

SMILES = ["CC(=O)Oc1ccccc1C(=O)O", "[Na+].[Cl-]", "CCO", "C#CC", "c1ccncc1"]


def network(modules: int) -> WeaveNetwork:
    torch.manual_seed(0)
    made = WeaveNetwork(11, 6, tasks=3, modules=modules).double()
    for module in made.modules():  # statistics as after training, not those of no batch at all
        if isinstance(module, torch.nn.BatchNorm1d):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2)
    return made.eval()


def graph_of(smiles: str):
    return featurise(molecule_of(TextInput(smiles)).mol, distance=2)


def slow(made: WeaveNetwork, smiles: str) -> torch.Tensor:
    """(K,), as the paper has it: atom by atom, pair by pair."""
    graph = graph_of(smiles)
    atoms = [row.double()[None] for row in graph.atoms]
    pairs = {tuple(ij): row.double()[None] for ij, row in zip(graph.index.tolist(), graph.pairs, strict=True)}
    for weave in made.weaves:
        assert isinstance(weave, Weave)
        new_atoms = []
        for i, atom in enumerate(atoms):
            total = torch.zeros(1, 50, dtype=torch.float64)
            for (first, _), pair in pairs.items():
                total = total + weave.atom_from_pairs(pair) if first == i else total
            new_atoms.append(weave.atom_from_both(torch.cat([weave.atom_from_atom(atom), total], 1)))
        new_pairs = {}
        for (i, j), pair in pairs.items():
            both = weave.pair_from_atoms(torch.cat([atoms[i], atoms[j]], 1))
            both = both + weave.pair_from_atoms(torch.cat([atoms[j], atoms[i]], 1))
            new_pairs[i, j] = weave.pair_from_both(torch.cat([both, weave.pair_from_pair(pair)], 1))
        atoms, pairs = new_atoms, new_pairs
    total = torch.zeros(128 * 11, dtype=torch.float64)
    for atom in atoms:
        shares = []
        for value in made.to_features(atom)[0].tolist():
            heights = [math.exp(-((value - c) ** 2) / (2 * w**2)) for c, w in zip(CENTRES, WIDTHS, strict=True)]
            shares += [height / sum(heights) for height in heights]
        total = total + torch.tensor(shares, dtype=torch.float64)
    return made.logits(made.dense(total[None]))[0]


@pytest.mark.parametrize("modules", [1, 2, 3])
@torch.no_grad()
def test_same_logits_as_atom_by_atom(modules):
    made = network(modules)
    samples = [MoleculeSample(molecule_of(TextInput(each)), graph_of(each), filled_up=True) for each in SMILES]
    for smiles, sample in zip(SMILES, samples, strict=True):
        values = [each.double()[None] for each in sample.values]
        logits = made(*values, *(each[None] for each in sample.further))[0]
        torch.testing.assert_close(logits, slow(made, smiles), rtol=1e-9, atol=1e-9)


@torch.no_grad()
def test_molecules_do_not_affect_each_other():
    made, names = network(2), ("CCCCO", "CCCN", "CC1CC1")
    samples = [MoleculeSample(molecule_of(TextInput(each)), graph_of(each), filled_up=True) for each in names]
    values = [torch.stack([sample.values[k].double() for sample in samples]) for k in (0, 1)]
    together = made(*values, *(torch.stack([sample.further[k] for sample in samples]) for k in (0, 1, 2)))
    for row, each in enumerate(names):
        torch.testing.assert_close(together[row], slow(made, each), rtol=1e-9, atol=1e-9)


@torch.no_grad()
def test_the_order_of_atoms_does_not_matter():
    made = network(2)
    torch.testing.assert_close(slow(made, "OCCN"), slow(made, "NCCO"), rtol=1e-9, atol=1e-9)


@torch.no_grad()
def test_values_far_from_every_bin_have_shares_that_sum_to_one():
    from igcli.bundled.molecules.weave import _histogram

    shares = _histogram(torch.tensor([-1e4, -30.0, 0.0, 30.0, 1e4]))
    assert torch.isfinite(shares).all()
    torch.testing.assert_close(shares.sum(1), torch.ones(5))
