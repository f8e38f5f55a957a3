"""The bundled networks of molecules: completeness, Captum's numbers on the same nodes, shared passes."""

from __future__ import annotations

import pytest
import torch

pytest.importorskip("rdkit", reason="molecules need igcli[molecules]")

from igcli.attribution.attribute import attribute
from igcli.attribution.explain import explain
from igcli.attribution.integrate import integrate
from igcli.attribution.result import Settings
from igcli.attribution.wanted import Wanted
from igcli.errors import UsageError
from igcli.evaluation.dead_features import dead_features
from igcli.inputs import TextInput
from igcli.models.weave import MODULES, TASKS, load_molecule_model
from igcli.molecules.contributions import Contributions
from igcli.molecules.equal_atoms import apart, equal_atoms

SMILES = [
    "CC(=O)Oc1ccccc1C(=O)O", "c1ccc2c(c1)ccc1ccccc12", "CCO", "[Na+].[Cl-]", "CN1C=NC2=C1C(=O)N(C)C(=O)N2C", "CCCCN",
    "CC(C)Cc1ccc(cc1)C(C)C(=O)O",
]  # fmt: skip


@pytest.fixture(scope="module", params=sorted(MODULES))
def model(request):
    return load_molecule_model(request.param)


def samples_of(model, *smiles):
    return [model.read(TextInput(each)) for each in smiles or SMILES]


def test_it_has_the_tasks_of_tox21(model):
    assert tuple(model.labels) == TASKS
    assert model.multi_label


@pytest.mark.parametrize("score", ["sigmoid", "logit"])
def test_contributions_sum_to_the_rise_of_the_score(model, score):
    for (outcome,) in explain(model, samples_of(model), Wanted(settings=Settings(score=score))):
        result = outcome.results["integrated"]
        assert result.completeness.within_tolerance
        moved = abs(outcome.score.rise) if result.completeness.relative_to == "rise" else outcome.trace.span
        assert result.completeness.gap <= max(0.01 * moved, result.completeness.floor)
        found = Contributions.of(outcome.sample.graph, result.parts)
        assert sum(found.sums.values()) == pytest.approx(result.total, rel=1e-5, abs=1e-6)


def test_molecules_of_different_sizes_share_passes_with_the_answers_that_they_get_alone(model):
    samples, calls = samples_of(model), []
    handle = model.network.register_forward_hook(lambda *_: calls.append(1))
    try:
        together = explain(model, samples, Wanted(("integrated", "gradient")))
        shared = len(calls)
        alone = [explain(model, [sample], Wanted(("integrated", "gradient")))[0] for sample in samples]
    finally:
        handle.remove()
    assert shared < len(calls) - shared
    for (one,), (other,) in zip(together, alone, strict=True):
        for name, result in one.results.items():
            torch.testing.assert_close(result.values, other.results[name].values, rtol=1e-3, atol=1e-6)


def test_same_numbers_as_captum_on_the_same_nodes(model):
    captum = pytest.importorskip("captum.attr", reason="the oracle is captum")
    sample = model.read(TextInput(SMILES[0]))
    values, further = (
        [each[None].requires_grad_() for each in sample.values],
        tuple(each[None] for each in sample.further),
    )
    for score in ("logit", "sigmoid"):

        def function(atoms, pairs, *graph, score=score):
            logits = model(atoms, pairs, *(each.expand(len(atoms), *each.shape[1:]) for each in graph))
            return logits if score == "logit" else logits.sigmoid()

        settings = {"score": score, "target": 3}
        with model.frozen():
            expected = captum.IntegratedGradients(function).attribute(
                tuple(values), additional_forward_args=further, target=3, n_steps=40, method="riemann_middle"
            )
            gradients = captum.Saliency(function).attribute(
                tuple(values), additional_forward_args=further, target=3, abs=False
            )
        ours = attribute(model, sample, steps=40, rule="midpoint", **settings)
        for part, each in zip(ours.parts, expected, strict=True):
            torch.testing.assert_close(part, each[0].float(), rtol=1e-4, atol=1e-6)
        ours = attribute(model, sample, method="gradient", **settings)
        for part, each in zip(ours.parts, gradients, strict=True):
            torch.testing.assert_close(part, each[0].float(), rtol=1e-4, atol=1e-6)


def test_the_shape_free_function_gives_the_same(model):
    sample = model.read(TextInput(SMILES[0]))
    found = integrate(
        lambda *inputs: model(*inputs)[:, 5].sigmoid(),
        tuple(each[None] for each in sample.values),
        further=tuple(each[None] for each in sample.further),
        steps=32,
    )
    ours = attribute(model, sample, target=5, steps=32, score="sigmoid")
    for one, other in zip(found.values, ours.parts, strict=True):
        torch.testing.assert_close(one[0], other, rtol=1e-4, atol=1e-6)


def test_rows_that_fill_up_have_contributions_of_exactly_0(model):
    sample = model.read(TextInput("CCO"))
    result = attribute(model, sample)
    _, is_atom, is_pair = sample.further
    assert not result.parts[0][~is_atom].any()
    assert not result.parts[1][~is_pair].any()


def test_one_module_cannot_distinguish_what_two_can():
    spread = {}
    for name in MODULES:
        model = load_molecule_model(name)
        model.network.double()
        (outcome,) = explain(model, samples_of(model, SMILES[0]), Wanted())[0]
        graph, molecule = outcome.sample.graph, outcome.sample.molecule
        found = Contributions.of(graph, outcome.results["integrated"].parts)
        spread[name] = [apart(found.atoms, group.atoms) for group in equal_atoms(molecule, graph)]
    assert spread["w1n2"]
    assert max(spread["w1n2"]) < 1e-6
    assert max(spread["w2n2"]) > 0.01


def test_an_unknown_name_says_what_there_is():
    with pytest.raises(UsageError, match="w1n2, w2n2"):
        load_molecule_model("w9n9")


def test_the_last_module_of_a_weave_network_is_found_to_be_unused():
    model = load_molecule_model("w2n2")
    samples = [model.read(TextInput(each)) for each in ("CC(=O)Oc1ccccc1C(=O)O", "CCN", "C#N")]
    parts = {".".join(name.split(".")[:3]) for name in dead_features(model, samples).parameters}
    assert parts == {f"weaves.1.pair_from_{each}" for each in ("atoms", "pair", "both")}
