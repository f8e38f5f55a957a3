"""Pictures that are in memory already: the bytes of a file, a file object, a PIL image, an array, a tensor.

Arrays and tensors do not say which of their values are black and white. What their type leaves open is chosen by their
extremes, said in a note, and in a warning where it is a guess; what fits no range is refused (``value_range``).
Files are in ``opening``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, Union

from PIL import Image

from igcli.errors import IgError, ImageError, UsageError
from igcli.images.decoding import Decoded, check_beginning
from igcli.images.guard import check_size, pillow
from igcli.images.levels import Caution, Range, Samples, byte_levels, to_levels
from igcli.images.modes import not_windowed
from igcli.images.opening import MOST_PIPED, Contents, check_length
from igcli.images.options import ReadOptions, View
from igcli.images.orientation import orientation_of, upright
from igcli.images.signatures import HEAD
from igcli.lazy import np, torch

if TYPE_CHECKING:
    from typing import IO

Given: TypeAlias = Union[bytes, bytearray, memoryview, "IO[bytes]", Image.Image, "np.ndarray", "torch.Tensor"]

_FORMS = "a path, bytes, a file object, a PIL image, an array (H, W) or (H, W, C), or a tensor (C, H, W)"
_WINDOW = 'options=igcli.ReadOptions(window="LOW,HIGH")'
_CHANNELS = range(1, 5)
_BLOCK = 1 << 20


def given_contents(source: object, name: str) -> Contents | None:
    """The bytes of a picture file, given as they are or as a file object; ``None`` for what is no file's bytes.

    Raises
    ------
    ImageError
        For no bytes, too many, or a file object that cannot be read.
    UsageError
        For a file that was opened as text.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        data = bytes(source)
        check_length(len(data), name)
    elif callable(read := getattr(source, "read", None)):
        data = _all_of(read, name)
    else:
        return None
    if not data:
        raise ImageError(f"{name} is empty (zero bytes); of a file object that was read before, seek(0) first.")
    return Contents(data, None)


def given_path(source: object) -> Path | None:
    """The name that a file object has; ``None`` without one."""
    name = getattr(source, "name", None)
    return Path(name) if callable(getattr(source, "read", None)) and isinstance(name, str) and name else None


def _all_of(read: Callable[[int], object], name: str) -> bytes:
    """What comes to the end, or just over the limit of a pipe; what begins unlike any picture is not read further."""
    data = bytearray()
    try:
        while block := read(_BLOCK):
            if isinstance(block, str):
                raise UsageError(f'{name} was opened as text: open it as open(path, "rb").')
            first, data = not data, data + block  # type: ignore[operator]  # whatever a stranger's object returns
            if first and len(data) >= HEAD:
                check_beginning(bytes(data[:HEAD]), name)
            check_length(len(data), name, MOST_PIPED)
    except IgError:
        raise
    except (OSError, ValueError, TypeError) as error:
        raise ImageError(f"{name} cannot be read ({error}); open it again.") from error
    return bytes(data)


def given_image(source: object, options: ReadOptions, *, name: str) -> Decoded:
    """A PIL image, an array or a tensor as an upright image in its own mode, with notes.

    Parameters
    ----------
    source
        An image, whose current frame is taken; an array (H, W) or (H, W, C) or a tensor (H, W) or (C, H, W) of 1 to 4
        channels: grey, or red, green and blue, each with or without opacity.

    Raises
    ------
    UsageError
        For anything else, with what to write instead.
    ImageError
        For a picture over ``options.max_pixels``, and values that are not finite or fit no range.
    """
    if isinstance(source, Image.Image):
        return _of_pil(source, options, name)
    if isinstance(source, list | tuple):
        raise UsageError(
            "read_image() reads one picture: of several write [igcli.read_image(each) for each in pictures]."
        )
    if not isinstance(source, np.ndarray | torch.Tensor):
        raise UsageError(f"A picture is {_FORMS}, not {source!r:.60}.")
    values, kind = channels_last(source)
    height, width, channels = values.shape
    check_size((width, height), name, options.max_pixels)
    colours = values[..., :-1] if channels in (2, 4) else values
    found, notes = value_range(colours, options, name=name, kind=kind)
    alpha = None
    if colours is not values:
        usual, _ = value_range(values[..., -1:], replace(options, window="full"), name=name, kind=kind)
        alpha = byte_levels(values[..., -1], *usual)
    if colours.dtype.kind == "f" and not options.windowed:
        colours = colours.clip(*found)  # it lies outside by roundings only
    if colours.dtype == np.uint8:
        return Decoded(Image.fromarray(np.squeeze(np.ascontiguousarray(values), 2) if channels == 1 else values), notes)
    samples = Samples(colours, str(colours.dtype), (found,), alpha=alpha, notes=notes)
    return Decoded(*to_levels(samples, options, name=name))


def given_pixels(
    source: object, view: View, options: ReadOptions, *, name: str
) -> tuple[torch.Tensor, tuple[str, ...]] | None:
    """The pixels (C, H, W) of a tensor that is of the model's size already, in [0, 1] and not rounded, and notes.

    ``None`` for everything else, which is a photo still to be resized and cropped.
    """
    if not isinstance(source, torch.Tensor) or options.window == "percentile" or source.is_complex():
        return None
    tensor = source[None] if source.ndim == 2 else source
    if tuple(tensor.shape) != (view.channels, view.height, view.width):
        return None
    values = numbers_of(tensor)
    (low, high), notes = value_range(values, options, name=name, kind=f"{_type_of(tensor)} tensor")
    pixels = torch.from_numpy(values.astype(np.float32))  # a copy: what happens to the tensor later is not seen
    return pixels.sub_(low).div_(high - low).clamp_(0, 1), (*notes, "of the model's size, taken as it is")


def _of_pil(image: Image.Image, options: ReadOptions, name: str) -> Decoded:
    check_size(image.size, name, options.max_pixels)
    with pillow(name, max_pixels=options.max_pixels):
        stated = orientation_of(image)
        image.load()
        pending = orientation_of(image)
        return Decoded(*upright(image, stated=stated, pending=pending, rotate=options.exif_rotate))


def channels_last(source: np.ndarray | torch.Tensor) -> tuple[np.ndarray, str]:
    """The values (H, W, C), and what they are in words: ``"float32 tensor"``.

    Raises
    ------
    UsageError
        For another number of axes or channels, channels in another place, and values that are no numbers.
    """
    is_tensor = isinstance(source, torch.Tensor)
    shape, word, form = tuple(source.shape), *(("tensor", "(C, H, W)") if is_tensor else ("array", "(H, W, C)"))
    kind = f"{_type_of(source)} {word}"
    if len(shape) == 4:
        raise UsageError(
            f"This is a batch of {shape[0]}, {shape}, and a picture has no batch axis: write "
            f"[igcli.read_image(each, view=model.view) for each in batch], and give attribute() the list."
        )
    if len(shape) not in (2, 3) or not all(shape):
        raise UsageError(f"The {word} of a picture is (H, W) or {form}, not {shape}.")
    channels, other = (shape[0], shape[-1]) if is_tensor else (shape[-1], shape[0])
    if len(shape) == 3 and channels not in _CHANNELS:
        turned = "tensor.permute(2, 0, 1)" if is_tensor else "array.transpose(1, 2, 0)"
        advice = f"write {turned}" if other in _CHANNELS else "choose 1 or 3 of its channels"
        raise UsageError(f"The {word} of a picture is {form} with 1 to 4 channels, not {shape}: {advice}.")
    values = numbers_of(source)
    if values.dtype.kind not in "buif":
        raise UsageError(f"The values of a picture are whole or real numbers, not those of this {kind}.")
    if values.ndim == 2:
        return values[:, :, None], kind
    return (values.transpose(1, 2, 0) if is_tensor else values), kind


def numbers_of(source: np.ndarray | torch.Tensor) -> np.ndarray:
    """The values of an array or a tensor, in the shape that they have there.

    Raises
    ------
    UsageError
        For a sparse or quantised tensor.
    """
    if not isinstance(source, torch.Tensor):
        return np.asarray(source)
    tensor = source.detach().cpu()
    try:
        return np.asarray((tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy())
    except (RuntimeError, TypeError) as error:  # sparse, quantised
        raise UsageError(
            f"The tensor of a picture is an ordinary, dense one ({error}): write tensor.to_dense()."
        ) from None


def _type_of(source: Any) -> str:
    return str(source.dtype).removeprefix("torch.")


_ROUNDING = 1e-3  # how far beyond 0..1 values may lie
_AMBIGUOUS = 2  # floats between 1 and this may be 0..1 that was interpolated too sharply
_LEVELS: tuple[Range, ...] = ((0.0, 255.0), (0.0, 65535.0))


def value_range(values: np.ndarray, options: ReadOptions, *, name: str, kind: str) -> tuple[Range, tuple[str, ...]]:
    """Which values are black and white, and notes on it; a caution where it is a guess.

    Of booleans and of 8 and 16 unsigned bits the type says it, of others ``options.window``. Without one, floats
    up to 1 are 0..1 and other integers 0..255; what exceeds that is guessed to be 0..255 or 0..65535.

    Raises
    ------
    ImageError
        For values that are not finite, and such as fit no range: normalised ones, for example.
    """
    low, high = (float(end) for end in (values.min(), values.max()))
    if not np.isfinite(high - low):
        raise ImageError(f"{name} has values that are not finite numbers: check how it was computed.")
    if values.dtype == np.bool_:
        return (0.0, 1.0), (f"{kind}, true is white",)
    if values.dtype == np.uint8:
        dark = (_nearly_black(kind),) if high == 1 else ()
        return _LEVELS[0], (f"{kind}, its values 0..255", *dark, *not_windowed(options))
    if options.windowed:
        return options.limits or (low, high), ()  # a note is made where the window is used
    if values.dtype == np.uint16:
        return _LEVELS[1], (f"{kind}, its values 0..65535",)
    if values.dtype.kind == "f" and low >= -_ROUNDING and high <= 1 + _ROUNDING:
        return (0.0, 1.0), (f"{kind}, its values taken as 0..1",)
    ambiguous = values.dtype.kind == "f" and high < _AMBIGUOUS
    fitting = [each for each in _LEVELS if not ambiguous and each[0] <= low and high <= each[1]]
    if not fitting:
        raise ImageError(
            f"{name} has values from {low:.4g} to {high:.4g}, which are neither 0..1 nor 0..255: give the picture "
            f"before it was normalised, clip it, or say which values are black and white with {_WINDOW}."
        )
    if high == 1:
        return fitting[0], (_nearly_black(kind),)
    taken = f"{kind} with values from {low:.4g} to {high:.4g}, taken as 0..{fitting[0][1]:g}"
    if values.dtype.kind != "f" and fitting[0] == _LEVELS[0]:
        return fitting[0], (taken,)
    return fitting[0], (Caution(f"{taken}; {_WINDOW} says otherwise"),)


def _nearly_black(kind: str) -> Caution:
    return Caution(f"{kind} of zeros and ones, taken as 0..255 and so nearly black; multiply by 255 if 1 is white")
