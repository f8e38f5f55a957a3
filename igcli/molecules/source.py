"""An entry of a list, and the molecule that it describes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from igcli.errors import InputError
from igcli.inputs import TextInput
from igcli.molecules.chemistry import checked, molecule_from_smiles, reason_in, silent

if TYPE_CHECKING:
    from rdkit.Chem import Mol


@dataclass(frozen=True)
class Molecule:
    """A molecule that was read.

    Attributes
    ----------
    mol
        RDKit's: its atoms, without hydrogens, are in the order of the text.
    smiles
        As it was given, or for an SD file as RDKit writes it.
    name
        Its own, or empty.
    """

    mol: Mol
    smiles: str
    name: str = ""

    @property
    def title(self) -> str:
        """Its name, or its SMILES."""
        return self.name or self.smiles


def molecule_of(entry: TextInput) -> Molecule:
    """The molecule of an entry, whose text is a SMILES, or a structure of an SD file, of several lines.

    Raises
    ------
    InputError
        With the reason.
    """
    if "\n" in entry.text:
        return _molecule_from_structure(entry)
    return Molecule(molecule_from_smiles(entry.text), entry.text, entry.label)


def _molecule_from_structure(entry: TextInput) -> Molecule:
    from rdkit import Chem

    with silent() as said:
        try:
            mol = Chem.MolFromMolBlock(entry.text)
        except (RuntimeError, ValueError) as problem:
            raise InputError(f"It is no structure that RDKit can read: {problem}.") from problem
    if mol is None:
        raise InputError(f"It is no structure that RDKit can read: {reason_in(said[0])}.")
    return Molecule(checked(mol), Chem.MolToSmiles(mol), entry.label)
