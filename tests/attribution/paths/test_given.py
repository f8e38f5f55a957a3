"""A path of the user's own, as through a generative model: a toy decoder stands in for one."""

import pytest
import torch
from click.testing import CliRunner
from toys import random_picture

import igcli
from igcli.attribution.result import Settings
from igcli.attribution.wanted import Wanted
from igcli.cli.main import ig
from igcli.errors import UsageError
from igcli.jobs.shared_files import SharedFiles
from igcli.sample import Sample

DECODER = """
import torch


def build(values, baseline):
    \"\"\"A straight line between the codes of a toy decoder; what that cannot draw comes in evenly.\"\"\"
    codes = [torch.logit(each.flatten(1).mean(dim=1).clamp(0.01, 0.99)) for each in (baseline, values)]

    def decoded(alphas):
        code = torch.lerp(codes[0], codes[1], alphas[:, None])
        return code.sigmoid()[:, :, None, None].expand(-1, *values.shape)

    missing = values - decoded(torch.ones(1).to(values))[0]

    def points(alphas):
        return decoded(alphas) + alphas[:, None, None, None] * missing

    return points


class Line:
    def __init__(self, values, baseline):
        self.ends = baseline, values

    def at(self, alphas):
        return torch.lerp(*(end[None] for end in self.ends), alphas.reshape(-1, *[1] * self.ends[0].ndim))


def pair(values, baseline):
    return lambda alphas: tuple(alphas.reshape(-1, *[1] * v.ndim) * v for v in values)


def elsewhere(values, baseline):
    return lambda alphas: alphas[:, None, None, None] * values.flip(-1)


def flat(values, baseline):
    return lambda alphas: alphas[:, None] * values.flatten()


def noisy(values, baseline):
    def points(alphas):
        return alphas[:, None, None, None] * values + torch.rand(()) * (alphas * (1 - alphas))[:, None, None, None]
    return points


def infinite(values, baseline):
    return lambda alphas: values / (alphas[:, None, None, None] - 0.5)


def broken(values, baseline):
    raise RuntimeError("no decoder here")


def nothing(values, baseline):
    pass


number = 3
"""


@pytest.fixture
def code(tmp_path):
    file = tmp_path / "decoder.py"
    file.write_text(DECODER)
    return f"{file}:"


@pytest.mark.parametrize("steps", [600, "auto"])
def test_the_map_is_complete_from_the_paths_own_start(code, steps, small_double):
    picture = random_picture(dtype=torch.float64)
    found = igcli.attribute(small_double, picture, target=1, path=f"{code}build", steps=steps, score="logit")
    assert found.completeness.relative_gap < 1e-2
    with small_double.frozen():
        start = torch.full((1, 3, 12, 12), 0.01, dtype=torch.float64)
        assert found.score.at_baseline == pytest.approx(small_double(start)[0, 1].item())
    straight = igcli.attribute(small_double, picture, target=1, steps=steps, score="logit")
    assert not torch.allclose(found.values, straight.values)


@pytest.mark.parametrize("method", ["integrated", "left-integrated", "decision"])
def test_a_straight_line_of_ones_own_is_the_straight_path(code, method, small_double):
    how = {"target": 1, "method": method, "steps": 9, "baseline": "white"}
    picture = random_picture(dtype=torch.float64)
    own, straight = (igcli.attribute(small_double, picture, path=path, **how) for path in (f"{code}Line", "straight"))
    torch.testing.assert_close(own.values, straight.values)
    assert own.score == straight.score


def test_classes_of_one_photo_share_the_path_and_the_code_runs_once(code, small, monkeypatch):
    wanted = Wanted(targets=(0, 1), settings=Settings(path=f"{code}Line", steps=4))
    ((first, second),) = igcli.explain(small, [random_picture()], wanted)
    assert not torch.allclose(first.results["integrated"].values, second.results["integrated"].values)


def test_samples_of_several_tensors(code):
    class Product(torch.nn.Module):
        def forward(self, first, second):
            return (first.square().sum(dim=1) * second.flatten(1).sum(dim=1))[:, None].expand(-1, 2)

    from igcli.models.model import Model

    sample = Sample((torch.rand(4), torch.rand(2, 3)))
    model = Model(Product(), ["a", "b"])
    how = {"score": "logit", "target": 0, "steps": 6}
    own, straight = (igcli.attribute(model, sample, path=path, **how) for path in (f"{code}pair", "straight"))
    torch.testing.assert_close(own.values, straight.values)


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("elsewhere", "does not end at the sample"),
        ("flat", r"points of \(3, 432\), not of \(3, 3, 12, 12\)"),
        ("noisy", "another point of the same alpha"),
        ("infinite", "not finite"),
        ("broken", "failed .RuntimeError: no decoder here"),
        ("nothing", "returned nothing"),
        ("number", "something of type int"),
        ("missing", "It defines: "),
    ],
)
def test_what_makes_no_path_is_refused_with_the_reason(code, function, said, small):
    with pytest.raises(UsageError, match=said):
        igcli.attribute(small, random_picture(), path=f"{code}{function}")


def test_a_file_that_is_not_there(small):
    with pytest.raises(UsageError, match="Check the path before the colon of --path"):
        igcli.attribute(small, random_picture(), path="nowhere.py:build")


def test_a_file_that_was_changed_is_read_again(code, small, tmp_path):
    import os

    file = tmp_path / "decoder.py"
    igcli.attribute(small, random_picture(), path=f"{code}Line", steps=2)
    file.write_text(DECODER.replace("class Line", "class Other"))
    os.utime(file, ns=(1, 1))
    with pytest.raises(UsageError, match="has no 'Line'"):
        igcli.attribute(small, random_picture(), path=f"{code}Line", steps=2)


def test_the_code_belongs_to_a_runs_settings(code, tmp_path):
    shared = SharedFiles.of(Wanted(settings=Settings(path=f"{code}Line")))
    assert list(shared.hashes) == [str(tmp_path / "decoder.py")]


def test_in_the_shell(code, samples, tmp_path):
    out = tmp_path / "out"
    result = CliRunner().invoke(
        ig,
        ["explain", str(samples / "motorcycle.jpg"), "--model", "caltech101", "--path", f"{code}build", "--steps", "3",
         "-o", str(out), "--json"],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert f'"path": "{code}build"' in result.stdout
