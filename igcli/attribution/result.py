"""What an explanation consists of: the map, the numbers that say how far to trust it, and all that reproduces it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from igcli.attribution.baseline_prediction import BaselinePrediction
from igcli.attribution.completeness import OF_PROBABILITY, Completeness
from igcli.attribution.display import caption_of, notebook_png
from igcli.attribution.paths.kind import own_start_of
from igcli.attribution.quadrature import DEFAULT_RULE
from igcli.attribution.scores import PROBABILITIES
from igcli.attribution.targets import RankedClass
from igcli.sample import Layout, Sample

if TYPE_CHECKING:
    from igcli.attribution.views.interior import InteriorImportance
    from igcli.attribution.views.trace import Trace
    from igcli.lazy import np, torch


@dataclass(frozen=True)
class Settings:
    """How to explain, apart from the method and the target.

    Attributes
    ----------
    score
        A name in ``SCORES``.
    path
        A name in ``PATHS``, with a number as in ``spectral:0.4``, or code of the user's own as in ``file.py:function``:
        how the photo comes in.
    baseline
        Where the path starts, unless it has a start of its own: a name in ``BASELINES``, the path of an image,
        ``noise:8`` for noise of eight seeds; or several of them joined by ``+``, to be averaged over. Of values that
        are not pixels, ``zero`` and ``one`` say the same as ``black`` and ``white``.
    rule
        A name in ``RULES``: where a number of points is placed; ``None`` for the midpoints, and with ``"auto"``.
    steps
        Points on the path, or ``"auto"``: placed where the score moves, and more of them until the gap is within
        the tolerance (``attribution/adaptive``).
    tolerance
        The relative completeness gap that counts as small.
    max_steps
        Where ``"auto"`` gives up.
    map_tolerance
        With ``"auto"``: the estimated error of the integrated map, relative to its norm, that is small enough; points
        are added until it is reached, too. ``None`` for the gap alone.
    seed
        For noise, in the baseline and in smoothing: the same for every photo.
    against
        The class that a score such as ``"margin"`` compares with: an index, a name, or ``"top"``.
    phi
        The share of the score's rise at which the path is split into its left and its right part.
    smooth
        Noisy copies of the photo to average every map over; 0 for the photo as it is.
    smooth_sigma
        The standard deviation of their noise, as a share of the photo's value range.
    references
        A folder of photos of other classes, for the methods that compare with such; ``None`` for the baseline.
    ig2_step
        The L2 length of IG2's steps, in input units.
    guided_fraction, guided_distance
        Of guided integrated gradients: the share of the values that moves at once, and how far a value's progress may
        be from the straight path's.
    """

    score: str = "softmax"
    path: str = "straight"
    baseline: str = "black"
    rule: str | None = None
    steps: int | str = "auto"
    tolerance: float = 0.01
    max_steps: int = 256
    seed: int = 0
    against: str | int | None = None
    phi: float = 0.9
    smooth: int = 0
    smooth_sigma: float = 0.15
    references: str | None = None
    ig2_step: float = 1.0
    guided_fraction: float = 0.25
    guided_distance: float = 0.02
    map_tolerance: float | None = None

    @property
    def floor(self) -> float:
        """A completeness gap that counts as small whatever the score's rise, in score units: of probabilities only."""
        return OF_PROBABILITY * self.tolerance if self.score in PROBABILITIES else 0.0

    @property
    def start(self) -> str:
        """What the path starts at: the baseline, or what it makes by itself of the sample."""
        return own_start_of(self.path) or self.baseline

    @property
    def _kind(self) -> str:
        return PurePath(self.path).name  # of a file

    @property
    def start_words(self) -> str:
        """``"black baseline"`` for a caption; where the path is not straight ``"black baseline, spectral path"``."""
        return f"{self.start} baseline" + ("" if self.path == Settings.path else f", {self._kind} path")

    @property
    def path_words(self) -> str:
        """``"path from the black baseline"``; where it is not straight ``"spectral path from the black baseline"``."""
        return ("" if self.path == Settings.path else f"{self._kind} ") + f"path from the {self.start} baseline"

    @property
    def placed_by(self) -> str | None:
        """The rule that places the points; ``None`` with ``"auto"``, where none does."""
        return None if self.steps == "auto" else self.rule or DEFAULT_RULE


@dataclass(frozen=True)
class ScoreEnds:
    """The score being explained, at both ends of the path.

    ``at_baseline`` is a mean where there are several baselines. ``against`` is the class compared with, and ``note``
    what a reader of the numbers must know; both are ``None`` where there is nothing to say. ``prediction_at_baseline``
    is ``None`` for the ends of one path of several, and for a regression.
    """

    kind: str
    at_image: float
    at_baseline: float
    against: str | None = None
    note: str | None = None
    prediction_at_baseline: BaselinePrediction | None = None

    @property
    def rise(self) -> float:
        """F(x) − F(x′): what a complete map sums to."""
        return self.at_image - self.at_baseline


@dataclass(frozen=True)
class PathEnd:
    """Where the path from a sample to a reference ended: the class reached, and the score explained there."""

    reference: str
    reached: RankedClass
    score: float


@dataclass(frozen=True)
class Attribution:
    """One method's map for one sample and one class.

    Attributes
    ----------
    values
        On the CPU: signed, one value for each of the sample's: (C, H, W) of a picture. Those of several tensors lie
        flat, one after another; see ``parts``.
    total
        The sum of ``values``, added in float64.
    completeness
        The sum and the rise compared: of the mean over all baselines and noisy copies, where there are several.
    trace
        The points visited by the sweep, the score and the mean importance there (means, where there are several paths).
    weights
        (N,) float64: the quadrature weights of the trace's points.
    steps
        The number of points whose gradients the map is made of, 0 for a method that has no use for a number of points.
    gradient_evaluations
        Gradients taken on the paths that produced this map, together with all others that shared them.
    forward_evaluations
        Passes forward only, for the same paths: their ends, the adaptive path's probe, a method's own.
    extras
        Numbers of the method's own, by name.
    layout
        How the sample's tensors lie in ``values``.
    premise
        What the method relies on and the network does not have, in a sentence; empty where nothing is missing.
    path_ends
        Where paths of the method's own ended, if it looks for other classes.
    sample
        What was explained.
    """

    method: str
    values: torch.Tensor
    target: RankedClass
    score: ScoreEnds
    total: float
    completeness: Completeness
    trace: Trace
    weights: np.ndarray
    steps: int
    gradient_evaluations: int
    forward_evaluations: int
    settings: Settings
    extras: Mapping[str, float] = field(default_factory=dict)
    layout: Layout | None = None
    premise: str = ""
    path_ends: tuple[PathEnd, ...] = ()
    sample: Sample | None = None

    def __repr__(self) -> str:
        name = "" if self.sample is None else f"{self.sample.name}: "
        return f"<Attribution {name}{self.target}, {caption_of(self)}>"

    def _repr_png_(self) -> bytes | None:
        """What a notebook shows: the map next to the photo."""
        return notebook_png(self.sample, [self])

    @property
    def parts(self) -> tuple[torch.Tensor, ...]:
        """The values in the shapes of the sample's tensors, one for each."""
        if self.layout is None or not self.layout.packed:
            return (self.values,)
        return tuple(part[0] for part in self.layout.unpack(self.values[None]))


@dataclass(frozen=True)
class Explanation:
    """All that one sweep found out about one sample and one class.

    Attributes
    ----------
    prediction
        The five most probable classes at the photo itself.
    target
        The class explained.
    score
        The score explained, at both ends of the path.
    results
        Method name to map, in the order asked for.
    trace
        Score and mean importance along the path, at every point visited.
    interior
        The interior gradients' importance, where asked for.
    """

    sample: Sample
    prediction: tuple[RankedClass, ...]
    target: RankedClass
    score: ScoreEnds
    results: Mapping[str, Attribution]
    trace: Trace
    interior: InteriorImportance | None = None

    def __repr__(self) -> str:
        captions = "; ".join(caption_of(result) for result in self.results.values())
        return f"<Explanation {self.sample.name}: {self.target}{captions and f', {captions}'}>"

    def _repr_png_(self) -> bytes | None:
        """What a notebook shows: the maps next to the photo."""
        return notebook_png(self.sample, list(self.results.values())) if self.results else None

    @property
    def picture(self) -> Any:
        """The sample, where it is known to be a picture: this module knows of samples only."""
        return self.sample
