"""A worked example of a plug-in: a model, a prefix of models, a method, metrics, a style and scores, each a few lines.

Its package declares the module in the entry-point group that igcli reads (see ``pyproject.toml`` next to this file).
Heavy packages are imported through :mod:`igcli.lazy`, or inside functions, so that ``ig --help`` stays quick.
"""

from __future__ import annotations

from dataclasses import dataclass

from igcli.attribution.methods.method import METHODS, Method
from igcli.attribution.scores import SCORES, trait
from igcli.evaluation.metrics.metric import METRICS, Measured, Metric
from igcli.lazy import np, torch
from igcli.models.sources import MODELS, SOURCES, ModelSource
from igcli.rendering.styles import STYLES, Style


@MODELS("example-net", summary="Two small convolutions with random weights.")
def load(options):
    """A Classifier of three classes; what of ``options`` has no meaning here is left alone."""
    from igcli.images.options import View
    from igcli.models.classifier import Classifier

    torch.manual_seed(0)
    nn = torch.nn
    layers = (
        nn.Conv2d(3, 4, 3),
        nn.GELU(),
        nn.Conv2d(4, 4, 3),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(16, 3),
    )
    return Classifier(nn.Sequential(*layers), ["red", "green", "blue"], view=View(size=16, resize=16))


def _load_by_seed(name, options):
    """The same network with other random weights: ``name`` is the number after ``example:``."""
    model = load(options)
    torch.manual_seed(int(name))
    torch.nn.init.normal_(model.network[-1].weight)
    return model


SOURCES("example", summary="example-net with the random weights of a number, as in example:7")(
    ModelSource(_load_by_seed, data_only=True)
)


@METHODS("example-squared", summary="the mean of the squared gradient along the path")
class Squared(Method):
    """Σ_n w_n (∂F/∂x)², in squared score units per squared pixel unit."""

    def start(self, path, nodes):
        """Begin at zero."""
        self._sum = torch.zeros_like(path.end)

    def take(self, chunk):
        """Add the chunk's weighted squares."""
        weights = chunk.weights.reshape(-1, *[1] * (chunk.gradients.ndim - 1))
        self._sum += (weights * chunk.gradients**2).sum(dim=0)

    def finish(self):
        """The map, of the path's shape."""
        return self._sum

    @classmethod
    def unmet_premise(cls, model):
        """For the sake of the example, it is made for networks with ReLUs."""
        has_relu = any(isinstance(module, torch.nn.ReLU) for module in model.network.modules())
        return "" if has_relu else "This network has no ReLU, which the example is made for."


@METRICS("example-sparseness", summary="how unevenly the map's absolute values are spread over the pixels")
@dataclass(frozen=True, kw_only=True)
class Sparseness(Metric):
    """The Gini index of Σ_c |map|; needs nothing but the map."""

    direction = "higher"

    power: float = 1.0

    def measured(self, context, names):
        """Of each map by itself."""
        return {name: self._of(context.maps[name]) for name in names}

    def _of(self, values):
        sizes = np.sort(np.abs(np.asarray(values, float)).sum(axis=0).ravel() ** self.power)
        if not sizes.any():
            return Measured.missing("The map is zero everywhere.")
        ranks = np.arange(1, len(sizes) + 1)
        return Measured(float(((2 * ranks - len(sizes) - 1) * sizes).sum() / (len(sizes) * sizes.sum())))


@METRICS("example-drop", summary="how far the score falls when the most important pixel is black")
@dataclass(frozen=True, kw_only=True)
class Drop(Metric):
    """F(x) − F(x without its most important pixel): asks the network, two passes for each map."""

    direction = "higher"
    needs = ("model",)

    def measured(self, context, names):
        """All maps in one call of the network."""
        changed = []
        for name in names:
            place = int(np.abs(np.asarray(context.maps[name], float)).sum(axis=0).argmax())
            pixels = context.pixels.clone()
            pixels.flatten(1)[:, place] = 0
            changed.append(pixels)
        before, *after = context.scores([context.pixels, *changed])
        return {name: Measured(float(before - score)) for name, score in zip(names, after, strict=True)}


def _blue(photo, strength):
    """The photo, blue where it is important."""
    return photo * (1 - strength[..., None]) + strength[..., None] * np.array([0, 0, 255])


STYLES("example-blue", summary="The photo, blue where it is important.")(
    Style(_blue, "abs-sum", "Blue is important, for or against the class.")
)


@SCORES("example-half", summary="half of the class's raw output")
def half(logits, score):
    """Unbounded."""
    return logits[:, score.target] / 2


@SCORES("example-versus", summary="the class's share of two classes' probability; the other by --against")
@trait("comparing")
@trait("probability")
def versus(logits, score):
    """In [0, 1]."""
    return (logits[:, score.target] - logits[:, score.against]).sigmoid()
