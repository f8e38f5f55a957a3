"""From samples of any depth to 8-bit levels: which values become black and white, and notes about it.

A 16-bit file rarely uses all its values, and floats have no range of their own. The range is the first one given of
``--window``, the file's window, its statement, the type, and the picture's own extremes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from igcli.errors import ImageError
from igcli.images.options import ReadOptions
from igcli.lazy import np

Range = tuple[float, float]


class Caution(str):
    """A note on a picture that a person should see at once: commands print it on stderr."""

    __slots__ = ()


@dataclass(frozen=True)
class Samples:
    """The sample values of a picture as its file holds them.

    Attributes
    ----------
    values
        (H, W, 1) grey or (H, W, 3) red, green and blue; integers or floats.
    kind
        What they are, for notes: ``"16-bit"``, ``"float"``.
    nominal
        Ranges that the type suggests; the first that contains all values is used.
    stated
        The range that the file itself states.
    window
        The values that the file wants to be black and white; values beyond are clipped.
    inverted
        Whether the smallest value is white.
    alpha
        (H, W) opacity, 0..255 as ``uint8``; ``None`` where all is opaque.
    premultiplied
        Whether ``values`` are multiplied by the opacity already.
    """

    values: np.ndarray
    kind: str
    nominal: tuple[Range, ...]
    stated: Range | None = None
    window: Range | None = None
    inverted: bool = False
    alpha: np.ndarray | None = None
    premultiplied: bool = False
    notes: tuple[str, ...] = ()


def unsigned(bits: int) -> tuple[Range, ...]:
    """The nominal range of unsigned integers: that of the type, or of 16 bits if the type is wider."""
    return ((0.0, float(2 ** min(bits, 16) - 1)),)


def signed(bits: int) -> tuple[Range, ...]:
    """The nominal ranges of signed integers: the positive half if no value is negative, else the whole."""
    top = float(2 ** (bits - 1))
    return ((0.0, top - 1), (-top, top - 1)) if bits <= 16 else unsigned(bits)


FLOAT: tuple[Range, ...] = ((0.0, 1.0),)
"""The nominal range of floats."""


def type_range(letter: str, bits: int) -> tuple[str, tuple[Range, ...]]:
    """The name of a type of numbers, NumPy's ``f``, ``i`` or ``u`` of so many bits, and the ranges that it suggests."""
    if letter == "f":
        return "float", FLOAT
    return (f"{bits}-bit", unsigned(bits)) if letter == "u" else (f"signed {bits}-bit", signed(bits))


def opacity_levels(band: np.ndarray, full: float) -> np.ndarray:
    """0..``full`` scaled to 0..255, rounded and clipped; what is no number is transparent."""
    opacity = np.nan_to_num(band.astype(np.float64), posinf=full)
    levels: np.ndarray = np.rint((opacity * (255 / full)).clip(0, 255)).astype(np.uint8)
    return levels


def to_levels(samples: Samples, options: ReadOptions, *, name: str) -> tuple[Image.Image, tuple[str, ...]]:
    """The samples as an 8-bit image (L, RGB, or one of these with alpha) and notes, cautions among them.

    Raises
    ------
    ImageError
        For values that are not finite numbers.
    """
    (low, high), notes = range_of(samples, options, name=name)
    levels = byte_levels(samples.values, low, high)
    if samples.inverted:
        np.subtract(255, levels, out=levels)
    return _image(levels, samples), notes


def range_of(samples: Samples, options: ReadOptions, *, name: str, to: str = "8") -> tuple[Range, tuple[str, ...]]:
    """The values that become black and white, and notes, cautions among them; ``to`` is what they are scaled to.

    Raises
    ------
    ImageError
        For values that are not finite numbers.
    """
    values = samples.values
    extremes = float(values.min()), float(values.max())
    if not np.isfinite(extremes[1] - extremes[0]):
        raise ImageError(f"{name} has pixels that are not finite numbers; save it again with finite values.")
    chosen, note = _range(samples, extremes, options, to=to)
    return chosen, (*samples.notes, note, *_narrow(values, extremes, chosen))


def shares(values: np.ndarray, low: float, high: float, *, inverted: bool = False) -> np.ndarray:
    """``low``..``high`` scaled to 0..1 and clipped, float32; 1 to 0 if ``inverted``, all 0 where the two are equal."""
    found = np.empty(values.shape, np.float32)
    for block in _blocks(values):
        found[block] = _scaled(values[block].astype(np.float64), low, high)
    return 1 - found if inverted else found


def byte_levels(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """``low``..``high`` scaled to 0..255, rounded and clipped; all black where the two are equal."""
    if values.dtype.kind == "u" and values.dtype.itemsize <= 2:
        table = _bytes(np.arange(256**values.dtype.itemsize, dtype=np.float64), low, high)
        return np.asarray(table[values])
    levels = np.empty(values.shape, np.uint8)
    for block in _blocks(values):
        levels[block] = _bytes(values[block].astype(np.float64), low, high)
    return levels


_BLOCK = 1 << 20


def _blocks(values: np.ndarray) -> Iterator[slice]:
    """Rows that are scaled at a time: in float64 all at once would be eight times the picture."""
    rows = max(1, _BLOCK // max(1, values[:1].size))
    return (slice(top, top + rows) for top in range(0, len(values), rows))


def _scaled(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Float64 values, in place, from ``low``..``high`` to 0..1."""
    np.clip(values, low, high, out=values)  # before the products, which could overflow
    values -= low
    values /= (high - low) or 1.0
    return values


def _bytes(values: np.ndarray, low: float, high: float) -> np.ndarray:
    values = _scaled(values, low, high)
    values *= 255
    levels: np.ndarray = np.rint(values, out=values).astype(np.uint8)
    return levels


def _range(samples: Samples, extremes: Range, options: ReadOptions, *, to: str) -> tuple[Range, str]:
    """The values that become black and white, and a note on them."""
    kind, done = samples.kind, f"scaled to {to}"
    if options.limits is not None:
        low, high = options.limits
        return (low, high), f"{kind} {low:g}..{high:g} {done}, by --window"
    if options.window == "percentile":
        low, high = _quantiles(samples.values, 0.005, 0.995)
        low, high = (low, high) if low < high else extremes
        return (low, high), f"{kind} {low:g}..{high:g} {done}, its own percentiles"
    if options.window == "file" and samples.window is not None:
        low, high = samples.window
        return (low, high), f"{kind} {low:g}..{high:g} {done}, the file's window"
    for low, high in (samples.stated, *samples.nominal) if samples.stated else samples.nominal:
        if low <= extremes[0] and extremes[1] <= high:
            usual = (low, high) == samples.nominal[0]
            stated = ", as the file states" if (low, high) == samples.stated else ""
            return (low, high), f"{kind} {done}" if usual else f"{kind} {low:g}..{high:g} {done}{stated}"
    low, high = extremes
    return extremes, Caution(
        f"{kind} stretched from {low:g}..{high:g}, its own extremes, since its type has no range; --window LOW,HIGH "
        "gives all photos one scale"
    )


def _narrow(values: np.ndarray, extremes: Range, shown: Range) -> tuple[str, ...]:
    """A caution where nearly all values lie in a small part of the range that is shown."""
    low, high = (min(max(end, shown[0]), shown[1]) for end in _quantiles(values, 0.0005, 0.9995))
    if extremes[0] == extremes[1] or high - low >= (shown[1] - shown[0]) / 4:
        return ()
    found = _quantiles(values, 0.0005, 0.9995)
    own = extremes if found[0] == found[1] else found
    advice = f"--window {own[0]:.6g},{own[1]:.6g} or --window percentile shows more of it"
    return (
        Caution(
            f"99.9 % of its pixels lie in {low:g}..{high:g}, less than a quarter of {shown[0]:g}..{shown[1]:g}, so "
            f"that the network sees little contrast; {advice}"
        ),
    )


def _quantiles(values: np.ndarray, *shares: float) -> tuple[float, float]:
    """The two quantiles, of every n-th value where there are more than a million."""
    flat = values.reshape(-1)
    flat = np.sort(flat[:: (len(flat) // 1_000_000) | 1])
    low, high = (float(flat[round(share * (len(flat) - 1))]) for share in shares)
    return low, high


def _image(levels: np.ndarray, samples: Samples) -> Image.Image:
    mode = "RGB" if levels.shape[2] == 3 else "L"
    if samples.alpha is not None:
        mode += "a" if samples.premultiplied else "A"
        levels = np.concatenate([levels, samples.alpha[:, :, None]], axis=2)
    return Image.frombytes(mode, (levels.shape[1], levels.shape[0]), levels.tobytes())
