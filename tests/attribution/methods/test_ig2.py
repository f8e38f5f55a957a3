"""IG2, against the published algorithm in plain loops, and integrated gradients where its path is straight."""

from dataclasses import replace

import pytest
import torch
from PIL import Image
from torch import nn
from toys import SIDE, classifier, random_picture, small_network

import igcli
from igcli.attribution.explain import explain
from igcli.attribution.result import Settings
from igcli.attribution.wanted import Wanted
from igcli.errors import IgError, LabelError, NumericalError, UsageError
from igcli.models.model import Model
from igcli.sample import Sample


def saved(folder, count, *, seed=100):
    """Photos of random pixels as files."""
    folder.mkdir(exist_ok=True)
    for number in range(count):
        pixels = random_picture(seed=seed + number).pixels
        array = (255 * pixels).round().byte().permute(1, 2, 0).numpy()
        Image.fromarray(array).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def folder(tmp_path):
    return saved(tmp_path / "references", 12)


def representation(model, pixels):
    """What the last linear layer of the toy network takes."""
    return model.network[:-1](model.prepared((pixels[None],), model.network)[0])[0]


def gradient_at(function, pixels):
    pixels = pixels.clone().requires_grad_()
    function(pixels).backward()
    return pixels.grad


def in_plain_loops(model, photo, reference, target, *, steps, length):
    """The published algorithm for one reference; the map and the end of the path."""
    model.network.eval()
    goal = representation(model, reference).detach()
    here, attribution = photo.clone(), torch.zeros_like(photo)
    for _ in range(steps):
        slope = gradient_at(lambda x: model(x[None]).softmax(1)[0, target], here)
        towards = gradient_at(lambda x: (representation(model, x) - goal).square().sum(), here)
        after = (here - length * towards / towards.square().sum().sqrt()).clip(0, 1)
        attribution += slope * (here - after)
        here = after
    return attribution, here


@pytest.mark.parametrize(("steps", "length"), [(1, 0.5), (12, 0.05), (20, 1.0)])
@pytest.mark.parametrize("size", [1, 64])
def test_equals_the_published_algorithm_in_plain_loops(small_double, folder, steps, length, size):
    photo = random_picture(dtype=torch.float64)
    settings = {"steps": steps, "ig2_step": length, "references": str(folder), "budget": size}
    ours = igcli.attribute(small_double, photo, method="ig2", target=2, **settings)
    assert len(ours.path_ends) == 3
    maps, scores = [], []
    for found in ours.path_ends:
        reference = igcli.read_image(folder / found.reference, view=small_double.view).pixels.double()
        values, end = in_plain_loops(small_double, photo.pixels, reference, 2, steps=steps, length=length)
        probabilities = small_double(end[None]).softmax(1)[0].detach()
        assert found.reached.index == probabilities.argmax()
        assert found.reached.probability == pytest.approx(probabilities.max().item())
        assert found.score == pytest.approx(probabilities[2].item())
        maps.append(values)
        scores.append(found.score)
    torch.testing.assert_close(ours.values, sum(maps) / 3, rtol=0, atol=1e-10)
    assert ours.gradient_evaluations == 2 * 3 * steps
    assert ours.completeness.sums_to == "end"
    rise = ours.score.at_image - sum(scores) / 3
    assert ours.completeness.gap == pytest.approx(abs(ours.total - rise))
    assert ours.extras["at_ends"] == pytest.approx(sum(scores) / 3)


class Straight(nn.Module):
    """Its representation is its input, so that the way to a reference is straight; the score is bent after it."""

    def __init__(self, count=7):
        super().__init__()
        torch.manual_seed(4)
        self.last = nn.Linear(count, 6).double()

    def forward(self, *inputs):
        x = torch.cat([each.flatten(1) for each in inputs], dim=1)
        return self.last(x).square().reshape(len(x), 3, 2).sum(dim=2)


def test_where_the_move_is_straight_it_is_integrated_gradients_from_the_reference():
    sample, model, steps = Sample(torch.linspace(0.2, 1, 7).double()), Model(Straight(), ["a", "b", "c"]), 15
    distance = (sample.values - 1).norm().item()
    settings = {"target": "b", "score": "logit", "steps": steps, "baseline": "one"}
    moved = igcli.attribute(model, sample, method="ig2", ig2_step=distance / steps, **settings)
    plain = igcli.attribute(model, sample, method="integrated", rule="right", **settings)
    torch.testing.assert_close(moved.values, plain.values, rtol=1e-9, atol=1e-12)
    assert moved.completeness.gap == pytest.approx(plain.completeness.gap)
    assert moved.path_ends[0].score == pytest.approx(moved.score.at_baseline)


def test_short_steps_sum_to_the_rise_from_the_end_of_the_path(small_double, folder):
    photo = random_picture(dtype=torch.float64)
    found = igcli.attribute(small_double, photo, method="ig2", steps=400, ig2_step=1e-3, references=str(folder))
    assert found.completeness.relative_gap < 0.01
    assert found.completeness.within_tolerance


SAMPLES = {
    "features": Sample(torch.rand(7, dtype=torch.float64)),
    "sequence": Sample(torch.rand(5, 4, dtype=torch.float64), summed_axis=-1),
    "picture": igcli.Picture(torch.rand(3, 4, 5, dtype=torch.float64)),
    "pair": Sample((torch.rand(3, 4, dtype=torch.float64), torch.rand(2, dtype=torch.float64)), summed_axis=(-1, None)),
}


@pytest.mark.parametrize("kind", SAMPLES)
def test_on_every_shape_the_baseline_is_the_reference_where_there_is_no_folder(kind):
    sample = SAMPLES[kind]
    model = (igcli.Classifier if kind == "picture" else Model)(Straight(sample.packed.numel()), ["a", "b", "c"])
    steps, length = 15, sample.packed.norm().item() / 15
    found = igcli.attribute(model, sample, method="ig2", target=1, score="logit", steps=steps, ig2_step=length)
    plain = igcli.attribute(model, sample, target=1, score="logit", steps=steps, rule="right")
    torch.testing.assert_close(found.values, plain.values, rtol=1e-9, atol=1e-12)
    assert [part.shape for part in found.parts] == [part.shape for part in plain.parts]
    assert [end.reference for end in found.path_ends] == ["black"]


def test_pixels_stay_in_their_range(small, folder):
    photo = random_picture()
    photo.pixels[:, :6] = 0.0
    photo.pixels[:, 6:] = 1.0
    seen = []
    small.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].detach()))
    igcli.attribute(small, photo, method="ig2", steps=8, ig2_step=3.0, references=str(folder))
    mean, std = (torch.tensor(each)[:, None, None] for each in (small.mean, small.std))
    pixels = torch.cat(seen) * std + mean
    assert pixels.min() > -1e-5
    assert pixels.max() < 1 + 1e-5


def test_at_the_reference_there_is_nowhere_to_go_and_nothing_is_divided_by_zero(small):
    black = igcli.Picture(torch.zeros(3, SIDE, SIDE))
    found = igcli.attribute(small, black, method="ig2", steps=5)
    assert found.values.abs().max() == 0
    assert found.completeness.gap == pytest.approx(0, abs=1e-6)


def test_references_are_of_other_classes_than_the_target_and_first_of_ranks_two_to_four(small, tmp_path):
    folder, photo = saved(tmp_path / "many", 40), random_picture()
    small.network.eval()
    classes = {
        file.name: small(igcli.read_image(file, view=small.view).pixels[None]).argmax().item()
        for file in folder.iterdir()
    }
    ranked = small(photo.pixels[None])[0].argsort(descending=True).tolist()
    for target in range(5):
        found = igcli.attribute(small, photo, method="ig2", target=target, steps=1, references=str(folder))
        others = {each for each in classes.values() if each != target}
        chosen = [classes[end.reference] for end in found.path_ends]
        assert target not in chosen
        relevant = others.intersection(ranked[1:4])
        assert set(chosen) == relevant if len(relevant) == 3 else relevant <= set(chosen)


def test_the_photo_itself_is_no_reference(small, tmp_path):
    folder = saved(tmp_path / "references", 3)
    photo = igcli.read_image(folder / "1.png", view=small.view)
    small.network.eval()
    other = small(photo.pixels[None]).argmin().item()
    found = igcli.attribute(small, photo, method="ig2", target=other, steps=1, references=str(folder))
    assert "1.png" not in [end.reference for end in found.path_ends]


def test_where_all_references_are_of_the_target_only_that_photo_fails(small, tmp_path):
    folder = saved(tmp_path / "one", 1)
    small.network.eval()
    target = small(igcli.read_image(folder / "0.png", view=small.view).pixels[None]).argmax().item()
    wanted = Wanted(("ig2",), (target, (target + 1) % 5), Settings(steps=2, references=str(folder)))
    ((first, second),) = explain(small, [random_picture()], wanted)
    assert isinstance(first, LabelError)
    assert "add photos of other classes" in str(first)
    assert not isinstance(second, IgError)


def test_a_folder_that_changed_is_read_again(small, tmp_path):
    folder = tmp_path / "references"
    maps = []
    for seed in (100, 500):
        saved(folder, 2, seed=seed)
        pixels = [igcli.read_image(file, view=small.view).pixels for file in folder.iterdir()]
        found = igcli.attribute(small, random_picture(), method="ig2", target=2, steps=3, references=str(folder))
        small.network.eval()
        assert 2 not in small(torch.stack(pixels)).argmax(dim=1)
        maps.append(found.values)
    assert not torch.equal(*maps)


@pytest.mark.parametrize("content", ["missing", "empty"])
def test_a_folder_without_photos_is_refused_in_one_sentence(small, tmp_path, content):
    folder = tmp_path / "here"
    if content == "empty":
        folder.mkdir()
    with pytest.raises(UsageError, match="here"):
        igcli.attribute(small, random_picture(), method="ig2", references=str(folder))


def test_samples_that_are_not_read_from_files_have_no_folder_of_references(tmp_path):
    with pytest.raises(UsageError, match="not read from files"):
        igcli.attribute(Model(Straight(), ["a", "b", "c"]), SAMPLES["features"], method="ig2", references=str(tmp_path))


def test_a_network_without_a_linear_layer_is_refused(quadratic):
    with pytest.raises(UsageError, match="last linear layer"):
        igcli.attribute(quadratic, random_picture(dtype=torch.float64), method="ig2", score="logit")


def test_a_linear_layer_that_is_never_called_is_none():
    class Unused(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner, self.spare = nn.Conv2d(3, 5, SIDE), nn.Linear(3, 3)

        def forward(self, x):
            return self.inner(x).flatten(1)

    with pytest.raises(UsageError, match="last linear layer"):
        igcli.attribute(classifier(Unused(), classes=5), random_picture(), method="ig2", steps=2)


def test_of_linear_layers_the_last_one_called_counts_whatever_its_name_and_place(small_double):
    class Renamed(nn.Module):
        """The toy network, its last layer built first, and a linear layer in the middle."""

        def __init__(self):
            super().__init__()
            inner = small_network().double()
            inner.load_state_dict(small_double.network.state_dict())
            self.a_head, self.middle = inner[-1], nn.Linear(48, 48).double()
            self.rest = inner[:-1]
            with torch.no_grad():
                self.middle.weight.copy_(torch.eye(48))
                self.middle.bias.zero_()

        def forward(self, x):
            return self.a_head(self.middle(self.rest(x)))

    photo = random_picture(dtype=torch.float64)
    both = [
        igcli.attribute(model, photo, method="ig2", target=1, steps=6)
        for model in (small_double, classifier(Renamed(), classes=5))
    ]
    torch.testing.assert_close(both[0].values, both[1].values, rtol=1e-9, atol=1e-12)


def test_a_network_that_takes_one_sample_at_a_time_gives_the_same(small, folder):
    photo = random_picture()
    together = igcli.attribute(small, photo, method="ig2", target=1, steps=4, references=str(folder))
    small.batching = replace(small.batching, one_at_a_time="as a test")
    alone = igcli.attribute(small, photo, method="ig2", target=1, steps=4, references=str(folder), budget=8)
    torch.testing.assert_close(alone.values, together.values, rtol=1e-3, atol=1e-6)


def test_a_step_that_is_not_positive_is_refused(small, picture):
    with pytest.raises(UsageError, match="above 0"):
        igcli.attribute(small, picture, method="ig2", ig2_step=0.0)


def test_what_is_not_finite_on_its_path_fails_with_a_sentence():
    class Fragile(nn.Module):
        """Without a number for pictures a little darker than the photo."""

        def __init__(self):
            super().__init__()
            self.last = nn.Linear(3, 5)

        def forward(self, x):
            mean = x.mean(dim=(2, 3))
            return self.last(mean) + torch.where((mean.mean(dim=1) - 0.4).abs() < 0.05, torch.nan, 0.0)[:, None]

    model = classifier(Fragile(), classes=5)
    model.mean, model.std = (0.0,) * 3, (1.0,) * 3
    photo = igcli.Picture(torch.full((3, SIDE, SIDE), 0.5))
    with pytest.raises(NumericalError, match="path to another class"):
        igcli.attribute(model, photo, method="ig2", steps=60, ig2_step=0.5)
