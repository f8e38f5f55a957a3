import math

import pytest
import torch
from captum.metrics import sensitivity_max
from evaluation.known import Linear, noise_map, photo

from igcli.errors import UsageError
from igcli.evaluation.metrics.max_sensitivity import MaxSensitivity


def test_it_equals_captums_for_the_same_perturbations():
    metric, pixels = MaxSensitivity(samples=6, radius=0.1), photo()
    changed = metric.changed(pixels)
    found = metric.of(lambda pictures: [picture**3 for picture in pictures], pixels)
    expected = sensitivity_max(
        lambda inputs: (inputs[0] ** 3,),
        pixels[None],
        perturb_func=lambda inputs: (torch.stack(changed),),
        n_perturb_samples=6,
    )
    assert found.value == pytest.approx(expected.item(), rel=1e-9)


def test_a_map_that_never_changes_is_best():
    assert MaxSensitivity().of(lambda pictures: [noise_map() for _ in pictures], photo()).value == 0


def test_a_map_that_is_the_photo_changes_as_much_as_the_photo():
    metric, pixels = MaxSensitivity(radius=0.05), torch.ones(3, 40, 40)
    found = metric.of(lambda pictures: pictures, pixels)
    assert found.value == pytest.approx(0.05 / math.sqrt(3), rel=0.05)  # uniform in [−r, r]: r/√3 a value
    assert metric.measure(2 * pixels, [2 * each for each in metric.changed(pixels)]).value == pytest.approx(found.value)


def test_gradient_times_input_of_a_linear_model_is_known():
    pixels, weight, metric = photo(), Linear().weight.detach(), MaxSensitivity()
    found = metric.of(lambda pictures: [weight * picture for picture in pictures], pixels)
    shifts = [(weight * (each - pixels)).norm() for each in metric.changed(pixels)]
    assert found.value == pytest.approx((max(shifts) / (weight * pixels).norm()).item())


def test_the_changes_are_uniform_seeded_and_the_photos_own():
    metric, pixels = MaxSensitivity(samples=10, radius=0.05), photo(side=32).float()
    state = torch.get_rng_state()
    shifts = torch.stack(metric.changed(pixels)) - pixels
    assert torch.equal(torch.get_rng_state(), state)
    assert len(shifts) == 10
    assert shifts.abs().max() <= 0.05 + 1e-6
    assert shifts.min() < -0.0499
    assert shifts.max() > 0.0499
    assert shifts.std().item() == pytest.approx(0.05 / math.sqrt(3), rel=0.01)
    assert torch.equal(torch.stack(metric.changed(pixels)) - pixels, shifts)
    others = MaxSensitivity(seed=1).changed(pixels)[0] - pixels, metric.changed(pixels.flip(1))[0] - pixels.flip(1)
    assert all(not torch.allclose(other, shifts[0], atol=1e-4) for other in others)


def test_a_larger_radius_has_a_larger_value():
    values = [MaxSensitivity(radius=radius).of(lambda pictures: pictures, photo()).value for radius in (0.01, 0.1)]
    assert values[0] < values[1]


@pytest.mark.parametrize(
    ("first", "others", "words"),
    [(0.0, 1.0, "zero everywhere"), (math.nan, 1.0, "not finite"), (1.0, math.nan, "slightly changed photo")],
)
def test_maps_that_cannot_be_compared_have_a_reason(first, others, words):
    found = MaxSensitivity().measure(torch.full((3, 8, 8), first), [torch.full((3, 8, 8), others)] * 10)
    assert math.isnan(found.value)
    assert words in found.reason


@pytest.mark.parametrize("options", [{"samples": 0}, {"radius": 0.0}, {"radius": math.inf}, {"radius": math.nan}])
def test_no_samples_and_no_radius_are_refused(options):
    with pytest.raises(UsageError):
        MaxSensitivity(**options)
