"""IG2, integrated gradients along an iterative path to another class (Zhuo, Ge 2024, arXiv 2406.10852).

The path starts at the sample and descends the distance, in the network's last representation, to a reference of another
class. It ends at what the authors call GradCF, which stands for the baseline. All of it is in input space, where the
authors' code takes gradients by normalised values and multiplies them by moves in pixels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from igcli.attribution.accumulation import RunningSum
from igcli.attribution.last_representation import LastRepresentation, no_linear_layer
from igcli.attribution.methods.method import METHODS, MethodContext, OwnPath
from igcli.attribution.network import gradient_of
from igcli.attribution.references import references_in
from igcli.attribution.result import PathEnd
from igcli.attribution.targets import ranking
from igcli.errors import NumericalError
from igcli.lazy import torch
from igcli.models.model import Model


@METHODS("ig2", summary="gradients along a path from the photo towards photos of other classes (--references)")
class IG2(OwnPath):
    """Σ over j of ∂F/∂x(x_j) ⊙ (x_j − x_{j+1}), the mean over the references; two gradients per step and reference.

    x_{j+1} = x_j − η u_j, clipped to the values' range; u_j is the gradient of the squared distance in the
    representation over its own L2 norm. Sums to F(x) − F(end), the mean over the ends, up to the error of the sum.
    Without references the baseline is the reference. η is ``ig2_step``: 1 in pixel units is the authors' 256 of 255.
    Where steps are so long that the path goes back and forth, the sum exceeds the rise many times: the gap says so.
    """

    sums_to = "end"
    path = "straight"  # from the baseline, where that is the reference

    def __init__(self, context: MethodContext) -> None:
        super().__init__(context)
        self._ends: tuple[PathEnd, ...] = ()

    @classmethod
    def check_network(cls, model: Model) -> None:
        """Raise ``UsageError`` for a network without a linear layer."""
        if not any(isinstance(module, torch.nn.Linear) for module in model.network.modules()):
            raise no_linear_layer()

    def finish(self) -> torch.Tensor:
        """Follow the paths to all references together; signed, in score units."""
        context = self.context
        model = context.model.optimised(compiled=False)
        with model.frozen(), torch.inference_mode(mode=False), torch.enable_grad():
            last = LastRepresentation.of(model, context.path)
            names, goals = self._references(last)
            points = context.path.end.expand(len(goals), *context.path.end.shape).clone()
            total = RunningSum(context.path.end)
            for _ in range(context.steps):
                slopes, towards = self._gradients(last, points, goals)
                after = self._clipped(points - context.settings.ig2_step * _directions(towards))
                total.add((slopes * (points - after)).mean(dim=0))
                points = after
            self._ends = self._reached(last, points, names)
        return total.value()

    def expected_sum(self) -> float:
        """F(x) − F(end), of the mean over the ends."""
        return self.context.ends.at_image - sum(end.score for end in self._ends) / len(self._ends)

    def path_ends(self) -> Sequence[PathEnd]:
        """Where the path to each reference ended."""
        return self._ends

    def extras(self) -> Mapping[str, float]:
        """The mean score at the ends."""
        return {"at_ends": sum(end.score for end in self._ends) / len(self._ends)}

    def _references(self, last: LastRepresentation) -> tuple[Sequence[str], torch.Tensor]:
        """The names of the references, and their representations (R, D)."""
        context, model = self.context, self.context.model
        path, folder = context.path, context.settings.references
        with torch.no_grad():
            if folder is None:
                _, goal = last.at(path.baseline[None], path)
                self.forward_evaluations += 1
                return [context.settings.baseline], goal
            logits, _ = last.at(path.end[None], path)
        self.forward_evaluations += 1
        references = references_in(folder, last, path)
        ranked = [each.index for each in ranking(logits[0], model.labels, multi_label=model.multi_label)]
        target = context.score.target
        chosen = references.chosen(path.end, target=target, ranked=ranked, label=model.labels[target])
        return [references.names[place] for place in chosen], references.representations[chosen]

    def _gradients(
        self, last: LastRepresentation, points: torch.Tensor, goals: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Of the score and of the distance, (R, ...) each, from one pass forward."""
        context = self.context

        def work(start: int, stop: int) -> tuple[torch.Tensor, torch.Tensor]:
            here = points[start:stop].clone().requires_grad_()
            logits, representations = last.at(here, context.path)
            distances = (representations - goals[start:stop]).square().mean(dim=1)
            towards = gradient_of(distances.sum(), here, again=True)
            return gradient_of(context.score.of(logits).sum(), here), towards

        parts = list(context.budget.chunks(len(points), work))
        slopes, towards = (torch.cat(each) for each in zip(*parts, strict=True))
        self.gradient_evaluations += 2 * len(points)
        for gradients in (slopes, towards):
            if not bool(torch.isfinite(gradients).all()):
                raise NumericalError.on_the_path("gradients", "along the path to another class")
        return slopes, towards

    def _clipped(self, points: torch.Tensor) -> torch.Tensor:
        """Within the range of valid values; a sample that is outside of it, as a noisy copy may be, is not moved in."""
        limits, sample = self.context.model.value_range, self.context.path.end
        if limits is None:
            return points
        return points.clamp(min(limits[0], sample.min().item()), max(limits[1], sample.max().item()))

    def _reached(self, last: LastRepresentation, points: torch.Tensor, names: Sequence[str]) -> tuple[PathEnd, ...]:
        context, model = self.context, self.context.model
        with torch.no_grad():
            logits = torch.cat([last.at(point[None], context.path)[0] for point in points]).cpu()
        self.forward_evaluations += len(points)
        scores = context.score.of(logits.double()).tolist()
        kinds = {"multi_label": model.multi_label, "regression": model.regression}
        tops = [ranking(row, model.labels, count=1, **kinds)[0] for row in logits.double()]
        return tuple(PathEnd(*each) for each in zip(names, tops, scores, strict=True))


def _directions(gradients: torch.Tensor) -> torch.Tensor:
    """Gradients (R, ...) over their own L2 norms; 0 stays 0."""
    shape = (-1, *[1] * (gradients.ndim - 1))
    # scaled first: the squares of very small numbers would be 0
    largest = gradients.abs().flatten(1).amax(dim=1).reshape(shape)
    scaled = gradients / torch.where(largest > 0, largest, 1)
    norms = torch.linalg.vector_norm(scaled.flatten(1), dim=1).reshape(shape)
    return scaled / torch.where(norms > 0, norms, 1)
