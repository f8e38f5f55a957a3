"""A path of the user's own: ``--path FILE.py:FUNCTION``, such as one that runs along the manifold of a decoder.

Methods that differ from integrated gradients by a path through a generative model come in through here (Manifold IG,
arXiv 2405.09800, and others). ``FUNCTION(values, baseline)`` returns a function from α (N,) to points (N, ...), or an
object whose ``at`` is one; α and points are of the values' type and on their device.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Any

from igcli.attribution.path import Path
from igcli.attribution.paths.kind import PathKind
from igcli.errors import IgError, UsageError
from igcli.lazy import np, torch
from igcli.models.user_code import imported, importing_from, raised, type_in_words
from igcli.sample import Layout, Values

#: How far the end may be from the sample, as a share of the sample's range: what rounding makes of it.
_NEAR = 1e-3

Points = Callable[["torch.Tensor"], Values]


class Given(PathKind):
    """Paths that the code called ``name`` makes; it is run once for each baseline and sample."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name, self._build = name, _builder(name, FilePath(name.rpartition(":")[0]).expanduser())

    def path(self, baseline: torch.Tensor, end: torch.Tensor, layout: Layout, further: tuple[object, ...]) -> Path:
        """Have the code make a path, and try it."""
        with torch.no_grad(), importing_from(self._name.rpartition(":")[0]):
            made = _run(self._name, lambda: self._build(layout.values(end.clone()), layout.values(baseline.clone())))
            points = getattr(made, "at", made)
            if not callable(points):
                raise UsageError(
                    f"{self._name} returned {type_in_words(made)}. It must return a function from alphas (N,) to "
                    "points."
                )
            path = GivenPath(baseline, end, layout, further, name=self._name, points=points)
            return path.tried()


@dataclass(frozen=True)
class GivenPath(Path):
    """Points that a function makes.

    Attributes
    ----------
    name
        What made it, for messages.
    points
        From alphas (N,) to points (N, ...), or to a tuple of those of several tensors.
    """

    name: str = field(kw_only=True)
    points: Points = field(kw_only=True)

    def at(self, alphas: torch.Tensor, *, out: torch.Tensor | None = None) -> torch.Tensor:
        """The points (N, ...) at ``alphas`` (N,), written into ``out`` if given."""
        with torch.no_grad():
            made = _run(self.name, lambda: self.points(alphas.to(self.end)))
        tensors = made if isinstance(made, tuple) else (made,)
        shapes = [(len(alphas), *shape) for shape in self.layout.shapes]
        if not all(isinstance(each, torch.Tensor) for each in tensors) or [tuple(t.shape) for t in tensors] != shapes:
            found = [tuple(t.shape) if isinstance(t, torch.Tensor) else type_in_words(t) for t in tensors]
            wanted = " and ".join(map(str, shapes))
            raise UsageError(f"{self.name} makes points of {' and '.join(map(str, found))}, not of {wanted}.")
        joined = torch.cat([each.flatten(1) for each in tensors], dim=1) if self.layout.packed else tensors[0]
        if not bool(joined.isfinite().all()):
            raise UsageError(f"{self.name} makes points with values that are not finite. Correct it.")
        found_points = joined.detach().to(self.end)
        return found_points if out is None else out.copy_(found_points)

    def tried(self) -> GivenPath:
        """The path from its own start, once its points are what they must be.

        Raises
        ------
        UsageError
            For an end that is not the sample, and points that depend on those made with them or differ from call to
            call.
        """
        start, middle, end = self.at(torch.tensor([0.0, 0.5, 1.0]))
        size = (self.end.max() - self.end.min()).abs().clamp_min(torch.finfo(self.end.dtype).tiny)
        apart = ((end - self.end).abs().max() / size).item()
        if apart > _NEAR:
            raise UsageError(
                f"The path of {self.name} does not end at the sample (values differ by {100 * apart:.2g} % of its "
                "range), so that another picture would be explained: add what is missing, such as alpha * (values - "
                "decoded)."
            )
        (again,) = self.at(torch.tensor([0.5]))
        if ((again - middle).abs().max() / size).item() > _NEAR:
            raise UsageError(
                f"{self.name} makes another point of the same alpha when asked again or alone: put its network into "
                "evaluation mode, and fix its noise."
            )
        return GivenPath(start, self.end, self.layout, self.further, name=self.name, points=self.points)

    @property
    def velocity(self) -> None:
        """Not known to be the same everywhere."""
        return None

    def moves(self, lower: np.ndarray, upper: np.ndarray) -> torch.Tensor:
        """γ(upper) − γ(lower), (N, ...), for N pairs in [0, 1], float64; each point is made once."""
        alphas, position = np.unique(np.concatenate([lower, upper]), return_inverse=True)
        before, after = self.at(torch.from_numpy(alphas))[torch.from_numpy(position)].chunk(2)
        return after - before

    @property
    def between(self) -> tuple[int, ...]:
        """The same for all paths along the very same points, as long as their tensors live."""
        return *super().between, id(self.points)

    def to(self, device: torch.device, dtype: torch.dtype) -> GivenPath:
        """The same path on another device, in another precision; the function makes its points where it did."""
        moved = super().to(device, dtype)
        return GivenPath(moved.baseline, moved.end, moved.layout, moved.further, name=self.name, points=self.points)


def _builder(name: str, file: FilePath) -> Callable[..., Any]:
    built: Callable[..., Any] = _imported(name, file.stat().st_mtime_ns if file.is_file() else 0)
    if not callable(built):
        raise UsageError(f"{name} is {type_in_words(built)}. Name a function of the values and the baseline.")
    return built


@lru_cache(maxsize=8)
def _imported(name: str, _changed: int) -> Any:
    """Run once as long as the file stays as it is: it may load a network."""
    return imported(name, option="--path")


def _run(name: str, work: Callable[[], Any]) -> Any:
    try:
        return work()
    except IgError:
        raise
    except Exception as problem:  # the user's own code can raise anything
        raise UsageError(f"{name} failed ({raised(problem)}). Correct it; --debug shows where.") from problem
