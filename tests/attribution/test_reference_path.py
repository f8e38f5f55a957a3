"""Expected gradients, against plain loops, a closed form, and the spread of repeated estimates."""

import numpy as np
import pytest
import torch
from PIL import Image
from toys import classifier, random_picture, small_network

import igcli
from igcli.attribution.methods.method import METHODS
from igcli.attribution.reference_path import ReferencePath, in_turns
from igcli.attribution.result import Settings
from igcli.attribution.wanted import Wanted
from igcli.errors import IgError, UsageError
from igcli.images.options import View

SIDE = 12


@pytest.fixture
def folder(tmp_path):
    """Seven reference pictures of noise."""
    for number in range(7):
        noise = np.random.default_rng(number).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
        Image.fromarray(noise).save(tmp_path / f"{number}.png")
    return tmp_path


def pixels_in(folder):
    return [igcli.read_image(path, view=View(size=SIDE, resize=SIDE)).pixels for path in sorted(folder.iterdir())]


@pytest.fixture
def model():
    return classifier(small_network(), classes=5)


def test_with_one_reference_it_is_integrated_gradients_at_the_same_points(folder, model):
    for path in sorted(folder.iterdir())[1:]:
        path.unlink()
    (file,) = folder.iterdir()
    for method in ("integrated", "decision"):
        mean, one = (
            igcli.attribute(model, random_picture(), method=method, baseline=str(name), target=1, steps=20)
            for name in (folder, file)
        )
        torch.testing.assert_close(mean.values, one.values, rtol=1e-4, atol=1e-7)
        assert mean.score.at_baseline == pytest.approx(one.score.at_baseline)


@pytest.mark.parametrize("method", ["integrated", "decision"])
def test_equals_the_mean_over_samples_in_plain_loops(folder, model, method):
    picture, steps = random_picture(), 17
    found = igcli.attribute(model, picture, method=method, baseline=str(folder), target=2, steps=steps, seed=4)
    references = igcli.images.baseline_folder.read_baseline_folder(folder, picture, model.view, seed=4)
    model.network.eval()
    total = torch.zeros_like(picture.pixels)
    for k, turn in enumerate(in_turns(7, steps, seed=4)):
        alpha = (k + 0.5) / steps
        point = torch.lerp(references[turn], picture.pixels, alpha)[None].requires_grad_()
        (gradient,) = torch.autograd.grad(model(point).softmax(1)[0, 2], point)
        share = gradient[0] * (picture.pixels - references[turn])
        total += share * (share.sum() if method == "decision" else 1) / steps
    torch.testing.assert_close(found.values, total, rtol=1e-3, atol=1e-6)
    assert found.gradient_evaluations == found.steps == steps


def test_a_quadratic_score_has_its_closed_form_when_every_reference_has_points_everywhere(folder, quadratic):
    picture = random_picture(dtype=torch.float64)
    found = igcli.attribute(quadratic, picture, baseline=str(folder), score="logit", target=1, steps=7 * 300)
    square, linear = (each[1].detach().reshape(picture.pixels.shape) for each in quadratic.network.parameters())
    each = [
        square * (picture.pixels**2 - reference.double() ** 2) + linear * (picture.pixels - reference.double())
        for reference in pixels_in(folder)
    ]
    torch.testing.assert_close(found.values.double(), torch.stack(each).mean(dim=0), rtol=0, atol=2e-3)


def test_the_gap_is_measured_against_the_mean_over_the_references_as_they_were_used(folder, model):
    picture = random_picture()
    found = igcli.attribute(model, picture, baseline=str(folder), target=2, steps=14)
    with model.frozen(), torch.no_grad():
        at = model(torch.stack([*pixels_in(folder), picture.pixels])).softmax(dim=1)[:, 2]
    assert found.score.at_baseline == pytest.approx(float(at[:-1].mean()), rel=1e-4)
    gap = abs(found.total - float(at[-1] - at[:-1].mean()))
    assert found.completeness.gap == pytest.approx(gap, abs=1e-5)
    assert found.completeness.sums_to == "mean rise"
    assert found.completeness.within_tolerance is None
    assert found.extras["baselines"] == 7


def test_references_take_turns_and_each_is_used_once_before_one_is_used_twice():
    turns = in_turns(7, 24, seed=3)
    assert [sorted(turns[start : start + 7]) for start in (0, 7, 14)] == [list(range(7))] * 3
    assert len(set(turns[21:])) == 3
    assert turns[:7] != turns[7:14]
    assert turns == in_turns(7, 24, seed=3) != in_turns(7, 24, seed=4)


def test_the_standard_errors_are_those_of_repeated_estimates(tmp_path, model):
    """Each estimate has as many references as samples, drawn for itself: the case that the errors describe."""
    picture, samples, rounds = random_picture(), 16, 40
    maps, sums, errors, sum_errors = [], [], [], []
    for number in range(rounds):
        own = tmp_path / str(number)
        own.mkdir()
        for i in range(samples):
            noise = np.random.default_rng(1000 * number + i).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
            Image.fromarray(noise).save(own / f"{i}.png")
        found = igcli.attribute(model, picture, baseline=str(own), target=2, steps=samples)
        summed = found.values.double().sum(dim=0)
        maps.append(summed)
        sums.append(found.total)
        errors.append(found.extras["map_error"] * float(summed.norm()))
        sum_errors.append(found.extras["sum_error"])
    spread = float(torch.stack(maps).var(dim=0).sum().sqrt())
    root_mean_square = float(np.sqrt(np.mean(np.square(errors))))
    assert root_mean_square == pytest.approx(spread, rel=0.15)
    assert float(np.sqrt(np.mean(np.square(sum_errors)))) == pytest.approx(float(np.std(sums, ddof=1)), rel=0.4)


def test_the_photo_itself_is_not_among_its_references(folder, model):
    photo = igcli.read_image(folder / "3.png", view=model.view)
    assert igcli.attribute(model, photo, baseline=str(folder), steps=6).extras["baselines"] == 6
    for path in folder.iterdir():
        if path.name != "3.png":
            path.unlink()
    with pytest.raises(UsageError, match=r"has only 3.png itself"):
        igcli.attribute(model, photo, baseline=str(folder), steps=6)


def test_other_baselines_next_to_a_folder_are_references_too(folder, model):
    found = igcli.attribute(model, random_picture(), baseline=f"black+{folder}", steps=8)
    assert found.extras["baselines"] == 8


@pytest.mark.parametrize("batch", [1, 3, 64])
def test_the_same_map_for_every_chunk_size(folder, model, batch):
    how = {"baseline": str(folder), "target": 2, "steps": 20}
    one = igcli.attribute(model, random_picture(), **how, budget=batch)
    whole = igcli.attribute(model, random_picture(), **how)
    torch.testing.assert_close(one.values, whole.values, rtol=1e-4, atol=1e-7)
    assert one.extras == pytest.approx(whole.extras, rel=1e-4)


def test_several_photos_classes_and_methods_at_once_have_the_maps_that_they_have_alone(folder, model):
    settings = Settings(baseline=str(folder), steps=9)
    photos = [random_picture(seed=1), random_picture(seed=2)]
    together = igcli.explain(model, photos, Wanted(("integrated", "gradient", "decision"), (0, 3), settings))
    for photo, found in zip(photos, together, strict=True):
        for explanation in found:
            for name, result in explanation.results.items():
                how = {"method": name, "target": explanation.target.index, "baseline": str(folder), "steps": 9}
                torch.testing.assert_close(result.values, igcli.attribute(model, photo, **how).values)


def test_photos_share_their_references_which_go_forward_once(folder, model):
    passes = []
    model.network.register_forward_pre_hook(lambda _, inputs: passes.append(len(inputs[0])))
    settings = Settings(baseline=str(folder), steps=9)
    igcli.explain(model, [random_picture(seed=seed) for seed in range(4)], Wanted(settings=settings))
    assert sum(passes) == 4 + 7 + 4 * 9


def test_without_a_number_of_steps_it_takes_two_hundred_samples_or_as_many_as_are_allowed(folder, model):
    assert igcli.attribute(model, random_picture(), baseline=str(folder)).steps == 200
    assert igcli.attribute(model, random_picture(), baseline=str(folder), max_steps=10).steps == 10


@pytest.mark.parametrize("method", [name for name in METHODS if METHODS[name].from_baseline])
def test_methods_that_have_no_mean_over_references_refuse_a_folder(folder, model, method):
    how = {"method": method, "baseline": str(folder), "steps": 4}
    if METHODS[method].over_references and not METHODS[method].path:
        assert igcli.attribute(model, random_picture(), **how).steps == 4
        return
    with pytest.raises(UsageError, match="a folder as the baseline"):
        igcli.attribute(model, random_picture(), **how)


@pytest.mark.parametrize("how", [{"rule": "right", "steps": 4}, {"smooth": 2}, {"path": "spectral"}])
def test_settings_that_mean_nothing_for_samples_are_refused(folder, model, how):
    with pytest.raises(UsageError, match="a folder as the baseline"):
        igcli.attribute(model, random_picture(), baseline=str(folder), **how)


def test_there_is_no_one_path_to_show(folder, model):
    settings = Settings(baseline=str(folder))
    for wanted in (Wanted((), settings=settings), Wanted(settings=settings, alphas=(0.0, 1.0))):
        with pytest.raises(UsageError, match="no one path to show"):
            igcli.explain(model, [random_picture()], wanted)


def test_the_path_lies_between_each_parts_own_reference_and_the_sample():
    picture, starts = random_picture(), tuple(random_picture(seed=seed).pixels for seed in (1, 2, 3))
    path = ReferencePath(starts[0], picture.pixels, picture.layout, references=starts)
    points = path.at(torch.tensor([0.0, 0.4, 0.9, 1.0]))
    for point, start, alpha in zip(points, (0, 1, 2, 2), (0.0, 0.4, 0.9, 1.0), strict=True):
        torch.testing.assert_close(point, starts[start] + alpha * (picture.pixels - starts[start]))
    (move,) = path.moves(np.array([1 / 3]), np.array([2 / 3]))
    torch.testing.assert_close(move, (picture.pixels - starts[1]) / 3)
    assert torch.equal(points[-1], picture.pixels)


def test_values_that_are_no_pictures_do_not_start_from_a_folder(folder):
    model = igcli.models.model.Model(torch.nn.Linear(5, 2), ["a", "b"])
    with pytest.raises(IgError, match="is a path, which sample cannot start from"):
        igcli.attribute(model, igcli.Sample(torch.rand(5)), baseline=str(folder))
