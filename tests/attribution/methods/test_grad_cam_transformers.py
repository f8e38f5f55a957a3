"""Grad-CAM on networks of transformers: the layer that people choose by hand, and the map computed from it by hand."""

from __future__ import annotations

import pytest
import torch
from tiny_image_models import saved_image_model

import igcli
from igcli.attribution.methods.grid_layer import last_grid_layer

#: By kind: the last layer whose places the answer depends on, its tokens without a place, and the side of its grid.
LAYERS = {
    "vit": ("vit.layers.1.layernorm_before", 1, 4),
    "deit": ("deit.layers.1.layernorm_before", 2, 4),
    "beit": ("beit.layernorm", 1, 4),  # its answer is the mean of the last places
    "swin": ("swin.layernorm", 0, 8),
    "convnext": ("convnext.encoder.stages.3", 0, 2),
    "resnet": ("resnet.encoder.stages.1", 0, 6),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_the_map_is_that_of_the_last_layer_with_places(kind, samples, tmp_path):
    name, prefix, side = LAYERS[kind]
    network = saved_image_model(kind, tmp_path / "saved")
    model = igcli.load_model(f"hf:{tmp_path / 'saved'}", device="cpu")
    layer = last_grid_layer(model, model.input_shape)
    # Releases of the library differ in the names of modules around the last part of a name.
    assert layer.name.rpartition(".")[2] == name.rpartition(".")[2]
    assert (layer.prefix, layer.size) == (prefix, (side, side))

    photo = igcli.read_image(samples / "chelsea.jpg", view=model.view, fit=model.view.fit)
    lit = 0.0
    for target in range(len(model.labels)):
        result = igcli.attribute(model, photo, method="grad-cam", target=f"index:{target}")
        expected = by_hand(network, layer.name, normalised(model, photo), target, prefix=prefix)
        torch.testing.assert_close(result.values.sum(dim=0), expected, rtol=1e-3, atol=1e-6)
        lit = max(lit, float(expected.max()))
    assert lit > 1e-3


def normalised(model, photo):
    mean, std = (torch.tensor(values)[:, None, None] for values in (model.mean, model.std))
    return (photo.pixels - mean)[None] / std


def by_hand(network, name, pixels, target, *, prefix):
    """Selvaraju et al. 2017, eq. 1 and 2, enlarged to the picture (H, W)."""
    kept = []
    handle = dict(network.named_modules())[name].register_forward_hook(lambda *call: kept.append(call[2]))
    score = network(pixels).logits.softmax(dim=1)[0, target]
    handle.remove()
    (activations,) = kept
    (gradients,) = torch.autograd.grad(score, activations)
    if activations.ndim == 3:
        side = round((activations.shape[1] - prefix) ** 0.5)
        grids = [each[0, prefix:].T.reshape(-1, side, side) for each in (activations, gradients)]
    else:
        grids = [activations[0], gradients[0]]
    coarse = torch.einsum("k,kyx->yx", grids[1].flatten(1).mean(dim=1), grids[0]).clamp_min(0).detach()
    how = {"mode": "bilinear", "align_corners": False}
    return torch.nn.functional.interpolate(coarse[None, None], pixels.shape[2:], **how)[0, 0]
