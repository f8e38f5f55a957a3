"""The two axioms that can be tried on any network: completeness, and the same map whatever goes through at once."""

from __future__ import annotations

from collections.abc import Sequence

from igcli.attribution.budget import Budget
from igcli.attribution.explain import explain
from igcli.attribution.methods.method import METHODS, OwnPath
from igcli.attribution.result import Explanation, Settings
from igcli.attribution.wanted import Wanted
from igcli.errors import IgError
from igcli.evaluation.axioms import Verdict
from igcli.images.picture import Picture
from igcli.lazy import torch
from igcli.models.classifier import Classifier

#: In float32 rounding decides on which side of 0 a ReLU input lies; maps differ by so much relative to their norm.
ROUNDING = 5e-3


def check_model(
    model: Classifier, methods: Sequence[str], *, steps: int, budget: Budget
) -> dict[str, dict[str, Verdict]]:
    """Completeness and chunk invariance of those of ``methods`` that share the sweep, on a made-up picture."""
    swept = [name for name in methods if not issubclass(METHODS[name], OwnPath)]
    if not swept:
        return {}
    wanted = Wanted(swept, settings=Settings(steps=steps))
    whole, parts = (
        _explained(model, wanted, Budget(size, device=model.device)) for size in (budget.size, max(1, budget.size // 3))
    )
    return {
        name: {"completeness": _complete(whole, name), "chunk-invariance": _same(whole, parts, name)} for name in swept
    }


def made_up_picture(model: Classifier) -> Picture:
    """Soft coloured blobs, the same every time."""
    view = model.view
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand((1, view.channels, 7, 7), generator=generator)
    pixels = torch.nn.functional.interpolate(coarse, model.input_shape[1:], mode="bilinear", align_corners=False)[0]
    return Picture(pixels, original_size=(view.width, view.height))


def _explained(model: Classifier, wanted: Wanted, budget: Budget) -> Explanation:
    ((outcome,),) = explain(model, [made_up_picture(model)], wanted, budget=budget)
    if isinstance(outcome, IgError):
        raise outcome
    return outcome


def _complete(found: Explanation, method: str) -> Verdict:
    result = found.results[method]
    if not METHODS[method].complete:
        return Verdict(None, "makes no promise")
    kept = result.completeness.relative_gap <= result.settings.tolerance
    return Verdict(kept, f"sum {result.total:.4g} for a rise of {found.score.rise:.4g}, {result.steps} steps")


def _same(first: Explanation, second: Explanation, method: str) -> Verdict:
    one, two = (each.results[method].values.double() for each in (first, second))
    norm = one.norm().item()
    apart = (one - two).norm().item() / norm if norm else two.norm().item()
    return Verdict(apart <= ROUNDING, f"{apart:.2g} of the map's size apart")
