"""Groups of atoms that one weave module cannot distinguish."""

from __future__ import annotations

import numpy as np
import pytest

from igcli.inputs import TextInput
from igcli.molecules.equal_atoms import EqualAtoms, apart, equal_atoms
from igcli.molecules.features import featurise
from igcli.molecules.source import molecule_of


def groups(smiles: str) -> list[EqualAtoms]:
    molecule = molecule_of(TextInput(smiles))
    return equal_atoms(molecule, featurise(molecule.mol, distance=2))


def test_atoms_with_other_neighbours_but_the_same_pairs_are_a_group():
    # each end carbon has one single bond and one atom two bonds away; one is bonded to N, the other to O
    assert groups("CNCOC") == [EqualAtoms((0, 4), 2)]


@pytest.mark.parametrize("smiles", ["CC", "c1ccccc1", "C1CC1", "O=C=O"])
def test_atoms_alike_by_symmetry_are_none(smiles):
    assert groups(smiles) == []


def test_elements_and_bonds_distinguish():
    assert groups("C=O") == []
    assert groups("CO") == []


def test_apart_is_relative_to_the_largest():
    assert apart(np.array([1.0, 2.0, -1.0]), (0, 1)) == 0.5
    assert apart(np.zeros(3), (0, 1)) == 0.0
