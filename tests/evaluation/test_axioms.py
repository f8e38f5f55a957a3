"""The axioms, and the published answers of the pair f, g (arXiv 1703.01365, Fig. 7)."""

import pytest

from igcli.attribution.methods.method import METHODS
from igcli.evaluation.axioms import AXIOMS, check_axioms, invariance_pair


@pytest.fixture(scope="module")
def verdicts():
    return check_axioms(list(METHODS))


def test_every_method_is_tried_on_every_axiom(verdicts):
    assert list(verdicts) == list(METHODS)
    assert all(list(row) == list(AXIOMS) for row in verdicts.values())


def test_integrated_gradients_keep_them_all(verdicts):
    assert all(verdict.kept for verdict in verdicts["integrated"].values())


def test_the_published_values_of_the_pair_are_reproduced():
    for found in invariance_pair("integrated"):
        assert found.tolist() == pytest.approx([1.5, -0.5], abs=1e-9)
    f, g = invariance_pair("deep-lift")
    assert f.tolist() == pytest.approx([1.5, -0.5], abs=1e-6)
    assert g.tolist() == pytest.approx([2.0, -1.0], abs=1e-6)


def test_captums_lrp_is_input_times_gradient_on_the_pair_and_so_not_the_published_variant():
    # The paper's LRP gives (1.5, -0.5) and (2, -1); the ε rule leaves the biases' share out and gives this for both.
    for found in invariance_pair("lrp"):
        assert found.tolist() == pytest.approx([3.0, -1.0], abs=1e-6)


# From arXiv 1703.01365, §2: gradients break sensitivity (a), DeepLIFT implementation invariance, and deconvolution and
# guided backpropagation sensitivity (a).
BROKEN = [
    ("gradient", "sensitivity-a"),
    ("gradient", "completeness"),
    ("input-x-gradient", "sensitivity-a"),
    ("deep-lift", "implementation-invariance"),
    ("deconvolution", "sensitivity-a"),
    ("guided-backprop", "sensitivity-a"),
    ("left-integrated", "linearity"),
    ("decision", "linearity"),
]


@pytest.mark.parametrize(("method", "axiom"), BROKEN)
def test_what_a_method_is_known_to_break_it_breaks(verdicts, method, axiom):
    assert verdicts[method][axiom].kept is False


@pytest.mark.parametrize("method", [name for name in METHODS if METHODS[name].complete])
def test_methods_that_promise_completeness_keep_it(verdicts, method):
    assert verdicts[method]["completeness"].kept


@pytest.mark.parametrize("method", METHODS)
def test_no_method_depends_on_the_chunk(verdicts, method):
    assert verdicts[method]["chunk-invariance"].kept is not False


def test_what_cannot_be_tried_says_why(verdicts):
    assert verdicts["grad-cam"]["symmetry"].kept is None
    assert "grid" in verdicts["grad-cam"]["symmetry"].numbers
