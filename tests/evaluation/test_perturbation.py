import numpy as np
import pytest
import torch
from evaluation.known import LOGIT, SIDE, SOFTMAX, Linear, count_passes, noise_map, photo, plain, slow_scores
from toys import classifier, small_network

from igcli.attribution.budget import Budget
from igcli.attribution.scores import Score
from igcli.errors import OutOfMemory, UsageError
from igcli.evaluation.maps import ranks
from igcli.evaluation.perturbation import (
    TOP_CLASS,
    Order,
    Route,
    Trail,
    between_ends,
    ends_needed,
    follow,
    merged,
)


def trail(seed, counts, score=LOGIT, side=SIDE):
    pixels = photo(seed=seed, side=side)
    return Trail(pixels, torch.full_like(pixels, 0.3), ranks(noise_map(seed=seed, side=side)), counts, score)


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_scores_equal_those_of_one_picture_after_another_for_any_chunk_size(size):
    model = classifier(small_network().double(), classes=5)
    counts = [(1, 5, 143), (), (2, 70, 71, 72)]
    trails = [trail(seed, each, Score("softmax", seed), side=12) for seed, each in enumerate(counts)]
    found = follow(model, trails, budget=Budget(size))
    for each, scores in zip(trails, found, strict=True):
        seed = each.score.target
        with model.frozen():
            expected = slow_scores(
                model, each.pixels, noise_map(seed=seed, side=12), each.fill, each.counts, each.score
            )
        assert scores == pytest.approx(np.array(expected), abs=1e-12)


def test_each_stop_is_one_forward_pass_and_none_is_larger_than_the_chunk():
    model = plain(Linear())
    counted, heard = count_passes(model), []
    follow(model, [trail(0, range(1, 11)), trail(1, range(1, 6))], budget=Budget(4), on_passes=heard.append)
    assert counted == heard == [4, 4, 4, 3]


def test_nothing_to_do_is_no_pass():
    model = plain(Linear())
    counted = count_passes(model)
    assert follow(model, [], budget=Budget()) == []
    assert [len(each) for each in follow(model, [trail(0, ())], budget=Budget())] == [0]
    assert counted == []


def test_a_chunk_that_runs_out_of_memory_is_halved_and_redone():
    model = plain(Linear())
    trails = [trail(seed, range(1, 20)) for seed in range(3)]
    expected = follow(model, trails, budget=Budget(5))

    def refuse(_, inputs):
        if len(inputs[0]) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")

    model.network.register_forward_pre_hook(refuse)
    budget = Budget(16)
    assert np.concatenate(follow(model, trails, budget=budget)) == pytest.approx(np.concatenate(expected), abs=1e-12)
    assert budget.size <= 3


def test_not_even_one_picture_is_a_sentence():
    model = plain(Linear())

    def refuse(_, inputs):
        raise torch.OutOfMemoryError("CUDA out of memory")

    model.network.register_forward_pre_hook(refuse)
    with pytest.raises(OutOfMemory, match="Not even one picture"):
        follow(model, [trail(0, (1, 2))], budget=Budget(2))


def test_the_network_and_the_photos_are_as_before():
    network = small_network().double().train()
    model = classifier(network, classes=5)
    one = trail(0, (3, 9), Score("softmax", 0), side=12)
    before = [each.clone() for each in (one.pixels, one.fill, one.ranks)]
    follow(model, [one], budget=Budget())
    assert network.training
    assert all(parameter.requires_grad and parameter.grad is None for parameter in network.parameters())
    assert all(torch.equal(now, then) for now, then in zip((one.pixels, one.fill, one.ranks), before, strict=True))


def test_logits_that_are_not_finite_are_no_score():
    class Spoilt(torch.nn.Module):
        def forward(self, x):
            logits = torch.stack([x.sum(dim=(1, 2, 3)), torch.zeros(len(x), dtype=x.dtype)], dim=1)
            return torch.where((logits[:, :1] < 50) & (torch.arange(2) == 1), torch.nan, logits)

    # The class that is asked for has a number; the other one's has none.
    scores = follow(
        plain(Spoilt().double()),
        [Trail(photo(), torch.zeros(3, 8, 8), ranks(noise_map()), (1, 60), LOGIT)],
        budget=Budget(),
    )
    assert np.isfinite(scores[0][0])
    assert np.isnan(scores[0][1])


def test_stops_on_the_same_order_are_merged_and_sorted():
    black, blur = Order("black"), Order("blur")
    routes = [Route(black, (5, 1)), Route(blur, (1,)), Route(black, (0, 1, 64))]
    assert merged(routes) == {black: (0, 1, 5, 64), blur: (1,)}
    assert between_ends((0, 1, 5, 64), 64) == [1, 5]


def test_both_directions_of_a_fill_share_its_end():
    stops = {Order("black"): (0, 64), Order("black", least_first=True): (1, 64), Order("blur"): (1, 2)}
    assert list(ends_needed(stops, (3, 8, 8))) == [("", 0, ""), ("black", 0, "")]


def test_values_are_more_than_pixels_and_another_score_is_noted_at_the_ends_by_itself():
    values, pixels = Order("black", "value"), Order("black", noted="logit")
    assert (values.units((3, 8, 8)), pixels.units((3, 8, 8))) == (192, 64)
    stops = {values: (0, 64), pixels: (0, 64)}
    assert list(ends_needed(stops, (3, 8, 8))) == [("", 0, ""), ("", 0, "logit"), ("black", 0, "logit")]


def test_single_values_are_replaced_where_these_are_ranked():
    pixels, order = photo(side=2), torch.tensor([[[0, 5], [9, 3]], [[1, 2], [4, 6]], [[7, 8], [10, 11]]])
    out = torch.empty(2, 3, 2, 2, dtype=torch.float64)
    Trail(pixels, torch.full_like(pixels, 7), order.int(), (1, 4), LOGIT).write(0, 2, out=out)
    assert torch.equal(out[0] == 7, order < 1)
    assert torch.equal(out[1] == 7, order < 4)
    assert torch.equal(out[1][order >= 4], pixels[order >= 4])


def test_a_fill_may_differ_from_stop_to_stop():
    pixels, out = photo(side=2), torch.empty(1, 3, 2, 2, dtype=torch.float64)
    colours = torch.arange(6, dtype=torch.float64).reshape(2, 3, 1, 1)
    own = Trail(pixels, colours, torch.arange(4, dtype=torch.int32).reshape(2, 2), (1, 2), LOGIT)
    own.write(1, 2, out=out)
    assert out[0, :, 0].tolist() == [[3, 3], [4, 4], [5, 5]]
    assert torch.equal(out[0, :, 1], pixels[:, 1])


def test_whether_the_class_is_still_the_first_is_noted_as_0_or_1():
    logits = torch.tensor([[1.0, 2.0], [2.0, 1.0]])
    assert Order("black", noted=TOP_CLASS).score(LOGIT).of(logits).tolist() == [0, 1]
    assert Order("black", noted="softmax").score(LOGIT) == SOFTMAX
    assert Order("black").score(LOGIT) == LOGIT


def test_noise_of_another_seed_is_another_fill():
    first, again, other = (Order("noise", seed=seed).filled(photo()) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("order", [Order("pink"), Order("black", ranked="size"), Order("black", noted="luck")])
def test_an_order_that_cannot_be_is_refused(order):
    with pytest.raises(UsageError, match="Choose from"):
        order.check()


def test_half_precision_networks_are_asked_in_their_own_precision():
    model = plain(Linear().float())
    seen = []
    model.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].dtype))
    (scores,) = follow(model, [trail(0, (1, 2), SOFTMAX)], budget=Budget())
    assert seen == [torch.float32]
    assert scores.dtype == np.float64
