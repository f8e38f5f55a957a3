"""The simple features, against what RDKit says of each atom and pair."""

from __future__ import annotations

import pytest
import torch
from rdkit import Chem

from igcli.molecules.features import ATOM_FEATURES, BONDS, ELEMENTS, featurise, pair_features

SMILES = ["CCO", "CC(=O)Oc1ccccc1C(=O)O", "C#N", "[Na+].[Cl-]", "C1CC1", "Clc1cc2ccccc2nc1Br", "[Pt](N)(N)(Cl)Cl"]


@pytest.mark.parametrize("smiles", SMILES)
@pytest.mark.parametrize("distance", [1, 2, 4])
def test_pairs_are_those_within_the_distance_in_both_orders(smiles, distance):
    mol = Chem.MolFromSmiles(smiles)
    graph = featurise(mol, distance=distance)
    away = Chem.GetDistanceMatrix(mol)
    near = [[i, j] for i in range(len(away)) for j in range(len(away)) if 0 < away[i, j] <= distance]
    assert graph.index.tolist() == near
    assert graph.distances.tolist() == [away[i, j] for i, j in near]
    assert graph.pairs[:, len(BONDS) :].argmax(1).tolist() == [away[i, j] - 1 for i, j in near]


@pytest.mark.parametrize("smiles", SMILES)
def test_a_bond_has_its_kind_and_other_pairs_have_none(smiles):
    mol = Chem.MolFromSmiles(smiles)
    graph = featurise(mol, distance=2)
    for (i, j), features in zip(graph.index.tolist(), graph.pairs, strict=True):
        bond = mol.GetBondBetweenAtoms(i, j)
        said = [BONDS[k] for k in features[: len(BONDS)].nonzero().flatten().tolist()]
        assert said == ([] if bond is None else [bond.GetBondType().name])


def test_an_atom_is_its_element_alone():
    graph = featurise(Chem.MolFromSmiles("C[N+](C)(C)CCO"), distance=2)
    assert [ATOM_FEATURES[row.argmax()] for row in graph.atoms] == ["C", "N", "C", "C", "C", "C", "O"]
    assert torch.equal(graph.atoms.sum(1), torch.ones(7))


def test_metals_share_a_column_and_other_elements_have_none():
    graph = featurise(Chem.MolFromSmiles("[Na+].[Zn+2].[B-](F)(F)(F)F.[Si]"), distance=2)
    assert graph.atoms[:2, len(ELEMENTS)].tolist() == [1, 1]
    assert graph.atoms[2].sum() == graph.atoms[7].sum() == 0


def test_one_atom_has_no_pairs():
    graph = featurise(Chem.MolFromSmiles("[Na+]"), distance=2)
    assert graph.pairs.shape == (0, len(pair_features(2)))
    assert graph.index.shape == (0, 2)
