import numpy as np
import pytest
import torch

from igcli.evaluation.similarity import Similarity, reading_of_classes, reading_of_methods, similarity


def random_map(seed, side=28):
    return torch.randn((3, side, side), generator=torch.Generator().manual_seed(seed))


def slow_spearman(first, second):
    """Ranks one by one, ties at their mean."""

    def ranks(values):
        return [sum(v < value for v in values) + (sum(v == value for v in values) - 1) / 2 for value in values]

    return np.corrcoef(ranks(first), ranks(second))[0, 1]


def test_a_map_is_like_itself():
    found = similarity(random_map(0), random_map(0))
    assert found == Similarity(*(pytest.approx(1.0) for _ in range(4)))


def test_the_opposite_map_looks_at_the_same_places_and_says_the_opposite():
    found = similarity(random_map(0), -random_map(0))
    assert (found.spearman, found.cosine, found.top_in_common) == pytest.approx((1, -1, 1))


def test_maps_of_noise_have_in_common_what_chance_gives():
    found = similarity(random_map(0, 224), random_map(1, 224))
    assert abs(found.spearman) < 0.02
    assert abs(found.cosine) < 0.02
    assert found.top_in_common == pytest.approx(0.05, abs=0.01)


def test_spearman_equals_the_slow_one_with_ties():
    first, second = torch.randint(0, 4, (1, 6, 7)).float(), torch.randint(0, 3, (1, 6, 7)).float()
    expected = slow_spearman(first.flatten().tolist(), second.flatten().tolist())
    assert similarity(first, second).spearman == pytest.approx(expected)


def test_places_are_cells_and_not_pixels():
    generator = torch.Generator().manual_seed(0)
    places = (torch.rand((14, 14), generator=generator) < 0.2).float()
    fine, shifted = torch.zeros(3, 28, 28), torch.zeros(3, 28, 28)
    fine[:, ::2, ::2], shifted[:, 1::2, 1::2] = places, places
    assert similarity(fine, shifted).places_in_common > 0.95
    assert similarity(fine, shifted).cosine == 0


def test_maps_on_two_halves_share_no_place():
    left, right = random_map(0).abs(), random_map(1).abs()
    left[:, :, 14:], right[:, :, :14] = 0, 0
    assert similarity(left, right).places_in_common == 0


def test_blank_maps_are_compared_without_a_division_by_zero():
    found = similarity(torch.zeros(3, 28, 28), random_map(0))
    assert (found.spearman, found.cosine) == (0, 0)
    assert 0 <= found.places_in_common <= 1


@pytest.mark.parametrize(
    ("places", "cosine", "words"),
    [
        (0.8, 0.5, "Probably one object"),
        (0.8, -0.6, "opposite"),
        (0.4, 0.0, "Probably two objects"),
        (0.6, 0.0, "do not show"),
    ],
)
def test_the_reading_follows_the_places(places, cosine, words):
    assert words in reading_of_classes(Similarity(0.5, cosine, 0.3, places), "cat", "dog")


@pytest.mark.parametrize(("places", "words"), [(0.8, "agree on"), (0.6, "agree in part"), (0.4, "differ")])
def test_two_methods_agree_or_differ(places, words):
    assert words in reading_of_methods(Similarity(0.5, 0.5, 0.3, places), "gradient", "integrated")
