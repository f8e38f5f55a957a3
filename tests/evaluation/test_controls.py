import pytest
import torch
from evaluation.known import photo

from igcli.evaluation.controls import CONTROLS, photo_seed


@pytest.mark.parametrize("name", CONTROLS)
def test_a_control_is_a_map_of_the_photo_and_leaves_it_alone(name):
    pixels = photo().float()
    before, state = pixels.clone(), torch.get_rng_state()
    found = CONTROLS[name](pixels, 0)
    assert found.shape == pixels.shape
    assert found.dtype == torch.float32
    assert torch.equal(found, CONTROLS[name](pixels.double(), 0))
    assert torch.equal(pixels, before)
    assert torch.equal(torch.get_rng_state(), state)


def test_the_random_map_is_the_photos_own():
    maps = [CONTROLS["random"](photo(seed=seed), 0) for seed in (0, 0, 1)]
    assert torch.equal(maps[0], maps[1])
    assert not torch.equal(maps[0], maps[2])
    assert not torch.equal(maps[0], CONTROLS["random"](photo(seed=0), 1))


def test_the_random_map_is_uniform_and_not_related_to_the_photo():
    pixels = photo(side=64)
    found = CONTROLS["random"](pixels, 0).double()
    assert found.mean().item() == pytest.approx(0.5, abs=0.01)
    assert abs(torch.corrcoef(torch.stack([found.flatten(), pixels.flatten()]))[0, 1].item()) < 0.03


def test_the_edge_map_equals_a_plain_loop():
    pixels = photo(side=5)
    found = CONTROLS["sobel"](pixels, 0)
    weights = {(-1, -1): 1, (0, -1): 2, (1, -1): 1, (-1, 1): -1, (0, 1): -2, (1, 1): -1}

    def at(channel, row, column):
        return pixels[channel, min(max(row, 0), 4), min(max(column, 0), 4)]

    for channel in range(3):
        for row in range(5):
            for column in range(5):
                across = sum(w * at(channel, row + dr, column + dc) for (dr, dc), w in weights.items()) / 8
                down = sum(w * at(channel, row + dc, column + dr) for (dr, dc), w in weights.items()) / 8
                assert found[channel, row, column] == pytest.approx(float((across**2 + down**2) ** 0.5), rel=1e-5)


def test_the_edge_map_of_a_ramp_is_its_slope():
    ramp = (torch.arange(8.0) / 10).expand(1, 8, 8)
    assert torch.allclose(CONTROLS["sobel"](ramp, 0)[0, :, 1:-1], torch.tensor(0.1))


def test_a_flat_photo_has_no_edges():
    assert not CONTROLS["sobel"](torch.full((3, 8, 8), 0.3), 0).any()


def test_a_photos_seed_depends_on_its_pixels_alone():
    pixels = photo().float()
    assert photo_seed(pixels, 3) == photo_seed(pixels.contiguous(memory_format=torch.preserve_format).clone(), 3)
    assert photo_seed(pixels.transpose(1, 2).contiguous().transpose(1, 2), 3) == photo_seed(pixels, 3)
    assert len({photo_seed(pixels, 0), photo_seed(pixels, 1), photo_seed(pixels + 0.1, 0)}) == 3
