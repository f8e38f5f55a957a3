"""The output files of one explained photo: all under its stem, the record last."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from igcli.attribution.result import Explanation
from igcli.errors import Occupied
from igcli.images.source import Found
from igcli.jobs.files import FOLDER, inside, write_whole
from igcli.jobs.item import Explained
from igcli.jobs.outputs.record import Record, record_of, to_json
from igcli.jobs.plan import ModelFacts, Plan

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class Done:
    """One photo and one class, explained and written.

    Attributes
    ----------
    record
        As it was written.
    record_file
        Where, below the output folder.
    files
        The files or folders to name to a person, by what they show.
    caveat
        What a person looking at them must know, or nothing.
    """

    found: Found
    record: Record
    record_file: str
    files: Mapping[str, Path]
    caveat: str = ""


@dataclass
class Outputs:
    """The files of one photo and class, written one after the other and remembered for the record.

    ``files`` maps what follows the stem to the path below the output folder, as the record lists it.
    """

    plan: Plan
    item: Explained
    files: dict[str, str] = field(default_factory=dict)
    _made: list[Path] = field(default_factory=list)

    def save(self, suffix: str, data: bytes) -> Path:
        """Write ``<stem>.<suffix>``; a suffix with a slash lies in a folder, and the record lists the folder."""
        path = self._path(suffix)
        self._write(path, data)
        listed = suffix.partition("/")[0]
        self.files[listed] = self._path(listed).relative_to(self.plan.output).as_posix()
        return path

    def save_hidden(self, name: str, data: bytes) -> None:
        """Write what is for ``ig`` alone, next to the ledgers; the record lists it under this name."""
        output, stem = self.plan.output, self.item.stem
        path = inside(output, output / FOLDER / f"{name}s" / stem.parent / f"{stem.name}.json")
        write_whole(path, data)
        self.files[name] = path.relative_to(output).as_posix()

    def save_record(
        self,
        suffix: str,
        *,
        results: Sequence[Record] = (),
        views: Mapping[str, Record] | None = None,
        timing: Mapping[str, float],
        shown: Mapping[str, Path],
        caveat: str = "",
    ) -> Done:
        """Write the record, as the last file; ``shown`` are the files to name to a person."""
        found = self.item.found
        record = record_of(
            self.plan.model,
            self.item.explanation,
            results,
            views=views,
            files=self.files,
            timing={**self.item.timing, **timing},
            columns=dict(found.columns),
        )
        path = self._path(suffix)
        self._write(path, (to_json(record, indent=2) + "\n").encode())
        return Done(found, record, path.relative_to(self.plan.output).as_posix(), shown, caveat)

    def claim(self, suffix: str) -> None:
        """Raise ``Occupied`` if ``<stem>.<suffix>`` is there, a file or a folder, and may not be replaced."""
        self._claim(self._path(suffix))

    def _claim(self, path: Path) -> None:
        if not self.item.ours and os.path.lexists(path):
            for made in self._made:  # all or nothing
                made.unlink(missing_ok=True)
            raise Occupied(
                f"{path} is there already, and is not of this photo: choose another folder with -o, or add --overwrite."
            )

    def _write(self, path: Path, data: bytes) -> None:
        self._claim(path)
        write_whole(path, data)
        self._made.append(path)

    def _path(self, suffix: str) -> Path:
        output, stem = self.plan.output, self.item.stem
        return inside(output, output / stem.parent / f"{stem.name}.{suffix}")


def png(image: Image.Image, model: ModelFacts, explanation: Explanation, **more: Any) -> bytes:
    """The image as PNG; the record's key fields, and ``more``, are in its metadata."""
    from PIL.PngImagePlugin import PngInfo

    fields: dict[str, Any] = {
        "model": model.provenance.name,
        "weights_sha256": model.provenance.sha256,
        "image_sha256": explanation.picture.sha256,
        "target": explanation.target.label,
        "score": explanation.score.kind,
        "score_at_image": explanation.score.at_image,
        **more,
    }
    info = PngInfo()
    info.add_itxt("Software", "igcli")
    text = json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace")  # a name may hold half a character
    info.add_itxt("igcli", text.decode())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()
