"""What replaces pixels: a baseline, the blur of published code, the mean of what is left.

A fill is a text: a baseline that is made of the photo alone, or one of ``OWN_FILLS``. All are made in pixel units.
Where published code fills in normalised units, the fill here becomes the same numbers once the network's normalisation
is applied.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import igcli.images.baselines  # noqa: F401 - fills the registry
from igcli.attribution.baselines import check_registered, registered_values
from igcli.errors import UsageError
from igcli.lazy import np, torch
from igcli.sample import BASELINES, WRITTEN_BASELINES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from igcli.models.classifier import Classifier

#: The mean of what has not been replaced, which changes from stop to stop (Spectral IG's code).
REMAINING = "remaining-mean"

#: The side of the kernel in RISE's code, and in that of all who took it over.
KERNEL = 11

#: Fills that are no baselines, and what they are.
OWN_FILLS = {
    "photo-mean": "another name for mean",
    "kernel-blur:SIGMA": (
        f"a Gaussian in RISE's kernel of {KERNEL} x {KERNEL} pixels, which holds its tails too, with the "
        "normalisation's mean around the photo"
    ),
    REMAINING: "one number in normalised units, the mean of all values that are left (diffid)",
}

_SYNONYMS = {"photo-mean": "mean"}


def check_fill(fill: str, model: Classifier | None = None) -> None:
    """Raise ``UsageError`` for an unknown fill; with a model, also for one that needs a mean that it lacks."""
    fill = _SYNONYMS.get(fill, fill)
    if fill == REMAINING or _kernel_sigma(fill) is not None:
        return
    if fill not in BASELINES and not any(fill.startswith(each.prefix) for each in WRITTEN_BASELINES.values()):
        raise UsageError(
            f"There is no fill called {fill!r}. Choose from: {', '.join(fill_forms())}; SIGMA is in pixels."
        )
    if model is not None or fill not in BASELINES:
        check_registered(fill, model)


def fill_forms() -> list[str]:
    """What a fill can be written as."""
    return [*BASELINES, *WRITTEN_BASELINES, *OWN_FILLS]


def fill_values(fill: str, pixels: torch.Tensor, *, model: Classifier | None = None, seed: int = 0) -> torch.Tensor:
    """The photo (C, H, W) with all of it replaced.

    Raises
    ------
    UsageError
        As :func:`check_fill` does, and for ``remaining-mean``: nothing is left when all is replaced.
    """
    check_fill(fill, model)
    if fill == REMAINING:
        raise UsageError(f"{REMAINING} is the mean of the values that are left: it has no picture without any.")
    sigma = _kernel_sigma(fill)
    if sigma is None:
        return registered_values(_SYNONYMS.get(fill, fill), pixels, model=model, seed=seed)
    return kernel_blurred(pixels, sigma=sigma, around=(0.0,) if model is None else model.mean)


def kernel_blurred(pixels: torch.Tensor, *, sigma: float, around: Sequence[float] = (0.0,)) -> torch.Tensor:
    """The photo (C, H, W) blurred as RISE's code does it (github.com/eclique/RISE, ``evaluation.py``).

    There the normalised photo is convolved with a kernel of 11 x 11, with zeros around it. A zero in normalised units
    is the normalisation's mean, so that the same photo with that mean ``around`` it, per channel, gives the same
    numbers once normalised, at the border as well.

    Parameters
    ----------
    sigma
        In pixels. The kernel is a Gaussian whose tails beyond the kernel's border are reflected into it.
    """
    mean = torch.tensor(around, dtype=pixels.dtype, device=pixels.device)[:, None, None]
    kernel = torch.from_numpy(folded_gaussian(KERNEL, sigma)).to(pixels)
    centred = (pixels - mean)[:, None]
    down = torch.nn.functional.conv2d(centred, kernel[None, None, :, None], padding=(KERNEL // 2, 0))
    both = torch.nn.functional.conv2d(down, kernel[None, None, None, :], padding=(0, KERNEL // 2))
    return both[:, 0] + mean


def folded_gaussian(length: int, sigma: float) -> np.ndarray:
    """Weights (length,) float64 that sum to 1: a Gaussian, cut at 4 σ, its tails reflected at the ends.

    What ``scipy.ndimage.gaussian_filter`` makes of an impulse in the middle of ``length`` zeros, along one axis.
    """
    radius = int(4 * sigma + 0.5)
    offsets = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 * (offsets / sigma) ** 2)
    places = (length // 2 + offsets) % (2 * length)  # reflected with the end repeated: a period of 2 · length
    found = np.zeros(length)
    np.add.at(found, np.minimum(places, 2 * length - 1 - places), weights / weights.sum())
    return found


def remaining_means(
    pixels: torch.Tensor,
    ranks: torch.Tensor,
    counts: Sequence[int],
    *,
    mean: Sequence[float] = (0.0,),
    std: Sequence[float] = (1.0,),
) -> torch.Tensor:
    """The colour that replaces values at each stop, (stops, C, 1, 1): one number in normalised units.

    That number is the mean over all values of all channels that are left, as in Spectral IG's code
    (github.com/leekwoon/sig, ``cleanig/metric/diffid.py``).

    Parameters
    ----------
    pixels, ranks
        (C, H, W); (H, W) or (C, H, W), the rank 0 is replaced first.
    counts
        How many pixels, or values, are replaced at each stop; at least one is left.
    mean, std
        The normalisation, per channel or for all.
    """
    centre, spread = (torch.tensor(each, dtype=torch.float64)[:, None, None] for each in (mean, std))
    normalised = (pixels.detach().cpu().double() - centre) / spread
    own = normalised.sum(dim=0) if ranks.ndim == 2 else normalised
    in_order = torch.empty(own.numel(), dtype=torch.float64)
    in_order[ranks.cpu().flatten().long()] = own.flatten()
    left = torch.cat([in_order.flip(0).cumsum(0).flip(0), in_order.new_zeros(1)])
    stops = torch.tensor(list(counts), dtype=torch.long)
    number = (own.numel() - stops) * (normalised.numel() // own.numel())
    found = left[stops] / number
    return (found[:, None, None, None] * spread + centre).expand(-1, len(pixels), 1, 1).to(pixels)


def _kernel_sigma(fill: str) -> float | None:
    """The width of a kernel blur; ``None`` for any other fill."""
    name, _, number = fill.partition(":")
    if name != "kernel-blur":
        return None
    try:
        sigma = float(number)
    except ValueError:
        sigma = math.nan
    if not 0 < sigma < math.inf:
        raise UsageError(f"A blur's width is a number of pixels above 0, as in {name}:5, not {number!r}.")
    return sigma
