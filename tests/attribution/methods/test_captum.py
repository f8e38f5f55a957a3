"""Captum's methods: Captum called by hand on networks that it can take as they are, and what it cannot take."""

import captum.attr
import pytest
import torch
from torch import nn
from torch.nn import functional
from toys import classifier, random_picture

import igcli
from igcli.errors import UsageError

METHODS = ("deep-lift", "lrp", "guided-backprop", "deconvolution", "grad-cam", "occlusion")


def plain_network():
    torch.manual_seed(4)
    layers = [nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 8, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))


class Functional(nn.Module):
    """The same network, its ReLUs and pooling called as functions, in place."""

    def __init__(self, plain):
        super().__init__()
        self.first, self.second, self.last = plain[0], plain[3], plain[7]

    def forward(self, x):
        x = functional.max_pool2d(functional.relu(self.first(x), inplace=True), 2)
        return self.last(functional.relu(self.second(x), inplace=True).mean(dim=(2, 3)))


def by_hand(method, network, pixels, target):
    explainers = {
        "deep-lift": captum.attr.DeepLift,
        "guided-backprop": captum.attr.GuidedBackprop,
        "deconvolution": captum.attr.Deconvolution,
    }
    return explainers[method](network).attribute(pixels, target=target)[0].detach()


def model_of(network):
    model = classifier(network, classes=4)
    model.mean, model.std = (0.0,) * 3, (1.0,) * 3
    return model


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("method", ["deep-lift", "guided-backprop", "deconvolution"])
def test_equals_captum_called_by_hand(method):
    picture = random_picture()
    ours = igcli.attribute(model_of(plain_network()), picture, method=method, score="logit", target=1)
    theirs = by_hand(method, plain_network().eval(), picture.pixels[None].requires_grad_(), 1)
    torch.testing.assert_close(ours.values, theirs)


# Not LRP, which has no rule for a mean that is not a module; not Grad-CAM, whose layers are not the same.
@pytest.mark.parametrize("method", ["deep-lift", "guided-backprop", "deconvolution", "occlusion"])
def test_activations_called_as_functions_change_nothing(method):
    picture, settings = random_picture(), {"method": method, "score": "logit", "target": 2}
    plain = igcli.attribute(model_of(plain_network()), picture, **settings)
    functions = igcli.attribute(model_of(Functional(plain_network())), picture, **settings)
    torch.testing.assert_close(functions.values, plain.values)


def test_deep_lift_sums_to_the_rise_of_the_logit():
    result = igcli.attribute(model_of(plain_network()), random_picture(), method="deep-lift", score="logit")
    assert result.completeness.relative_gap < 1e-4


def test_occlusion_is_the_mean_loss_over_the_patches():
    picture, model = random_picture(), model_of(plain_network())
    ours = igcli.attribute(model, picture, method="occlusion", score="logit", target=0, baseline="white")
    model.network.eval()
    whole = model(picture.pixels[None])[0, 0]
    for y, x in [(0, 0), (5, 7)]:
        covered = picture.pixels.clone()
        covered[:, y, x] = 1  # at 12 pixels a side a patch is one pixel
        loss = (whole - model(covered[None])[0, 0]).item()
        assert ours.values[:, y, x].sum().item() == pytest.approx(loss, abs=1e-6)
    assert ours.gradient_evaluations == 0
    assert ours.forward_evaluations == 2 + 1 + 12 * 12  # the ends; Captum's own pass, and one patch per pixel


def test_grad_cam_is_the_relu_of_the_weighed_channels_enlarged():
    network = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 144, 4))
    picture, model = random_picture(), model_of(network)
    ours = igcli.attribute(model, picture, method="grad-cam", score="logit", target=3)
    activations = network[1](network[0](picture.pixels[None])).detach().requires_grad_()
    network[3](activations.flatten(1))[0, 3].backward()
    expected = (activations.grad.mean(dim=(2, 3), keepdim=True) * activations).sum(dim=1).relu()[0]
    torch.testing.assert_close(ours.values.sum(dim=0), expected.detach())


@pytest.mark.parametrize("method", METHODS)
def test_runs_on_the_bundled_googlenet(method):
    model = igcli.load_model("caltech101", device="cpu")
    side = 48 if method == "occlusion" else 96  # a forward pass for every place of its window
    result = igcli.attribute(model, random_picture(size=side), method=method, score="logit")
    assert result.values.abs().max() > 0


@pytest.mark.parametrize("method", [name for name in METHODS if name != "grad-cam"])
def test_without_captum_the_choice_says_how_to_install_it(small, picture, method, monkeypatch):
    monkeypatch.setattr("igcli.attribution.methods.captum.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r'pip install "igcli\[captum\]"'):
        igcli.attribute(small, picture, method=method)


def test_what_captum_cannot_do_is_a_sentence(picture):
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.GELU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 4))
    with pytest.raises(UsageError, match=r"Captum cannot compute this method for this network \(.*GELU"):
        igcli.attribute(model_of(network), picture, method="lrp", score="logit")


def test_grad_cam_needs_no_captum_and_agrees_with_it(small, picture, monkeypatch):
    pixels = picture.pixels[None].requires_grad_()
    layer = captum.attr.LayerGradCam(small, small.network[6])
    small.network.eval()
    coarse = layer.attribute(pixels, target=1, relu_attributions=True)
    expected = functional.interpolate(coarse, picture.pixels.shape[1:], mode="bilinear", align_corners=False)[0, 0]
    monkeypatch.setattr("igcli.attribution.methods.captum.find_spec", lambda name: None)
    ours = igcli.attribute(small, picture, method="grad-cam", score="logit", target=1)
    torch.testing.assert_close(ours.values.sum(dim=0), expected.detach())
    assert expected.max() > 0
