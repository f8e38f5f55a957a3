"""A graph network of one's own: the documented example, and what is wrong with others, in a sentence."""

from __future__ import annotations

import inspect
import textwrap

import pytest
import torch

pytest.importorskip("rdkit", reason="molecules need igcli[molecules]")

from igcli.attribution.attribute import attribute
from igcli.attribution.explain import explain
from igcli.errors import IgError, InputError, UsageError
from igcli.inputs import TextInput
from igcli.models import molecule_model
from igcli.models.weave import load_molecule_model
from igcli.molecules.contributions import Contributions


@pytest.fixture
def example(tmp_path, monkeypatch):
    """The code of the module's docstring, and weights for it."""
    _, _, code = inspect.getdoc(molecule_model).partition("::\n")
    file = tmp_path / "graph.py"
    file.write_text(textwrap.dedent(code))
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {}
    exec(compile(file.read_text(), str(file), "exec"), namespace)
    torch.manual_seed(0)
    torch.save(namespace["GraphNetwork"]().state_dict(), "graph.pt")
    return f"{file}:build"


def test_the_documented_example_is_short_and_works(example, tmp_path):
    assert len((tmp_path / "graph.py").read_text().strip().splitlines()) <= 23
    model = load_molecule_model(example)
    outcomes = explain(model, [model.read(TextInput(each)) for each in ("CCO", "CCCC(=O)O", "CCN")])
    for (outcome,) in outcomes:
        result = outcome.results["integrated"]
        assert result.completeness.within_tolerance
        found = Contributions.of(outcome.sample.graph, result.parts)
        assert sum(found.sums.values()) == pytest.approx(outcome.score.rise, rel=0.011, abs=0.001)  # the floor of a gap


def test_molecules_of_one_size_share_passes_with_the_answers_that_they_get_alone(example):
    model = load_molecule_model(example)
    samples = [model.read(TextInput(each)) for each in ("CCO", "CCN", "CCCC")]
    for (together,), sample in zip(explain(model, samples), samples, strict=True):
        alone = attribute(model, sample).values
        torch.testing.assert_close(together.results["integrated"].values, alone, rtol=1e-4, atol=1e-6)


def test_one_atom_alone_fails_with_a_sentence(example):
    with pytest.raises(InputError, match="no pairs"):
        load_molecule_model(example).read(TextInput("[Na+]"))


class Sums(torch.nn.Module):
    def __init__(self, outputs: int = 3, **said: object) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(11, outputs)
        for name, value in said.items():
            setattr(self, name, value)

    def forward(self, atoms, pairs, index):
        return self.linear(atoms.sum(1))


def test_outputs_without_names_are_called_by_their_number():
    model = molecule_model.MoleculeModel(Sums())
    model.try_out()
    assert list(model.labels) == ["output 0", "output 1", "output 2"]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"labels": "active"}, "names of its tasks"),
        ({"labels": ["a", "b"]}, "3 outputs and 2 labels"),
        ({"distance": 0}, "number of bonds"),
        ({"distance": "far"}, "number of bonds"),
        ({"featurise": lambda mol: None}, "returns an igcli"),
        ({"featurise": lambda mol: 1 / 0}, "ZeroDivisionError"),
        ({"takes_masks": True}, "does not take a molecule's features"),
    ],
)
def test_what_is_wrong_with_a_network_is_one_sentence(said, sentence):
    with pytest.raises(IgError, match=sentence):
        molecule_model.MoleculeModel(Sums(**said)).try_out()


def test_classes_that_exclude_each_other_share_a_softmax():
    model = molecule_model.MoleculeModel(Sums(multi_label=False))
    model.try_out()
    (outcome,) = explain(model, [model.read(TextInput("CCO"))])[0]
    assert sum(ranked.probability for ranked in outcome.prediction) == pytest.approx(1)
    assert outcome.score.kind == "softmax"


def test_features_of_the_networks_own_are_used():
    from igcli.molecules.features import featurise

    model = molecule_model.MoleculeModel(Sums(featurise=lambda mol: featurise(mol, distance=1)))
    assert model.read(TextInput("CCO")).graph.distances.max() == 1


def test_it_reads_entries_alone():
    with pytest.raises(UsageError, match="entries"):
        molecule_model.MoleculeModel(Sums()).read("CCO")
