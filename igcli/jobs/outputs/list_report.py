"""A page of texts or molecules, made of their records: nothing is computed again.

``ig text`` and ``ig molecule`` write a record of each into their folder, and of all ``index.text.jsonl`` or
``index.molecule.jsonl``.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from igcli.attribution.completeness import Completeness
from igcli.attribution.sample_mean import SampleMean
from igcli.bounded import open_regular
from igcli.errors import OutputError
from igcli.inputs import TextInput
from igcli.jobs.files import LARGEST, inside, read_own, write_whole
from igcli.jobs.outputs.molecules import start_name
from igcli.jobs.outputs.record import SCHEMA, Record
from igcli.jobs.outputs.report import ranked_of, score_ends_of
from igcli.lazy import np
from igcli.models.model import Provenance
from igcli.molecules.contributions import Contributions, PairContribution
from igcli.rendering.page.content import PAGE_ROOM, CurvePage, Origin
from igcli.rendering.page.entries import ListEntry, ListPage, list_page_parts
from igcli.rendering.page.molecule_entry import ShownMolecule, molecule_entry
from igcli.rendering.page.text_entry import text_entry
from igcli.text.scored import ScoredText
from igcli.text.tokens import Token

#: What a run over a list is of, as its index is called.
LISTED = ("text", "molecule")
#: Of more files of JSON none is looked into.
_MOST_ALONE = 100


@dataclass(frozen=True)
class Listed:
    """A folder with the records of lists.

    Attributes
    ----------
    folder
        That of ``-o``; any other one has no ``kinds``.
    """

    folder: Path

    @property
    def kinds(self) -> tuple[str, ...]:
        """Which kinds of records there are: of lists, which have an index; without any, of a single molecule."""
        return tuple(kind for kind in LISTED if self._index(kind).is_file()) or tuple(
            kind for kind in LISTED if any(kind in record for record in self._alone())
        )

    def records(self) -> Iterator[Record]:
        """The records in their lists' order, one at a time.

        Raises
        ------
        OutputError
            For an index that cannot be read.
        """
        indices = [path for path in map(self._index, LISTED) if path.is_file()]
        for path in indices:
            try:
                with open_regular(path) as file:
                    while line := file.readline(LARGEST):
                        yield json.loads(line)
            except (OSError, ValueError, RecursionError) as error:
                raise OutputError(f"{path} is damaged: explain the list into this folder again.") from error
        if not indices:
            yield from self._alone()

    def _alone(self) -> Iterator[Record]:
        """The records in files of their own, of a folder with few files of JSON."""
        files = sorted(self.folder.glob("*.json")) if self.folder.is_dir() else []
        for path in files if len(files) <= _MOST_ALONE else ():
            with contextlib.suppress(OSError, ValueError, RecursionError):
                record = json.loads(read_own(path))
                if isinstance(record, dict) and record.get("schema") == SCHEMA and not record.keys().isdisjoint(LISTED):
                    yield record

    def failures(self) -> list[str]:
        """Sentences on what failed, from the runs' lists of failures."""
        sentences = []
        for kind in LISTED:
            path = self.folder / f"failures.{kind}.jsonl"
            try:
                entries = [json.loads(line) for line in read_own(path).splitlines()]
                sentences += [f"{entry['path']}: {entry['reason']}" for entry in entries]
            except FileNotFoundError:
                continue
            except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
                raise OutputError(f"{path} is damaged: explain the list into this folder again.") from error
        return sentences

    def _index(self, kind: str) -> Path:
        return self.folder / f"index.{kind}.jsonl"


def write_list_report(
    path: Path, records: Iterable[Record], *, folder: Path, title: str, command: str, failures: Sequence[str] = ()
) -> tuple[int, int]:
    """Write the page of records, whole: how many there were, and how many of them found no room on it.

    Nothing is written where there is none.

    Parameters
    ----------
    folder
        Where the records' files lie.
    command
        What makes the page again.

    Raises
    ------
    OutputError
        For records that another version of igcli has written.
    """
    count, left_out, following = 0, 0, iter(records)
    first = next(following, None)
    if first is None:
        return 0, 0

    def counted() -> Iterator[ListEntry]:
        nonlocal count
        for record in chain([first], following):
            yield _entry_of(record, folder)
            count += 1

    def parts() -> Iterator[str]:
        nonlocal left_out
        left_out = yield from list_page_parts(ListPage(title, _origin_of(first, command), counted(), failures))

    write_whole(path, (part.encode("utf-8", "replace") for part in parts()))
    return count, left_out


def room_words(left_out: int) -> str:
    """What follows the page's name where not all found room on it; else nothing."""
    words = (
        f"{left_out:,} without room on the page, which ends at {PAGE_ROOM // 1_000_000} MB; their files are complete"
    )
    return f" ({words})" if left_out else ""


def _entry_of(record: Record, folder: Path) -> ListEntry:
    try:
        if "text" in record:
            return text_entry(_text_of(record), name=_place(record["input"]), curve=_curve_of(record))
        return molecule_entry(_molecule_of(record, folder))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise OutputError(
            f"A record in {folder} is damaged, or was written by another version of igcli. Run ig text or ig molecule "
            "with --overwrite to explain again."
        ) from error


def _text_of(record: Record) -> ScoredText:
    entry = record["text"]
    spaced = entry.get("spaced") or [True] * len(entry["words"])
    tokens = tuple(
        Token(name, 0, word, space, known)
        for name, word, space, known in zip(entry["tokens"], entry["words"], spaced, entry["known"], strict=True)
    )
    numbers = {name: tuple(map(_number, values)) for name, values in entry["numbers"].items()}
    if not numbers or any(len(values) != len(tokens) for values in numbers.values()):
        raise ValueError("there is not one number for each word")
    gaps = _gaps_of(record)
    means = {name: mean for name, mean in _means_of(record).items() if name in numbers}
    target, score = ranked_of(record["target"]), score_ends_of(record["score"])
    gaps = {name: gaps[name] for name in numbers}
    return ScoredText(tokens, numbers, target, entry["next_word"], score, gaps, means)


def _molecule_of(record: Record, folder: Path) -> ShownMolecule:
    entry, score = record["molecule"], score_ends_of(record["score"])
    found = {name: _contributions_of(each) for name, each in entry["contributions"].items()}
    return ShownMolecule(
        title=entry["name"] or entry["smiles"],
        smiles=entry["smiles"],
        label=record["target"]["label"],
        score=score,
        atoms=[f"{element}{place}" for place, element in enumerate(entry["atoms"])],
        contributions=found,
        gaps={name: gap for name, gap in _gaps_of(record).items() if name in found},
        notes=[f"{name}: {mean.words}." for name, mean in _means_of(record).items() if name in found],
        start=start_name(record["results"][0]["settings"]["baseline"]),
        drawings=dict(_drawings_of(record["files"], list(found), folder)),
        curve=_curve_of(record),
    )


def _contributions_of(entry: Mapping[str, Any]) -> Contributions:
    pairs = []
    for pair in entry["pairs"]:
        first, second = pair["atoms"]
        pairs.append(PairContribution(first, second, pair["distance"], _number(pair["value"])))
    return Contributions(np.array([_number(value) for value in entry["atoms"]]), tuple(pairs))


def _drawings_of(files: Mapping[str, str], methods: Sequence[str], folder: Path) -> Iterator[tuple[str, bytes]]:
    for method in methods:
        if (name := files.get(f"{method}.svg")) is None:
            continue
        path = folder / name
        if path.suffix != ".svg" or path.is_symlink():
            raise ValueError(f"{name} is no drawing")
        try:
            yield method, read_own(inside(folder, path))
        except OSError as error:
            raise OutputError(f"{path} cannot be read: run ig molecule with this folder again.") from error


def _gaps_of(record: Record) -> dict[str, Completeness]:
    return {
        result["method"]: Completeness(**{
            **result["completeness"],
            **{name: _number(result["completeness"][name]) for name in ("gap", "relative_gap")},
        })
        for result in record["results"]
    }  # fmt: skip


def _means_of(record: Record) -> dict[str, SampleMean]:
    found = {result["method"]: SampleMean.of(result["extras"], result["steps"]) for result in record["results"]}
    return {name: mean for name, mean in found.items() if mean is not None}


def _curve_of(record: Record) -> CurvePage:
    """The curve, of records that have one."""
    path = record.get("path") or {"alphas": (), "scores": ()}
    alphas, scores = (tuple(map(_number, path[name])) for name in ("alphas", "scores"))
    if len(alphas) != len(scores) or not all(map(math.isfinite, (*alphas, *scores))):
        raise ValueError("the curve's numbers do not fit together")
    return CurvePage(alphas, scores)


def _origin_of(record: Record, command: str) -> Origin:
    try:
        model, settings = record["model"], record["results"][0]["settings"]
        said = {name: settings[name] for name in ("score", "baseline", "steps", "tolerance", "device")}
        network = Provenance(model["name"], model["weights"], model["sha256"])
        return Origin(network, said, dict(record["versions"]), command, model.get("caveat", ""))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise OutputError("A record does not say which network it is of: explain again with --overwrite.") from error


def _place(entry: Mapping[str, Any]) -> str:
    """Where a text stands; nothing for an argument."""
    source, line = entry["source"], entry["line"]
    return str(TextInput("", source or "", line).path) if source else ""


def _number(value: Any) -> float:
    """A number of a record; NaN for null."""
    return math.nan if value is None else float(value)
