"""The mean map of each class over a collection: where in its input a network looks for a class, whatever the photo.

Each map counts by its shares: divided by the sum of its importance, so that photos whose score rises more do not count
more. Classes are those that were explained. While the run goes on each photo's maps are kept, coarsely, next to the
ledger; the means are taken from these files at its end, one class after the other, so that an interrupted run loses
nothing and memory does not grow with the photos.
"""

from __future__ import annotations

import base64
import io
import json
import zlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from igcli.attribution.result import Explanation
from igcli.errors import OutputError
from igcli.jobs.files import inside, read_own, write_whole
from igcli.jobs.item import MEAN, with_target
from igcli.jobs.outputs.record import Record, png_with
from igcli.jobs.plan import Plan
from igcli.lazy import np
from igcli.rendering.page.packing import pack_map
from igcli.rendering.scaling import Scale
from igcli.rendering.styles import style_of

#: Steps of a kept map to each side of zero: off by 1 % of the largest importance at most, where that is large.
_LEVELS = 127
#: What the record calls the file.
KEPT = "map"


def kept_map(explanation: Explanation, methods: Sequence[str]) -> bytes:
    """What the means need of a photo and class, as JSON; raises ``NumericalError`` if a map is not finite."""
    packed = {name: pack_map(explanation.results[name].values, levels=_LEVELS) for name in methods}
    buffer = io.BytesIO()
    image = explanation.picture.image()
    image.save(buffer, "JPEG", quality=88, subsampling=0)
    maps = {name: {"data": _text(data), "top": top} for name, (data, top) in packed.items()}
    plain = {"width": image.width, "height": image.height, "photo": _text(buffer.getvalue()), "maps": maps}
    return (json.dumps(plain) + "\n").encode()


@dataclass(frozen=True)
class MeanMap:
    """The mean of one method's maps over the photos of a class, or of all.

    Attributes
    ----------
    importance
        (H, W), sums to 1.
    signed
        (H, W) in the same unit: positive where pixels raise the score.
    photo
        (H, W, 3) uint8, the mean photo.
    photos
        Over how many; those whose map is zero everywhere are left out.
    """

    importance: np.ndarray
    signed: np.ndarray
    photo: np.ndarray
    photos: int


def write_mean_maps(
    plan: Plan, records: Iterable[Record], labels: Sequence[str], *, look: tuple[str, Scale]
) -> Iterator[tuple[str, Path, int]]:
    """Write the mean of all photos and that of each class, as PNG and ``.npz``; yields name, PNG, and number of photos.

    Parameters
    ----------
    records
        Of a run that has kept its maps.
    labels
        The network's classes.
    look
        A style as ``style_of`` takes it, and what counts as full brightness.

    Raises
    ------
    OutputError
        When a kept map cannot be read, or classes have maps of different sizes.
    """
    files: defaultdict[int, list[Path]] = defaultdict(list)
    for record in records:
        files[record["target"]["index"]].append(plan.output / record["files"][KEPT])
    everything = _Sums()
    for index in sorted(files):
        sums = _Sums()
        for file in files[index]:
            sums.take(file)
        try:
            everything.add(sums)
        except ValueError:
            raise OutputError(
                f"The maps that {plan.output} has kept of {labels[index]} have another size than those of other "
                "classes: run again with --overwrite."
            ) from None
        if len(files) > 1:
            yield from _written(plan, with_target(Path(MEAN), index, labels), labels[index], sums, look)
    (name,) = [labels[index] for index in files] if len(files) == 1 else ("all classes",)
    yield from _written(plan, Path(MEAN), name, everything, look)


class _Sums:
    """Sums over photos, by method: shares (2, H, W), the photo (H, W, 3), and how many."""

    def __init__(self) -> None:
        self.by_method: dict[str, list[Any]] = {}

    def take(self, file: Path) -> None:
        from PIL import Image

        try:
            plain = json.loads(read_own(file))
            shape = (2, int(plain["height"]), int(plain["width"]))
            photo = np.asarray(Image.open(io.BytesIO(base64.b64decode(plain["photo"]))).convert("RGB"), np.float64)
            for name, kept in plain["maps"].items():
                both = _unpacked(base64.b64decode(kept["data"]), shape) * float(kept["top"])
                total = both[0].sum()
                if total > 0 and photo.shape[:2] == shape[1:]:
                    self._put(str(name), [both / total, photo, 1])
        except (OSError, ValueError, KeyError, TypeError, AttributeError, zlib.error) as error:
            raise OutputError(
                f"{file} cannot be read: remove it, and run again to explain that photo again."
            ) from error

    def add(self, other: _Sums) -> None:
        for name, sums in other.by_method.items():
            self._put(name, sums)

    def _put(self, name: str, sums: list[Any]) -> None:
        before = self.by_method.get(name)
        if before is not None and before[0].shape != sums[0].shape:
            raise ValueError("maps of another size")
        self.by_method[name] = list(sums) if before is None else [a + b for a, b in zip(before, sums, strict=True)]

    def means(self) -> Iterator[tuple[str, MeanMap]]:
        for name, (both, photo, count) in self.by_method.items():
            mean = np.rint(photo / count).clip(0, 255).astype(np.uint8)
            yield name, MeanMap(both[0] / count, both[1] / count, mean, count)


def _written(
    plan: Plan, stem: Path, name: str, sums: _Sums, look: tuple[str, Scale]
) -> Iterator[tuple[str, Path, int]]:
    for method, mean in sums.means():
        png = inside(plan.output, plan.output / f"{stem.name}.{method}.png")
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer, importance=mean.importance, signed=mean.signed, photo=mean.photo, photos=np.array(mean.photos)
        )
        write_whole(png.with_suffix(".npz"), buffer.getvalue())
        write_whole(png, _drawn(mean, look, name=name, method=method))
        yield f"{name}, {method}", png, mean.photos


def _drawn(mean: MeanMap, look: tuple[str, Scale], *, name: str, method: str) -> bytes:
    style, scale = style_of(look[0]), look[1]
    values = mean.signed if style.signed else mean.importance
    image = style.draw(mean.photo, values[None], scale=scale).image
    return png_with(image, {"mean_over": mean.photos, "class": name, "method": method})


def _unpacked(data: bytes, shape: tuple[int, int, int]) -> np.ndarray:
    """The levels of ``pack_map`` as shares of its top."""
    size = 2 * shape[0] * shape[1] * shape[2]
    levels = np.frombuffer(zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, size), "<i2").reshape(shape)
    steps = levels.astype(np.float64)
    return np.asarray(steps * np.abs(steps) / _LEVELS**2)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
