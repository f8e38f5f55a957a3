"""The Picture: exactly the pixels that the model sees, and where they lie in the file's picture."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from igcli.images.options import ReadOptions
from igcli.sample import Sample

if TYPE_CHECKING:
    from PIL import Image

    from igcli.images.source import FileState, Found
    from igcli.lazy import np, torch


@dataclass(frozen=True)
class Placement:
    """Where the model's view lies in the upright original.

    ``box`` is (left, top, right, bottom) in pixels of the upright original, as floats. With ``pad`` it reaches
    beyond the edges of the original, or of the crop; with ``squash`` it is the whole of it.
    """

    fit: str
    box: tuple[float, float, float, float]

    def moved(self, right: float, down: float) -> Placement:
        """The same view of a photo that is a part of the original, from ``right`` and ``down`` on."""
        return Placement(self.fit, (self.box[0] + right, self.box[1] + down, self.box[2] + right, self.box[3] + down))


@dataclass(frozen=True)
class Picture(Sample):
    """A photo as the model sees it: a sample whose importance is summed over the channels.

    Attributes
    ----------
    pixels
        (C, H, W) float32 in [0, 1]; C is 3, 1 for grey, or the number of bands. Not normalised.
    sha256
        Of the file's bytes, or ``None``.
    original_size
        (width, height) of the upright original, in pixels.
    placement
        The part of the original that ``pixels`` shows.
    notes
        What reading did to the photo: ``"rotated by EXIF"``, ``"16-bit scaled"``.
    options
        How the file was read; a baseline file is read in the same way.
    source
        The :class:`Found` that was read, if it was not just a path: that of an archive's member cannot be opened.
    state
        Size and time of the file, or the archive, when it was read; ``None`` for a pipe and without a file.
    """

    kind: ClassVar[str] = "picture"

    pixels: torch.Tensor
    path: Path | None = None
    sha256: str | None = None
    original_size: tuple[int, int] = (0, 0)
    placement: Placement = Placement("crop", (0.0, 0.0, 0.0, 0.0))
    notes: tuple[str, ...] = ()
    options: ReadOptions = field(default_factory=ReadOptions)
    source: Found | None = None
    state: FileState | None = None

    @property
    def values(self) -> torch.Tensor:
        """The pixels."""
        return self.pixels

    @property
    def summed_axis(self) -> int:
        """The axis of the channels."""
        return 0

    @property
    def further(self) -> tuple[object, ...]:
        """Nothing: the model takes the pixels alone."""
        return ()

    @property
    def name(self) -> str:
        """The file's name, for messages."""
        return self.path.name if self.path is not None else "picture"

    def __repr__(self) -> str:
        shape, original = (" x ".join(map(str, each)) for each in (self.pixels.shape, self.original_size))
        notes = "".join(f"; {note}" for note in self.notes)
        return f"<Picture {self.name}: {shape}, {self.placement.fit} of {original}{notes}>"

    def _repr_png_(self) -> bytes:
        """What a notebook shows: what the model sees, as PNG."""
        buffer = io.BytesIO()
        self.image().save(buffer, "PNG")
        return buffer.getvalue()

    def array(self) -> np.ndarray:
        """The pixels as (H, W, C) uint8 in 0..255, rounded."""
        scaled = self.pixels.detach().cpu().clamp(0, 1).mul(255).round()
        return scaled.byte().permute(1, 2, 0).contiguous().numpy()

    def image(self) -> Image.Image:
        """The pixels as an RGB image; of other than 1 or 3 channels the bands that ``options.drawn`` names."""
        from PIL import Image

        array = self.array()
        if array.shape[2] not in (1, 3):
            array = array[:, :, list(self.options.drawn(array.shape[2]))]
        return Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array).convert("RGB")
