from contextlib import nullcontext

import numpy as np
import pytest
import torch
from evaluation.known import LOGIT, SOFTMAX, Linear, Patch, noise_map, patch_mask, photo, plain, slow_scores, subject
from torchcam.metrics import DeletionInsertionMetric
from toys import classifier, random_picture, small_network, trapezoid

from igcli.attribution.scores import Score
from igcli.evaluation.metrics.deletion_insertion import Deletion, Insertion
from igcli.evaluation.scoring import Subject, score_maps
from igcli.sample import BASELINES


def measured(model, pixels, maps, score=LOGIT, **options):
    metrics = {"deletion": Deletion(**options), "insertion": Insertion(**options)}
    return score_maps(model, [subject(pixels, maps, score)], metrics).measured[0]


class GivenMap:
    """What torch-cam takes for a method: it returns the map that it was made with."""

    def __init__(self, model, cam):
        self.model, self._cam = model, cam

    def __call__(self, class_idx=None, scores=None, **_):
        return [self._cam[None]]

    def fuse_cams(self, cams):
        return cams[0]

    def _hooks_off(self):
        return nullcontext()


class AsModule(torch.nn.Module):
    """A classifier with its normalisation, as torch-cam wants it."""

    def __init__(self, model):
        super().__init__()
        self.network, self._model = model.network, [model]

    def forward(self, x):
        return self._model[0](x)


@pytest.mark.parametrize("steps", [1, 12, 144])
@pytest.mark.parametrize("fill", ["black", "mean", "blur"])
def test_both_equal_torch_cams(steps, fill):
    # The number of steps divides that of the pixels; where it does not, torch-cam's last step is shorter.
    model = classifier(small_network().double(), classes=5)
    for seed in range(3):
        pixels, values = random_picture(seed=seed, dtype=torch.float64).pixels, noise_map(seed=seed, side=12)
        case = Subject(pixels, Score("softmax", 2), {"map": values})
        metrics = {"deletion": Deletion(steps=steps, fill=fill), "insertion": Insertion(steps=steps, fill=fill)}
        found = score_maps(model, [case], metrics).measured[0]["map"]
        theirs = DeletionInsertionMetric(
            GivenMap(AsModule(model), values.sum(dim=0)),
            lambda logits: logits.softmax(dim=-1),
            steps=steps,
            baseline=BASELINES[fill](pixels, 0)[None],
        )
        theirs.update(pixels[None], 2)
        expected = theirs.summary()
        assert found["deletion"].value == pytest.approx(expected["deletion_auc"], abs=1e-7)
        assert found["insertion"].value == pytest.approx(expected["insertion_auc"], abs=1e-7)


@pytest.mark.parametrize("steps", [5, 64, 224])
def test_both_equal_a_slow_plain_loop(steps):
    model, pixels, values = plain(Linear()), photo(), torch.round(noise_map())  # with ties
    fill = torch.zeros_like(pixels)
    found = measured(model, pixels, {"map": values}, SOFTMAX, steps=steps, fill="black")["map"]
    counts = [int(64 * step / steps + 0.5) for step in range(steps + 1)]
    gone = slow_scores(model, pixels, values, fill, counts, SOFTMAX)
    come = slow_scores(model, fill, values, pixels, counts, SOFTMAX)
    fractions = np.array(counts) / 64
    assert found["deletion"].value == pytest.approx(trapezoid(gone, fractions), abs=1e-12)
    assert found["insertion"].value == pytest.approx(trapezoid(come, fractions), abs=1e-12)


def test_the_published_protocol_moves_a_rows_pixels_at_a_time():
    (route,) = Deletion().routes(224 * 224)
    assert route.counts == tuple(range(0, 224 * 224 + 1, 224))
    assert route.order.fill == "black"
    (route,) = Insertion().routes(224 * 224)
    assert route.counts == tuple(range(224 * 224, -1, -224))
    assert (route.order.fill, route.order.least_first) == ("blur", True)


def test_the_true_contributions_are_best_and_their_opposite_worst():
    network, pixels = Linear(), photo()
    true = network.weight.detach() * pixels
    maps = {"best": true, "worst": -true, **{f"random {i}": noise_map(seed=i) for i in range(20)}}
    found = measured(plain(network), pixels, maps, fill="black")
    for name in (name for name in maps if name.startswith("random")):
        assert found["best"]["deletion"].value < found[name]["deletion"].value < found["worst"]["deletion"].value
        assert found["best"]["insertion"].value > found[name]["insertion"].value > found["worst"]["insertion"].value


def test_the_values_of_a_linear_model_are_known_in_closed_form():
    network, pixels = Linear(), photo()
    true = (network.weight.detach() * pixels).sum(dim=0).flatten().sort(descending=True).values
    found = measured(plain(network), pixels, {"best": network.weight.detach() * pixels}, steps=64, fill="black")["best"]
    revealed = np.concatenate([[0.0], true.cumsum(0).numpy()])
    assert found["insertion"].value == pytest.approx(trapezoid(revealed, dx=1 / 64), abs=1e-12)
    assert found["deletion"].value == pytest.approx(trapezoid(revealed[-1] - revealed, dx=1 / 64), abs=1e-12)


def test_of_a_linear_model_both_sum_to_the_score_of_photo_and_fill():
    model, pixels = plain(Linear()), photo()
    found = measured(model, pixels, {"map": noise_map()}, steps=16, fill="black")["map"]
    assert found["deletion"].value + found["insertion"].value == pytest.approx(
        model(pixels[None])[0, 0].item(), abs=1e-12
    )


def test_only_the_patch_matters():
    mask = patch_mask()
    maps = {"patch": mask.double(), "elsewhere": (~mask).double()}
    found = measured(plain(Patch(mask)), 0.6 + 0.4 * photo(), maps, SOFTMAX, steps=64, fill="black")
    assert found["patch"]["deletion"].value < 0.3 < 0.8 < found["elsewhere"]["deletion"].value
    assert found["patch"]["insertion"].value > 0.8 > 0.3 > found["elsewhere"]["insertion"].value


def test_the_curves_run_from_one_end_to_the_other():
    model, pixels = plain(Linear()), photo()
    found = measured(model, pixels, {"map": noise_map()}, steps=16, fill="black")["map"]
    at_photo = model(pixels[None])[0, 0].item()
    gone, come = found["deletion"].curves["deletion"], found["insertion"].curves["insertion"]
    assert gone.fractions.tolist() == come.fractions.tolist() == pytest.approx(np.linspace(0, 1, 17).tolist())
    assert (gone.values[0], gone.values[-1]) == pytest.approx((at_photo, 0))
    assert (come.values[0], come.values[-1]) == pytest.approx((0, at_photo))
    assert gone.area == found["deletion"].value
