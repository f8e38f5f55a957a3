import torch

from igcli.attribution.path import Path
from igcli.images.picture import Picture


def a_path() -> Path:
    generator = torch.Generator().manual_seed(1)
    return Path.of(Picture(torch.rand(3, 4, 5, generator=generator)), torch.rand(3, 4, 5, generator=generator))


def test_ends_are_the_baseline_and_the_photo_to_the_bit():
    path = a_path()
    ends = path.at(torch.tensor([0.0, 1.0]))
    assert torch.equal(ends[0], path.baseline)
    assert torch.equal(ends[1], path.end)


def test_points_lie_on_the_straight_line_from_the_baseline_not_from_zero():
    path = a_path()
    (quarter,) = path.at(torch.tensor([0.25]))
    torch.testing.assert_close(quarter, path.baseline + 0.25 * (path.end - path.baseline))


def test_points_can_be_written_into_a_channels_last_tensor():
    path = a_path()
    out = torch.empty((2, 3, 4, 5), memory_format=torch.channels_last)
    path.at(torch.tensor([0.5, 1.0]), out=out)
    torch.testing.assert_close(out, path.at(torch.tensor([0.5, 1.0])))
    assert out.is_contiguous(memory_format=torch.channels_last)
