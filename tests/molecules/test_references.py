"""A reference molecule's features on another molecule's graph."""

from __future__ import annotations

import pytest
import torch

from igcli.attribution.explain import explain
from igcli.attribution.integrate import integrate
from igcli.attribution.result import Settings
from igcli.attribution.wanted import Wanted
from igcli.errors import UsageError
from igcli.inputs import TextInput
from igcli.models.weave import load_molecule_model
from igcli.molecules.features import featurise
from igcli.molecules.references import laid_on
from igcli.molecules.sample import MoleculeSample
from igcli.molecules.source import molecule_of


def graph_of(smiles):
    return featurise(molecule_of(TextInput(smiles)).mol, distance=2)


def sample_of(smiles):
    return MoleculeSample(molecule_of(TextInput(smiles)), graph_of(smiles), filled_up=True)


def parts(sample, packed):
    return [part[0] for part in sample.layout.unpack(packed[None])]


def test_atoms_and_pairs_have_features_of_the_reference_pairs_of_those_as_far_apart():
    sample, reference = sample_of("CC(=O)Oc1ccccc1C(=O)O"), graph_of("ClC#N")
    atoms, pairs = parts(sample, laid_on(sample, reference, seed=0))
    graph = sample.graph
    known = {tuple(row) for row in reference.atoms.tolist()}
    assert {tuple(row) for row in atoms[: len(graph.atoms)].tolist()} == known  # thirteen draws of three kinds
    for row, distance in zip(pairs[: len(graph.pairs)].tolist(), graph.distances.tolist(), strict=True):
        assert row in reference.pairs[reference.distances == distance].tolist()


def test_both_orders_of_a_pair_are_alike_and_rows_that_fill_up_stay_zero():
    sample = sample_of("CCOC(=O)c1ccccc1")
    atoms, pairs = parts(sample, laid_on(sample, graph_of("CC(=O)O"), seed=3))
    of_pair = {tuple(pair): row for pair, row in zip(sample.graph.index.tolist(), pairs.tolist(), strict=False)}
    assert all(of_pair[i, j] == of_pair[j, i] for i, j in of_pair)
    assert not atoms[len(sample.graph.atoms) :].any()
    assert not pairs[len(sample.graph.pairs) :].any()


def test_the_same_seed_draws_the_same_and_others_do_not():
    sample, reference = sample_of("CC(=O)Oc1ccccc1C(=O)O"), graph_of("ClCC#N")
    first, again, other = (laid_on(sample, reference, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_from_one_atom_alone_it_is_integrated_gradients_from_that_element_everywhere(tmp_path):
    model, file = load_molecule_model("w2n2"), tmp_path / "methane.smi"
    file.write_text("C methane\nc1cccc broken\n")
    sample = model.read(TextInput("CC(=O)Oc1ccccc1C(=O)O"))
    settings = Settings(baseline=str(file), steps=40, score="logit")
    ((outcome,),) = explain(model, [sample], Wanted(targets=("index:5",), settings=settings))
    carbon = torch.zeros_like(sample.values[0])
    carbon[: len(sample.graph.atoms), 1] = 1
    expected = integrate(
        lambda *inputs: model(*inputs)[:, 5],
        tuple(each[None] for each in sample.values),
        (carbon[None], torch.zeros_like(sample.values[1])[None]),
        further=tuple(each[None] for each in sample.further),
        steps=40,
    )
    for one, other in zip(outcome.results["integrated"].parts, expected.values, strict=True):
        torch.testing.assert_close(one, other[0], rtol=1e-3, atol=1e-5)


def test_a_file_without_a_molecule_is_refused(tmp_path):
    file = tmp_path / "none.smi"
    file.write_text("c1cccc\n")
    model = load_molecule_model("w2n2")
    with pytest.raises(UsageError, match="no molecule to start from"):
        model.baselines_from(file, model.read(TextInput("CCO")))
