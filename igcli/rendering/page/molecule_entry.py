"""A molecule's part of a page: drawings, what atoms and pairs sum to, the matrix of pairs, the score's curve."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from igcli.attribution.completeness import Completeness
from igcli.attribution.result import ScoreEnds
from igcli.lazy import np
from igcli.molecules.contributions import Contributions, PairContribution
from igcli.rendering.numbers import score_text
from igcli.rendering.page.content import Cell, CurvePage, Table
from igcli.rendering.page.entries import ListEntry, folded, isolated, score_curve, scrolled, strength, table_markup
from igcli.rendering.signed import decimals_for, signed_text

#: Up to so many atoms the matrix of pairs is a table; of more the strongest pairs are listed.
_MATRIX, _STRONGEST = 40, 40


@dataclass(frozen=True)
class ShownMolecule:
    """A molecule, explained.

    Attributes
    ----------
    title, smiles, label
        Its name or SMILES; its SMILES; the task explained.
    atoms
        A name for each: ``C0``.
    contributions, gaps
        By method.
    drawings
        By method, SVG; of a molecule that is too large to be drawn none.
    notes
        Sentences on the methods' numbers.
    start
        What the score at the other end of the path is called.
    """

    title: str
    smiles: str
    label: str
    score: ScoreEnds
    atoms: Sequence[str]
    contributions: Mapping[str, Contributions]
    gaps: Mapping[str, Completeness]
    drawings: Mapping[str, bytes]
    curve: CurvePage
    notes: Sequence[str] = ()
    start: str = "F(0)"

    @property
    def seen(self) -> str:
        """The task, the score at the molecule and at the baseline."""
        ends = [score_text(end, self.score.kind) for end in (self.score.at_image, self.score.at_baseline)]
        return f"{self.label}  {self.score.kind} F = {ends[0]}, {self.start} = {ends[1]}"


def molecule_entry(molecule: ShownMolecule) -> ListEntry:
    """Its drawings by method, and in tables what a drawing cannot say."""
    drawings = "".join(_figure(method, svg) for method, svg in molecule.drawings.items())
    none = '<p class="muted">It is too large to be drawn.</p>'
    named = molecule.title != molecule.smiles
    body = f'<p class="muted">{isolated(molecule.smiles)}</p>\n' if named else ""
    body += f'<div class="drawings">{drawings}</div>\n' if drawings else none
    body += table_markup(_sums(molecule))
    body += folded("Each atom", table_markup(_atoms(molecule)))
    for method, found in molecule.contributions.items():
        small = len(molecule.atoms) <= _MATRIX
        body += folded(f"Pairs of atoms, {method}", (_matrix if small else _pairs)(found, molecule.atoms))
    said = f"Along the path to the molecule: {molecule.seen}."
    return ListEntry(molecule.title, molecule.seen, body + score_curve(molecule.curve, said, kind=molecule.score.kind))


def _figure(method: str, svg: bytes) -> str:
    # As a picture, in which no script of an SVG is run and nothing is fetched.
    data = base64.b64encode(svg).decode()
    said = f"The molecule with its atoms and bonds coloured by {method}; the tables below have the numbers."
    return (
        f'<figure><img src="data:image/svg+xml;base64,{data}" alt="{said}"><figcaption>{method}</figcaption></figure>\n'
    )


def _sums(molecule: ShownMolecule) -> Table:
    """One row per method: what atoms, bonded pairs and other pairs sum to, and their shares of the rise."""
    rise = molecule.score.rise
    rows: list[tuple[Cell | str, ...]] = []
    for method, found in molecule.contributions.items():
        gap = molecule.gaps[method]
        adds = bool(rise) and gap.within_tolerance is not None
        sums = found.sums.values()
        cells = [Cell(f"{value:+.4g}", f"{value / rise:.0%} of the rise" if adds else "") for value in sums]
        exact = "–" if gap.within_tolerance is None else f"{gap.relative_gap:.2%}{gap.words}"
        beyond = "over the tolerance" if gap.within_tolerance is False else ""
        rows.append((method, *cells, f"{sum(sums):+.4g}", f"{rise:+.4g}", Cell(exact, beyond)))
    columns = ("method", "atoms", "bonded pairs", "other pairs", "all", "rise of the score", "completeness gap")
    return Table("Where the score comes from", columns, tuple(rows), " ".join(molecule.notes))


def _atoms(molecule: ShownMolecule) -> Table:
    found = molecule.contributions
    rows = tuple(
        (name, *(f"{each.atoms[place]:+.4g}" for each in found.values())) for place, name in enumerate(molecule.atoms)
    )
    return Table("The atoms' own contributions", ("atom", *found), rows)


def _matrix(found: Contributions, atoms: Sequence[str]) -> str:
    """The matrix of the paper's Fig. 7 as a table with coloured cells."""
    matrix = found.matrix
    largest = float(np.nanmax(np.abs(matrix))) if matrix.size else 0.0
    digits = decimals_for(largest)

    def cell(value: float) -> str:
        if not np.isfinite(value):
            return "<td></td>"
        return f'<td class="{strength(value, largest)}">{signed_text(value, digits)}</td>'

    head = "".join(f'<th scope="col">{isolated(name)}</th>' for name in atoms)
    rows = "".join(
        f'<tr><th scope="row">{isolated(name)}</th>{"".join(map(cell, row.tolist()))}</tr>'
        for name, row in zip(atoms, matrix, strict=True)
    )
    title = "Atoms on the diagonal, half of each pair on either side; empty: no pair"
    table = f"<thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody>"
    return scrolled(title, f'<table class="matrix"><caption><bdi>{title}</bdi></caption>{table}</table>')


def _pairs(found: Contributions, atoms: Sequence[str]) -> str:
    def size(pair: PairContribution) -> float:
        return -abs(pair.value)

    strongest = sorted(found.pairs, key=size)[:_STRONGEST]
    rows = tuple(
        (f"{atoms[pair.first]}, {atoms[pair.second]}", str(pair.distance), f"{pair.value:+.4g}") for pair in strongest
    )
    title = f"The {len(rows)} strongest of {len(found.pairs)} pairs"
    return table_markup(Table(title, ("atoms", "bonds apart", "contribution"), rows))
