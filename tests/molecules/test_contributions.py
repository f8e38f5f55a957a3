"""Contributions: every number of an attribution once, pairs of both orders together."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from igcli.inputs import TextInput
from igcli.molecules.contributions import Contributions
from igcli.molecules.features import featurise
from igcli.molecules.source import molecule_of


@pytest.fixture
def made():
    graph = featurise(molecule_of(TextInput("CC(=O)Oc1ccccc1")).mol, distance=2)
    generator = torch.Generator().manual_seed(0)
    parts = tuple(torch.randn(each.shape, generator=generator) for each in (graph.atoms, graph.pairs))
    return graph, parts, Contributions.of(graph, parts)


def test_all_together_are_the_attribution(made):
    _, parts, found = made
    total = sum(float(part.double().sum()) for part in parts)
    assert sum(found.sums.values()) == pytest.approx(total, abs=1e-9)
    assert np.nansum(found.matrix) == pytest.approx(total, abs=1e-9)


def test_a_pair_has_both_its_orders(made):
    graph, parts, found = made
    rows = graph.index.tolist()
    for pair in found.pairs:
        both = [rows.index([pair.first, pair.second]), rows.index([pair.second, pair.first])]
        assert pair.value == pytest.approx(float(parts[1][both].double().sum()), abs=1e-9)
        assert pair.first < pair.second
    assert 2 * len(found.pairs) == len(rows)


def test_bonded_pairs_are_those_one_bond_apart(made):
    _, _, found = made
    assert found.sums["bonded_pairs"] == sum(pair.value for pair in found.pairs if pair.distance == 1)
    assert {pair.distance for pair in found.pairs} == {1, 2}


def test_the_matrix_is_symmetric_and_empty_where_there_is_no_pair(made):
    graph, _, found = made
    matrix = found.matrix
    assert np.array_equal(matrix, matrix.T, equal_nan=True)
    assert np.isfinite(matrix).sum() == len(graph.atoms) + len(graph.index)


def test_rows_of_zeros_that_fill_up_change_nothing(made):
    graph, (atoms, pairs), found = made
    filled = torch.cat([atoms, torch.zeros(5, atoms.shape[1])]), torch.cat([pairs, torch.zeros(9, pairs.shape[1])])
    again = Contributions.of(graph, filled)
    assert np.array_equal(again.atoms, found.atoms)
    assert again.pairs == found.pairs
