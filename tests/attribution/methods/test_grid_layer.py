"""Which layer Grad-CAM takes, of many architectures with random weights; and its maps lie on the right places."""

import pytest
import torch
from torch import nn
from torchvision import models
from toys import SIDE, classifier, random_picture

import igcli
from igcli.attribution.explain import explain
from igcli.attribution.methods.grid_layer import last_grid_layer
from igcli.attribution.wanted import Wanted
from igcli.errors import UsageError

CLASSES = 4

#: timm's name, its settings, the side of the input; the layer, its layout, rows and columns, tokens before them.
TIMM = {
    "ViT": ("vit_tiny_patch16_224", {"img_size": 64, "depth": 2}, ("blocks.1.norm1", "tokens", 4, 1)),
    "ViT, mean of tokens": (
        "vit_tiny_patch16_224",
        {"img_size": 64, "depth": 2, "global_pool": "avg"},
        ("norm", "tokens", 4, 1),
    ),
    "ViT, attention not fused": (
        "vit_tiny_patch16_224",
        {"img_size": 64, "depth": 2},
        ("blocks.1.norm1", "tokens", 4, 1),
    ),
    "ViT with registers": (
        "vit_little_patch16_reg4_gap_256",
        {"img_size": 64, "depth": 2},
        ("norm", "tokens", 4, 4),
    ),
    "DeiT": ("deit_tiny_patch16_224", {"img_size": 64, "depth": 2}, ("blocks.1.norm1", "tokens", 4, 1)),
    "DeiT distilled": (
        "deit_tiny_distilled_patch16_224",
        {"img_size": 64, "depth": 2},
        ("blocks.1.norm1", "tokens", 4, 2),
    ),
    "EVA02": ("eva02_tiny_patch14_224", {"img_size": 56, "depth": 2}, ("norm", "tokens", 4, 1)),
    "CaiT": ("cait_xxs24_224", {"img_size": 64, "depth": 2}, ("blocks", "tokens", 4, 0)),
    "Swin": (
        "swin_tiny_patch4_window7_224",
        {"img_size": 64, "window_size": 2, "depths": (1, 1, 1, 1)},
        ("norm", "channels-last", 2, 0),
    ),
    "mixer": ("mixer_s32_224", {"img_size": 128}, ("norm", "tokens", 4, 0)),
    "ConvNeXt": ("convnext_atto", {"depths": (1, 1, 1, 1)}, ("norm_pre", "channels-first", 2, 0)),
    "DaViT": ("davit_tiny", {"depths": (1, 1, 1, 1)}, ("norm_pre", "channels-first", 2, 0)),
    "EfficientNet": ("efficientnet_b0", {}, ("bn2", "channels-first", 2, 0)),
    "ResNet": ("resnet10t", {}, ("layer4", "channels-first", 2, 0)),
}

TORCHVISION = {
    "vit_b_32": (96, {"image_size": 96}, ("encoder.layers.encoder_layer_11.ln_1", "tokens", 3, 1)),
    "swin_t": (64, {}, ("permute", "channels-first", 2, 0)),
    "convnext_tiny": (64, {}, ("features", "channels-first", 2, 0)),
    "resnet18": (64, {}, ("layer4", "channels-first", 2, 0)),
    "vgg11": (64, {}, ("avgpool", "channels-first", 7, 0)),
    "mobilenet_v3_small": (64, {}, ("features", "channels-first", 2, 0)),
}


def check(network, size, expected):
    for module in network.modules():  # some libraries start with a head of zeros, on which nothing depends
        if isinstance(module, nn.Linear) and not module.weight.any():
            nn.init.normal_(module.weight, std=0.1)
    found = last_grid_layer(classifier(network, classes=CLASSES, size=size), (3, size, size))
    name, layout, side, prefix = expected
    assert found is not None
    assert (found.name, found.layout, found.size, found.prefix) == (name, layout, (side, side), prefix)
    assert not any(module._forward_hooks for module in network.modules())


@pytest.mark.parametrize("architecture", TIMM)
def test_the_layer_of_timms_networks(architecture):
    timm = pytest.importorskip("timm")
    name, settings, expected = TIMM[architecture]
    torch.manual_seed(0)
    network = timm.create_model(name, num_classes=CLASSES, **settings)
    if architecture.endswith("not fused"):  # its weights, (1, heads, tokens, tokens), look like a square grid
        for module in network.modules():
            if hasattr(module, "fused_attn"):
                module.fused_attn = False
    check(network, settings.get("img_size", 64), expected)


@pytest.mark.parametrize("name", TORCHVISION)
def test_the_layer_of_torchvisions_networks(name):
    size, settings, expected = TORCHVISION[name]
    torch.manual_seed(0)
    check(models.get_model(name, num_classes=CLASSES, **settings), size, expected)


def test_the_layer_of_torchvisions_maxvit():
    torch.manual_seed(0)
    network = models.MaxVit(
        input_size=(32, 32),
        stem_channels=8,
        partition_size=2,
        block_channels=[8, 16],
        block_layers=[1, 1],
        head_dim=8,
        stochastic_depth_prob=0.0,
        num_classes=CLASSES,
    )
    check(network, 32, ("blocks.1", "channels-first", 4, 0))


class Attention(nn.Module):
    """What passes between tokens is their first channel; keys and queries are all the same."""

    def __init__(self, width):
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))

    def forward(self, x):
        weights = (self.query(x) @ self.key(x).transpose(1, 2) / x.shape[2] ** 0.5).softmax(dim=2)
        return weights @ self.value(x)


class Layer(nn.Module):
    """A block as in Hugging Face's vision transformers; it returns a tuple, as theirs did for years."""

    def __init__(self, width):
        super().__init__()
        self.layernorm_before, self.attention = nn.LayerNorm(width), Attention(width)
        self.layernorm_after, self.intermediate = nn.LayerNorm(width), nn.Linear(width, width)

    def forward(self, x):
        x = x + self.attention(self.layernorm_before(x))
        return (x + self.intermediate(self.layernorm_after(x)),)


class Transformer(nn.Module):
    """Patches of 3 x 3 pixels of a picture of 12 x 12; logits come from the first token, or from the mean of all."""

    def __init__(self, *, prefix, width=6):
        super().__init__()
        torch.manual_seed(1)
        self.projection = nn.Conv2d(3, width, 3, stride=3)
        self.extra = nn.Parameter(torch.randn(1, prefix, width))
        self.layer = nn.ModuleList(Layer(width) for _ in range(2))
        self.layernorm, self.classifier = nn.LayerNorm(width), nn.Linear(width, CLASSES)
        self.prefix = prefix

    def forward(self, x):
        x = self.projection(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.extra.expand(len(x), -1, -1), x], dim=1)
        for layer in self.layer:
            (x,) = layer(x)
        x = self.layernorm(x)
        return self.classifier(x[:, 0] if self.prefix else x.mean(dim=1))


@pytest.mark.parametrize(
    ("prefix", "name"), [(1, "layer.1.layernorm_before"), (2, "layer.1.layernorm_before"), (0, "layernorm")]
)
def test_the_layer_of_a_network_built_as_hugging_faces_are(prefix, name):
    check(Transformer(prefix=prefix), SIDE, (name, "tokens", 4, prefix))


class Bright(nn.Module):
    """The answer is the mean brightness of the patches (4 x 4 of 3 x 3 pixels), in one of the layouts."""

    def __init__(self, layout):
        super().__init__()
        self.layout, self.patches = layout, nn.Conv2d(3, CLASSES, 3, stride=3)
        self.norm, self.later = nn.Identity(), nn.Identity()
        with torch.no_grad():
            self.patches.weight.copy_(torch.ones_like(self.patches.weight) / 27)
            self.patches.bias.zero_()

    def forward(self, x):
        x = self.patches(x)
        if self.layout == "channels-last":
            return self.norm(x.permute(0, 2, 3, 1)).mean(dim=(1, 2))
        tokens = x.flatten(2).transpose(1, 2)
        if self.layout == "column by column":
            tokens = x.transpose(2, 3).flatten(2).transpose(1, 2)
        if self.layout == "class token first":
            tokens = torch.cat([torch.zeros_like(tokens[:, :1]), tokens], dim=1)
        tokens = self.later(self.norm(tokens))
        return tokens.mean(dim=1)


@pytest.mark.parametrize("layout", ["channels-last", "tokens", "class token first"])
@pytest.mark.parametrize("place", [(0, 3), (1, 2), (3, 0)])
def test_the_map_lies_on_the_patch_that_the_answer_comes_from(layout, place):
    picture, (row, column) = random_picture(), place
    picture.pixels.zero_()
    picture.pixels[:, 3 * row : 3 * row + 3, 3 * column : 3 * column + 3] = 1
    model = classifier(Bright(layout), classes=CLASSES)
    model.mean, model.std = (0.0,) * 3, (1.0,) * 3
    found = igcli.attribute(model, picture, method="grad-cam", score="logit", target=0).values.sum(dim=0)
    patches = nn.functional.avg_pool2d(found[None], 3)[0]
    assert divmod(int(patches.argmax()), 4) == place
    assert patches[place] > 0.5 * patches.sum() / 2  # bilinear enlargement reaches into the neighbours


def test_tokens_in_another_order_and_networks_without_a_grid_are_refused_before_a_picture_is_explained():
    for network in (Bright("column by column"), nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE * SIDE, CLASSES))):
        with pytest.raises(UsageError, match="grad-cam needs a layer whose output is a grid"):
            explain(classifier(network, classes=CLASSES), [random_picture()], Wanted(("grad-cam",)))


def test_the_projection_of_patches_is_never_taken_for_the_last_layer():
    class Pooled(nn.Module):
        """Behind the projection tokens are mixed by a fixed random matrix, so that their places are lost."""

        def __init__(self):
            super().__init__()
            torch.manual_seed(2)
            self.projection = nn.Conv2d(3, 5, 3, stride=3)
            self.blocks = nn.Sequential(*(nn.Sequential(nn.Linear(16, 16), nn.GELU()) for _ in range(4)))
            self.head = nn.Linear(5 * 16, CLASSES)

        def forward(self, x):
            return self.head(self.blocks(self.projection(x).flatten(2)).flatten(1))

    assert last_grid_layer(classifier(Pooled(), classes=CLASSES), (3, SIDE, SIDE)) is None


@pytest.mark.parametrize("size", [(7, 9), (12, 5)])
def test_pictures_that_are_no_squares_have_grids_of_their_proportions(size):
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, CLASSES)
    )
    found = last_grid_layer(classifier(network, classes=CLASSES), (3, *size))
    assert found is not None
    assert (found.name, found.size) == ("1", size)


@pytest.fixture
def scripted():
    """A traced network."""
    layers = (nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, CLASSES))
    network = torch.jit.trace(nn.Sequential(*layers).eval(), torch.rand(1, 3, SIDE, SIDE))
    return classifier(network, classes=CLASSES)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_whose_layers_cannot_be_asked_is_refused_in_a_sentence(scripted):
    with pytest.raises(UsageError, match="choose another"):
        igcli.attribute(scripted, random_picture(), method="grad-cam", score="logit")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_is_copied_for_methods_that_only_call_it(scripted):
    found = igcli.attribute(scripted, random_picture(), method="occlusion", score="logit")
    assert found.values.abs().max() > 0
