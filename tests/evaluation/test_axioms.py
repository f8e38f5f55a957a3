"""The axioms, and the published answers of two pairs of networks (arXiv 1703.01365, Fig. 7; 1611.02639, Fig. 14)."""

import numpy as np
import pytest
import torch

from igcli.attribution.methods.method import METHODS
from igcli.evaluation.axioms import AXIOMS, PAIRS, check_axioms


@pytest.fixture(scope="module")
def verdicts():
    return check_axioms(list(METHODS))


def test_every_method_is_tried_on_every_axiom(verdicts):
    assert list(verdicts) == list(METHODS)
    assert all(list(row) == list(AXIOMS) for row in verdicts.values())


def test_integrated_gradients_keep_them_all(verdicts):
    assert all(verdict.kept for verdict in verdicts["integrated"].values())


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_both_networks_of_a_pair_compute_the_same_function(pair):
    grid = torch.cartesian_prod(*(torch.linspace(0, end, 61, dtype=torch.float64) for end in pair.at))
    first, second = (network(grid) for network in pair.networks())
    torch.testing.assert_close(first, second, rtol=0, atol=1e-12)
    assert first.min() == 0
    assert first.max() > 0.4


PUBLISHED = [(pair, method) for pair in PAIRS for method in pair.published]


@pytest.mark.parametrize(("pair", "method"), [(pair, method) for pair, method in PUBLISHED if method != "lrp"])
def test_the_published_values_are_reproduced(pair, method):
    for found, published in zip(pair.maps(method), pair.published[method], strict=True):
        assert found.tolist() == pytest.approx(published, abs=1e-6)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_captums_lrp_is_input_times_gradient_on_both_pairs_and_so_not_the_published_variant(pair):
    # The ε rule leaves the biases' share out, and gives the same for both networks.
    for found, gradients in zip(pair.maps("lrp"), pair.maps("gradient"), strict=True):
        assert found.tolist() == pytest.approx((torch.tensor(pair.at) * gradients).tolist(), abs=1e-6)


def relevance_in_shares(network, at):
    """LRP in which each layer's output is divided over its inputs in proportion to w·x, biases left out."""
    activations = [np.array(at)]
    for layer in network:
        activations.append(layer(torch.tensor(activations[-1])[None])[0].detach().numpy())
    relevance = activations[-1]
    for layer, inputs in zip(reversed(network), reversed(activations[:-1]), strict=True):
        if isinstance(layer, torch.nn.Linear):
            parts = layer.weight.detach().numpy() * inputs
            totals = parts.sum(axis=1, keepdims=True)
            # shares that cancel are left to the two terms of u - u, whose relevances cancel too
            relevance = (parts / np.where(totals == 0, 1, totals) * relevance[:, None]).sum(axis=0)
    return relevance.tolist()


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_lrp_in_shares_by_hand_gives_the_published_values(pair):
    for network, published in zip(pair.networks(), pair.published["lrp"], strict=True):
        assert relevance_in_shares(network, pair.at) == pytest.approx(published)


def test_the_numbers_show_the_published_values(verdicts):
    numbers = verdicts["deep-lift"]["implementation-invariance"].numbers
    assert "p, q (0.1667, 0.3333) and (0.25, 0.25) (published: (0.1667, 0.3333) and (0.25, 0.25))" in numbers
    assert "published" not in verdicts["occlusion"]["implementation-invariance"].numbers


# From arXiv 1703.01365, §2: gradients break sensitivity (a), DeepLIFT implementation invariance, and deconvolution and
# guided backpropagation sensitivity (a); from arXiv 1611.02639, Fig. 14: these two implementation invariance too.
BROKEN = [
    ("gradient", "sensitivity-a"),
    ("gradient", "completeness"),
    ("input-x-gradient", "sensitivity-a"),
    ("deep-lift", "implementation-invariance"),
    ("deconvolution", "implementation-invariance"),
    ("guided-backprop", "implementation-invariance"),
    ("deconvolution", "sensitivity-a"),
    ("guided-backprop", "sensitivity-a"),
    ("left-integrated", "linearity"),
    ("decision", "linearity"),
]


@pytest.mark.parametrize(("method", "axiom"), BROKEN)
def test_what_a_method_is_known_to_break_it_breaks(verdicts, method, axiom):
    assert verdicts[method][axiom].kept is False


@pytest.mark.parametrize("method", [name for name in METHODS if METHODS[name].complete and not METHODS[name].path])
def test_methods_that_promise_completeness_keep_it(verdicts, method):
    assert verdicts[method]["completeness"].kept


@pytest.mark.parametrize("method", METHODS)
def test_no_method_depends_on_the_chunk(verdicts, method):
    assert verdicts[method]["chunk-invariance"].kept is not False


def test_what_cannot_be_tried_says_why(verdicts):
    assert verdicts["grad-cam"]["symmetry"].kept is None
    assert "grid" in verdicts["grad-cam"]["symmetry"].numbers
    assert verdicts["blur-integrated"]["completeness"].kept is None
    assert "rows and columns" in verdicts["blur-integrated"]["completeness"].numbers
