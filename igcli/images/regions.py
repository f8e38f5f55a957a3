"""The regions of a photo ranked by a finished map: XRAI's greedy choice (Kapishnikov et al. 2019, arXiv 1906.02825).

The photo is cut into segments at six scales (Felzenszwalb, by scikit-image: the extra ``igcli[regions]``). Again and
again the segment is taken whose pixels that are new have the largest mean; they are the next region. The published
method takes the maximum over the channels of integrated gradients from two baselines; here the map is any, summed over
the channels, so that regions have shares of its sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, Literal

from igcli.errors import UsageError
from igcli.lazy import load, np, torch
from igcli.sample import importance

#: As published: Felzenszwalb's scales, on the photo resized to this side with values from -1 to 1.
SCALES = (50, 100, 150, 250, 500, 1200)
SIDE, _SIGMA, _SMALLEST = 224, 0.8, 150
#: Pixels that every segment is dilated by, and fewer new pixels than this make no region.
_DILATION, _FEWEST_NEW = 5, 50

Form = Literal["absolute", "signed"]


@dataclass(frozen=True)
class Region:
    """A part of the photo that is no part of regions before it.

    Attributes
    ----------
    mask
        (H, W) bool.
    mean, total
        Of the map's values in it, their mean and sum; regions are ranked by the mean.
    share
        Of the sum of the map; NaN where that is 0.
    """

    mask: np.ndarray
    mean: float
    total: float
    share: float

    @property
    def pixels(self) -> float:
        """Its share of the pixels."""
        return float(self.mask.mean())

    @property
    def box(self) -> tuple[int, int, int, int]:
        """(left, top, right, bottom) in whole pixels, right and bottom exclusive."""
        rows, columns = np.flatnonzero(self.mask.any(axis=1)), np.flatnonzero(self.mask.any(axis=0))
        return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def check_segmentation() -> None:
    """Raise ``UsageError`` with how to install the extra, if scikit-image is not there."""
    if find_spec("skimage") is None:
        raise UsageError('Regions are cut by scikit-image, which is not installed: pip install "igcli[regions]".')


def regions_of(values: torch.Tensor, pixels: torch.Tensor, *, of: Form = "signed") -> list[Region]:
    """The photo's regions by this map, those of the largest mean first; each pixel is in one of them.

    Parameters
    ----------
    values
        (C, H, W), finite.
    pixels
        (C, H, W) in [0, 1]: the photo that the map is of.
    of
        ``"signed"`` ranks by the map's sum over the channels: for maps that sum to the score. ``"absolute"`` by the
        sum of its absolute values: for maps whose signs mean nothing in sum, such as the gradient.

    Raises
    ------
    UsageError
        Without scikit-image.
    """
    exact = values.detach().cpu().double()
    flat = (exact.sum(dim=0) if of == "signed" else importance(exact)).numpy()
    whole = float(flat.sum())
    parts = [(mask, float(flat[mask].sum())) for mask in ranked_masks(flat, segments(pixels))]
    return [Region(mask, part / mask.sum(), part, part / whole if whole else np.nan) for mask, part in parts]


def region_map(regions: Sequence[Region]) -> np.ndarray:
    """(H, W) float64: in each region its mean, as XRAI's map has it; its sum is the map's."""
    found = np.zeros(regions[0].mask.shape)
    for region in regions:
        found[region.mask] = region.mean
    return found


def ranked_masks(flat: np.ndarray, masks: np.ndarray) -> list[np.ndarray]:
    """The pixels that each chosen segment adds, those of the largest mean first; together they are all pixels.

    Parameters
    ----------
    flat
        (H, W) float64.
    masks
        (N, H, W) bool, which may overlap.
    """
    values, segmented = flat.reshape(-1), masks.reshape(len(masks), -1)
    free = np.ones(values.size, bool)
    counts, sums = segmented.sum(axis=1), np.array([values[mask].sum() for mask in segmented])
    chosen: list[np.ndarray] = []
    while (large := counts >= _FEWEST_NEW).any():
        segmented, counts, sums = segmented[large], counts[large], sums[large]
        new = segmented[np.argmax(sums / counts)] & free
        chosen.append(new)
        free &= ~new
        # Only what the others lose is counted: the whole choice costs one pass over the masks.
        lost = segmented[:, new]
        counts, sums = counts - lost.sum(axis=1), sums - lost @ values[new]
    chosen.sort(key=lambda new: -values[new].mean())
    if free.any():
        chosen.append(free)
    return [new.reshape(flat.shape) for new in chosen]


def segments(pixels: torch.Tensor) -> np.ndarray:
    """(N, H, W) bool: the photo's segments at all scales, dilated, so that they overlap.

    The photo is stretched to values from -1 to 1 and resized to 224 x 224 to be cut, as published; the segments are
    enlarged to the photo's size again.
    """
    check_segmentation()
    return _segments(pixels.detach().cpu().float().numpy().tobytes(), tuple(pixels.shape))


@lru_cache(maxsize=2)  # several maps of a photo
def _segments(data: bytes, shape: tuple[int, ...]) -> np.ndarray:
    cut: Any = load("skimage.segmentation").felzenszwalb
    resize: Any = load("skimage.transform").resize
    morphology: Any = load("skimage.morphology")
    photo = np.frombuffer(data, np.float32).reshape(shape).transpose(1, 2, 0).astype(np.float64)
    low, high = photo.min(), photo.max()
    stretched = 2 * (photo - low) / ((high - low) or 1.0) - 1
    small = resize(stretched, (SIDE, SIDE), order=3, mode="constant", preserve_range=True, anti_aliasing=True)
    disc, found = morphology.disk(_DILATION), []
    for scale in SCALES:
        numbered = cut(small, scale=scale, sigma=_SIGMA, min_size=_SMALLEST)
        numbered = resize(numbered, shape[1:], order=0, mode="constant", preserve_range=True, anti_aliasing=False)
        found += [numbered == number for number in np.unique(numbered)]
    return np.stack([morphology.dilation(mask, disc) for mask in found])
