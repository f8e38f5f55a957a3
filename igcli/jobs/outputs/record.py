"""Output files and their records: plain data of the schema family ``igcli/1``, enough to compute the numbers again.

Every record and every line of JSON is made by :func:`new_record`; ``record.schema.json``, next to this file, describes
all of them. :class:`Outputs` writes the files of one photo and class, all under its stem, the record last.
"""

from __future__ import annotations

import io
import json
import os
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from igcli.attribution.result import Attribution, Explanation
from igcli.attribution.targets import TrueClass
from igcli.errors import Occupied
from igcli.images.addresses import absolute, address_of, is_address
from igcli.images.list_rows import recordable
from igcli.images.picture import Picture
from igcli.inputs import TextInput
from igcli.jobs.files import FOLDER, inside, write_whole
from igcli.jobs.item import Explained, Input
from igcli.jobs.outputs.entries import crop_entry, truth_entry
from igcli.jobs.plan import ModelFacts, Plan
from igcli.rendering.numbers import finite

if TYPE_CHECKING:
    from PIL import Image

SCHEMA = "igcli/1"
Record = dict[str, Any]


def new_record(
    *,
    picture: Picture | None = None,
    entry: TextInput | None = None,
    network: ModelFacts | None = None,
    **entries: Any,
) -> Record:
    """A record with these entries.

    Parameters
    ----------
    picture
        The photo that it is about: its entry ``image``.
    entry
        The entry of a list that it is about: its entry ``input``.
    network
        The network that its numbers are of: its entry ``model``, and the versions that numbers can depend on.
    """
    return {
        "schema": SCHEMA,
        **({} if picture is None else {"image": image_entry(picture)}),
        **({} if entry is None else {"input": entry.record}),
        **({} if network is None else {"model": _model_entry(network)}),
        **entries,
        **({} if network is None else {"versions": versions()}),
    }


def record_of(
    model: ModelFacts,
    explanation: Explanation,
    results: Sequence[Record],
    *,
    files: Mapping[str, str],
    timing: Mapping[str, float],
    views: Mapping[str, Record] | None = None,
    columns: Mapping[str, str] | None = None,
    truth: TrueClass | None = None,
    entry: TextInput | None = None,
) -> Record:
    """Everything about one input and one class, plain data.

    ``views`` are further sections, by name; ``columns`` is what a list said of this input; ``entry`` the input itself,
    where it is no picture.
    """
    return new_record(
        picture=explanation.picture if entry is None else None,
        entry=entry,
        network=model,
        prediction=[asdict(ranked) for ranked in explanation.prediction],
        target=asdict(explanation.target),
        score=asdict(explanation.score),
        results=list(results),
        **(views or {}),
        **({} if truth is None else {"truth": truth_entry(truth, explanation.prediction[0].index)}),
        **({"columns": dict(columns)} if columns else {}),
        files=dict(files),
        timing={name: round(seconds, 4) for name, seconds in timing.items()},
    )


def image_entry(picture: Picture) -> Record:
    """Which photo, and what of it the model saw; ``path`` as it was given, ``absolute`` from wherever it is read."""
    (width, height), channels = picture.original_size, len(picture.pixels)
    path, crop = picture.path, picture.source.crop if picture.source else None
    return {
        "path": None if path is None else recordable(str(path)),
        "absolute": None if path is None else recordable(absolute(path)),
        "sha256": picture.sha256,
        "file": None if picture.state is None else asdict(picture.state),
        "width": width,
        "height": height,
        "fit": picture.placement.fit,
        "box": [round(edge, 3) for edge in picture.placement.box],
        "notes": list(picture.notes),
        **({} if channels in (1, 3) else {"bands": [band + 1 for band in picture.options.drawn(channels)]}),
        **({} if crop is None else {"crop": crop_entry(crop, picture.original_size)}),
    }


def _model_entry(model: ModelFacts) -> Record:
    """Which network, and how its products were computed, with the error where that was measured.

    Also the reason, where no two pictures went through it together.
    """
    error = {} if model.precision_error is None else {"precision_error": model.precision_error}
    alone = {"one_at_a_time": model.one_at_a_time} if model.one_at_a_time else {}
    size = {} if model.input_size is None else {"input_size": model.input_size}
    caveat = {"caveat": model.caveat} if model.caveat else {}
    return {**asdict(model.provenance), **caveat, **size, "precision": model.precision, **error, **alone}


def result_entry(result: Attribution, *, device: str, batch_size: int, drawing: Mapping[str, Any]) -> Record:
    """One method's part of the record."""
    settings = {**asdict(result.settings), "baseline": result.settings.start, "rule": result.settings.placed_by}
    return {
        "method": result.method,
        "settings": {**settings, "device": device, "batch_size": batch_size},
        "score": asdict(result.score),
        "sum": result.total,
        "completeness": asdict(result.completeness),
        "steps": result.steps,
        "gradient_evaluations": result.gradient_evaluations,
        "forward_evaluations": result.forward_evaluations,
        "extras": dict(result.extras),
        "premise": result.premise or None,
        **({"path_ends": [asdict(end) for end in result.path_ends]} if result.path_ends else {}),
        "drawing": dict(drawing),
    }


def to_json(record: Record, *, indent: int | None = None) -> str:
    """The record as JSON text; numbers that JSON does not have become null."""
    return recordable(json.dumps(finite(record), indent=indent, ensure_ascii=False, allow_nan=False))


def write_record(path: Path, record: Record) -> None:
    """Write the record as a file of JSON, whole."""
    write_whole(path, (to_json(record, indent=2) + "\n").encode())


def typed() -> str:
    """The command line, quoted for the shell, after the variables that are defaults of its options."""
    variables = [f"{name}={_quoted(os.environ[name])}" for name in sorted(os.environ) if name.startswith("IGCLI_")]
    return " ".join([*variables, "ig", *map(_quoted, sys.argv[1:])])


def _quoted(word: str) -> str:
    return shlex.quote(str(address_of(word)) if is_address(word) else word)


@cache
def versions() -> dict[str, str]:
    """The versions that numbers can depend on."""
    packages = ("igcli", "torch", "torchvision", "numpy", "pillow")
    return {"python": platform.python_version(), **{package: version(package) for package in packages}}


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

    found: Input
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
        path = self._write(suffix, data)
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
            truth=self.item.truth,
            entry=found if isinstance(found, TextInput) else None,
        )
        path = self._write(suffix, (to_json(record, indent=2) + "\n").encode())
        return Done(found, record, path.relative_to(self.plan.output).as_posix(), shown, caveat)

    def claim(self, suffix: str) -> None:
        """Raise ``Occupied`` if ``<stem>.<suffix>`` is there, a file or a folder, and may not be replaced."""
        path = self._path(suffix)
        if not self.item.ours and os.path.lexists(path):
            for made in self._made:  # all or nothing
                made.unlink(missing_ok=True)
            raise Occupied(
                f"{path} is there already, and is not of this photo: choose another folder with -o, or add --overwrite."
            )

    def _write(self, suffix: str, data: bytes) -> Path:
        self.claim(suffix)
        path = self._path(suffix)
        write_whole(path, data)
        self._made.append(path)
        return path

    def _path(self, suffix: str) -> Path:
        output, stem = self.plan.output, self.item.stem
        return inside(output, output / stem.parent / f"{stem.name}.{suffix}")


def png(image: Image.Image, model: ModelFacts, explanation: Explanation, **more: Any) -> bytes:
    """The image as PNG; the record's key fields, and ``more``, are in its metadata."""
    fields = {
        "model": model.provenance.name,
        "weights_sha256": model.provenance.sha256,
        **({"image_sha256": explanation.sample.sha256} if isinstance(explanation.sample, Picture) else {}),
        "target": explanation.target.label,
        "score": explanation.score.kind,
        "score_at_image": explanation.score.at_image,
        **more,
    }
    return png_with(image, fields)


def png_with(image: Image.Image, fields: Mapping[str, Any]) -> bytes:
    """The image as PNG; its metadata say who has drawn it, and these fields as JSON."""
    from PIL.PngImagePlugin import PngInfo

    info, buffer = PngInfo(), io.BytesIO()
    info.add_itxt("Software", "igcli")
    info.add_itxt("igcli", recordable(json.dumps(fields, ensure_ascii=False)))  # a name may hold half a character
    image.save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()
