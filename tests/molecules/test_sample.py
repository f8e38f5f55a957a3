"""A molecule as a Sample: features, the graph next to them, and filling up."""

from __future__ import annotations

import pytest
import torch

from igcli.errors import InputError
from igcli.inputs import TextInput
from igcli.molecules.features import featurise
from igcli.molecules.sample import MoleculeSample
from igcli.molecules.source import molecule_of


def sample(smiles: str, *, filled_up: bool) -> MoleculeSample:
    molecule = molecule_of(TextInput(smiles))
    return MoleculeSample(molecule, featurise(molecule.mol, distance=2), filled_up=filled_up)


def test_the_features_are_the_values_and_the_graph_is_not_differentiated():
    made = sample("CCO", filled_up=False)
    assert torch.equal(made.values[0], made.graph.atoms)
    assert torch.equal(made.values[1], made.graph.pairs)
    assert torch.equal(made.further[0], made.graph.index)
    assert made.layout.places == len(made.graph.atoms) + len(made.graph.pairs)


def test_molecules_of_about_one_size_are_filled_up_to_one_shape():
    first, second = sample("CCCCCC", filled_up=True), sample("CCCCCCC", filled_up=True)
    assert first.layout == second.layout
    atoms, pairs = first.values
    _, is_atom, is_pair = first.further
    assert torch.equal(atoms[is_atom], first.graph.atoms)
    assert torch.equal(pairs[is_pair], first.graph.pairs)
    assert not atoms[~is_atom].any()
    assert not pairs[~is_pair].any()


def test_one_atom_is_taken_by_a_network_that_is_given_masks_alone():
    assert not sample("[Na+]", filled_up=True).further[2].any()
    with pytest.raises(InputError, match="no pairs"):
        sample("[Na+]", filled_up=False)
