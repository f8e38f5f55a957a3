"""What one explained photo leaves in the output folder: files under its stem, its record, and the index of all."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from igcli.attribution.result import Explanation
from igcli.errors import OutputError
from igcli.images.finding import Found
from igcli.jobs.files import write_whole
from igcli.jobs.job import Explained, Job
from igcli.jobs.record import Record, record_of, to_json
from igcli.models.classifier import Classifier

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class Done:
    """One photo and one class, explained and written.

    Attributes
    ----------
    explanation
        What was found out.
    record
        As it was written.
    files
        The files or folders to name to a person, by what they show.
    caveat
        What a person looking at them must know, or nothing.
    """

    found: Found
    explanation: Explanation
    record: Record
    files: Mapping[str, Path]
    caveat: str = ""


@dataclass
class Outputs:
    """The files of one photo and class, written one after the other and remembered for the record.

    ``files`` maps what follows the stem to the path below the output folder, as the record lists it.
    """

    job: Job
    item: Explained
    files: dict[str, str] = field(default_factory=dict)

    def save(self, suffix: str, data: bytes) -> Path:
        """Write ``<stem>.<suffix>``; a suffix with a slash lies in a folder, and the record lists the folder."""
        path = self._beside(suffix)
        write_whole(path, data)
        listed = suffix.partition("/")[0]
        self.files[listed] = self._beside(listed).relative_to(self.job.output).as_posix()
        return path

    def save_record(
        self,
        suffix: str,
        *,
        results: Sequence[Record] = (),
        views: Mapping[str, Record] | None = None,
        timing: Mapping[str, float],
    ) -> Record:
        """Write the record, as the last file."""
        timing = {**self.item.timing, **timing}
        explanation = self.item.explanation
        record = record_of(self.job.model, explanation, results, views=views, files=self.files, timing=timing)
        write_whole(self._beside(suffix), (to_json(record, indent=2) + "\n").encode())
        return record

    def _beside(self, suffix: str) -> Path:
        output, stem = self.job.output, self.item.stem
        path = output / stem.parent / f"{stem.name}.{suffix}"
        if not path.parent.resolve().is_relative_to(output.resolve()):
            raise OutputError(f"{path} would lie outside {output}. Remove the link that leads there.")
        return path


def write_index(path: Path, records: Iterable[Record]) -> None:
    """One record a line, in input order."""
    write_whole(path, "".join(f"{to_json(record)}\n" for record in records).encode())


def png(image: Image.Image, model: Classifier, explanation: Explanation, **more: Any) -> bytes:
    """The image as PNG; the record's key fields, and ``more``, travel inside it."""
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
    info.add_itxt("igcli", json.dumps(fields, ensure_ascii=False))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()
