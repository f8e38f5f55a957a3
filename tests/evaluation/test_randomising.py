import pytest
import torch
from toys import classifier, small_network

from igcli.evaluation.randomising import randomised


def test_the_original_is_as_before():
    model = classifier(small_network(), classes=5)
    before = {name: value.clone() for name, value in model.network.state_dict().items()}
    state, name = torch.get_rng_state(), model.provenance.name
    randomised(model)
    assert all(torch.equal(value, before[key]) for key, value in model.network.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)
    assert model.provenance.name == name


def test_every_weight_is_another_one_and_statistics_are_kept():
    model = classifier(small_network(), classes=5)
    other = randomised(model)
    for (name, one), two in zip(model.network.named_parameters(), other.network.parameters(), strict=True):
        if one.std() > 0:
            assert not torch.isclose(one, two).any(), name
    for one, two in zip(model.network.buffers(), other.network.buffers(), strict=True):
        assert torch.equal(one, two)


def test_weights_keep_their_mean_and_spread():
    model = classifier(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(432, 200)), classes=200)
    with torch.no_grad():
        model.network[1].weight.normal_(3.0, 0.5, generator=torch.Generator().manual_seed(0))
    drawn = randomised(model).network[1].weight
    assert drawn.mean().item() == pytest.approx(3.0, abs=0.01)
    assert drawn.std().item() == pytest.approx(0.5, abs=0.01)


def test_a_seed_gives_the_same_weights_again_and_another_seed_others():
    model = classifier(small_network(), classes=5)
    first, again, other = (randomised(model, seed=seed).network[0].weight for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_randomisation_cascades_from_the_output_down():
    model = classifier(small_network(), classes=5)
    layers = [0, 1, 4, 9]  # those of the toy that own parameters, from input to output
    for top in (1, 2, 3):
        other = randomised(model, top=top).network
        changed = [i for i in layers if not torch.equal(other[i].bias, model.network[i].bias)]
        expected = [i for i in layers[-top:] if model.network[i].bias.std() > 0]
        assert changed == expected
    assert torch.equal(randomised(model, top=1).network[9].weight, randomised(model).network[9].weight)


def test_the_copy_is_a_classifier_of_the_same_kind():
    model = classifier(small_network().double(), classes=5)
    other = randomised(model, seed=7)
    assert (other.dtype, other.device, other.labels, other.view) == (
        model.dtype,
        model.device,
        model.labels,
        model.view,
    )
    assert "random weights (seed 7)" in other.provenance.name
    assert other(torch.rand(2, 3, 12, 12, dtype=torch.float64)).isfinite().all()


def test_a_single_number_is_drawn_too_and_whole_numbers_are_kept():
    network = torch.nn.PReLU()
    network.count = torch.nn.Parameter(torch.arange(3), requires_grad=False)
    other = randomised(classifier(network, classes=5)).network
    assert other.weight != network.weight
    assert torch.equal(other.count, network.count)
