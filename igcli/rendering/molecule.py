"""A molecule with its atoms and bonds coloured by what they contribute, as PNG or SVG; drawn by RDKit.

Next to an atom stand its position, by which tables and matrices name it, and its contribution; next to a bond its own.

Pairs of atoms without a bond cannot be shown on a drawing: ``pair_matrix.py`` has all pairs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from igcli.molecules.chemistry import silent
from igcli.molecules.contributions import Contributions
from igcli.rendering.signed import decimals_for, signed_colour, signed_text
from igcli.rendering.text import clean

if TYPE_CHECKING:
    from rdkit.Chem import Mol
    from rdkit.Chem.Draw.rdMolDraw2D import MolDraw2D

MOST_DRAWN = 200
"""Atoms of the largest molecule that is drawn: of a larger one nothing could be read, and its layout takes minutes."""

_NOTE = (0.13, 0.14, 0.16)
_LOOK = {
    "fillHighlights": True,
    "continuousHighlight": True,
    "highlightRadius": 0.35,
    "annotationFontScale": 0.55,
    "legendFraction": 0.11,
    "legendFontSize": 18,
}
_LARGEST, _PER_ATOM = (1600, 1200), (60, 45)


@dataclass(frozen=True)
class MoleculeDrawing:
    """What is drawn.

    Attributes
    ----------
    caption
        Lines under the drawing.
    scale
        The contribution of full colour, above 0; by default the largest one that is drawn.
    """

    mol: Mol
    contributions: Contributions
    caption: tuple[str, ...]
    scale: float | None = None

    def svg(self) -> bytes:
        """As SVG."""
        from rdkit.Chem.Draw import rdMolDraw2D

        canvas = rdMolDraw2D.MolDraw2DSVG(*self._size)
        self._draw(canvas)
        text: str = canvas.GetDrawingText()
        return text.encode()

    def png(self) -> bytes:
        """As PNG."""
        from rdkit.Chem.Draw import rdMolDraw2D

        canvas = rdMolDraw2D.MolDraw2DCairo(*self._size)
        self._draw(canvas)
        data: bytes = canvas.GetDrawingText()
        return data

    @property
    def _size(self) -> tuple[int, int]:
        """Pixels, more for a larger molecule."""
        more = math.sqrt(self.mol.GetNumAtoms())
        width, height = (
            min(most, 400 + round(each * more * 2)) for most, each in zip(_LARGEST, _PER_ATOM, strict=True)
        )
        return width, height

    def _draw(self, canvas: MolDraw2D) -> None:
        from rdkit import Chem
        from rdkit.Chem.Draw import rdMolDraw2D

        mol = Chem.Mol(self.mol)
        atoms = {i: float(value) for i, value in enumerate(self.contributions.atoms)}
        bonds = {
            mol.GetBondBetweenAtoms(pair.first, pair.second).GetIdx(): pair.value
            for pair in self.contributions.pairs
            if pair.distance == 1
        }
        largest = self.scale or max(map(abs, (*atoms.values(), *bonds.values())), default=0.0)
        digits = decimals_for(largest)
        for atom in mol.GetAtoms():
            note = signed_text(atoms[atom.GetIdx()], digits)
            atom.SetProp("atomNote", f"{atom.GetIdx()}: {note}" if float(note) else str(atom.GetIdx()))
        for bond in mol.GetBonds():
            note = signed_text(bonds.get(bond.GetIdx(), 0.0), digits)
            if float(note):
                bond.SetProp("bondNote", note)
        options = canvas.drawOptions()
        options.useBWAtomPalette()
        options.setAtomNoteColour(_NOTE)
        options.setBondNoteColour(_NOTE)
        for name, value in _LOOK.items():
            setattr(options, name, value)
        with silent():
            rdMolDraw2D.PrepareAndDrawMolecule(
                canvas,
                mol,
                legend="\n".join(map(clean, self.caption)),
                highlightAtoms=list(atoms),
                highlightAtomColors={i: signed_colour(value, largest) for i, value in atoms.items()},
                highlightBonds=list(bonds),
                highlightBondColors={i: signed_colour(value, largest) for i, value in bonds.items()},
            )
            canvas.FinishDrawing()
