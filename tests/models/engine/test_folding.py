import pytest
import torch
from torch import nn

from igcli.models.engine.folding import fold_batch_norms
from models.engine.same import assert_same, kinds, pictures, rewritten, trained


def test_the_folded_weights_are_those_of_the_formula():
    convolution, norm = nn.Conv2d(1, 1, 1, bias=False), nn.BatchNorm2d(1, eps=1.0)
    network = nn.Sequential(convolution, norm).double().eval()
    with torch.no_grad():
        for values, number in ((convolution.weight, 2.0), (norm.weight, 4.0), (norm.bias, 5.0)):
            values.fill_(number)
        norm.running_mean.fill_(1.0)
        norm.running_var.fill_(3.0)
    folded, done = rewritten(network, fold_batch_norms)
    assert done == [1]
    # 4 · (2x − 1) / √(3 + 1) + 5 = 4x + 3
    assert folded.get_submodule("0").weight.item() == pytest.approx(4.0)
    assert folded.get_submodule("0").bias.item() == pytest.approx(3.0)


@pytest.mark.parametrize(
    "convolution",
    [
        nn.Conv2d(3, 6, 3, padding=1),
        nn.Conv2d(3, 6, 3, bias=False, stride=2, padding="valid"),
        nn.Conv2d(3, 6, 3, groups=3, dilation=2),
        nn.Conv2d(3, 6, 3, padding=1, padding_mode="reflect"),
    ],
)
def test_outputs_and_gradients_stay_the_same(convolution):
    network = trained(nn.Sequential(convolution, nn.BatchNorm2d(6), nn.ReLU(inplace=True), nn.Conv2d(6, 4, 1)))
    folded, done = rewritten(network, fold_batch_norms)
    assert done == [1]
    assert "BatchNorm2d" not in kinds(folded)
    assert_same(network, folded, pictures(2, 3, 9, 10))


def test_a_batch_norm_without_weights_of_its_own_is_folded_too():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, affine=False)).double().eval()
    network[1].running_var.uniform_(0.5, 2)
    folded, done = rewritten(network, fold_batch_norms)
    assert done == [1]
    assert_same(network, folded, pictures(2, 3, 6, 6))


class Shared(nn.Module):
    """One convolution, in ways that leave no normalisation to fold."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how
        self.convolution, self.norm, self.other = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3), nn.BatchNorm2d(3)

    def forward(self, x):
        y = self.convolution(x)
        if self.how == "convolution read twice":
            return self.norm(y) + y
        if self.how == "convolution called twice":
            return self.norm(y) + self.other(self.convolution(2 * x))
        if self.how == "norm called twice":
            return self.norm(y) + self.norm(x)
        return self.norm(y.relu())


@pytest.mark.parametrize("how", ["convolution read twice", "convolution called twice", "norm called twice", "between"])
def test_what_cannot_be_folded_stays(how):
    network = trained(Shared(how))
    folded, done = rewritten(network, fold_batch_norms)
    assert done == [0]
    assert_same(network, folded, pictures(2, 3, 5, 5))


def test_a_batch_norm_that_measures_each_batch_stays():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False)).double().eval()
    assert rewritten(network, fold_batch_norms)[1] == [0]


def test_a_batch_norm_in_another_precision_stays():
    network = nn.Sequential(nn.Conv2d(3, 4, 3).bfloat16(), nn.BatchNorm2d(4)).eval()
    assert rewritten(network, fold_batch_norms)[1] == [0]


def test_timms_norm_and_activation_in_one_leaves_its_activation():
    layers = pytest.importorskip("timm.layers")
    network = trained(nn.Sequential(nn.Conv2d(3, 4, 3), layers.BatchNormAct2d(4, act_layer=nn.SiLU)))
    folded, done = rewritten(network, fold_batch_norms)
    assert done == [1]
    assert kinds(folded)[-1] == "SiLU"
    assert_same(network, folded, pictures(2, 3, 7, 7))
