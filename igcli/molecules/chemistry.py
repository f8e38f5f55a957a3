"""RDKit, the extra ``igcli[molecules]``: whether it is installed, and what it says of a text that is no molecule.

RDKit writes to the process's own stderr; inside :func:`silent` it does not, and its errors can be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from igcli.errors import InputError, UsageError, first_line

if TYPE_CHECKING:
    from rdkit.Chem import Mol

MOST_ATOMS = 1000
LONGEST_SMILES = 10_000
NO_ATOMS = "It has no atoms."


def check_installed() -> None:
    """Raise ``UsageError`` if RDKit is not installed, or cannot draw here."""
    if find_spec("rdkit") is None:
        raise UsageError('Molecules are read by RDKit, which is not installed: pip install "igcli[molecules]".')
    try:
        import_module("rdkit.Chem.Draw")
    except ImportError as problem:  # it needs libraries of a desktop, which a container may be without
        raise UsageError(
            f"RDKit cannot draw molecules here ({first_line(problem)}): install what is missing with the system's own "
            "packages (Debian and Ubuntu: apt-get install libxrender1 libxext6)."
        ) from problem


def molecule_from_smiles(smiles: str) -> Mol:
    """The molecule that a SMILES describes, without hydrogens of its own.

    Raises
    ------
    InputError
        With the reason: a syntax error and its place, an impossible valence, no atoms, or too many.
    """
    if not smiles:
        raise InputError("The SMILES is empty.")
    if len(smiles) > LONGEST_SMILES:
        raise InputError(f"The SMILES has {len(smiles):,} characters, and at most {LONGEST_SMILES:,} are read.")
    if not (smiles.isascii() and smiles.isprintable()):
        odd = next(letter for letter in smiles if not (letter.isascii() and letter.isprintable()))
        raise InputError(f"The SMILES has the character {odd!a}, which none can have.")
    if " " in smiles:
        raise InputError("The SMILES has a space in it: in a .smi file, what follows the space is the name.")
    from rdkit import Chem

    with silent() as said:
        mol = Chem.MolFromSmiles(smiles)
    if mol is None:
        raise InputError(f"It is no SMILES that RDKit can read: {reason_in(said[0])}.")
    return checked(mol)


def checked(mol: Mol) -> Mol:
    """The molecule, if it has atoms, and not too many.

    Raises
    ------
    InputError
        If it does not.
    """
    count = mol.GetNumAtoms()
    if not count:
        raise InputError(NO_ATOMS)
    if count > MOST_ATOMS:
        raise InputError(f"It has {count:,} atoms, and at most {MOST_ATOMS:,} are explained.")
    return mol


@contextmanager
def silent() -> Iterator[list[str]]:
    """Keep RDKit's messages from stderr; after the block, the one text in the list is its errors, where it has any."""
    from rdkit import rdBase

    said = [""]
    with rdBase.BlockLogs():
        if not hasattr(rdBase, "CaptureErrorLog"):  # older releases
            yield said
            return
        with rdBase.CaptureErrorLog() as log:
            yield said
        said[0] = log.messages


def reason_in(messages: str) -> str:
    """The first of RDKit's errors, as a part of a sentence; "it says no more" where it gave none."""
    lines = [re.sub(r"^\[[\d:]+\] *", "", line).strip() for line in messages.splitlines()]
    lines = [line for line in lines if line]
    if not lines:
        return "it says no more"
    first = re.sub(r"^SMILES Parse Error: *", "", lines[0])
    first = re.sub(r" *(for input|while parsing): .*$", "", first)
    place = next((found[1] for line in lines if (found := re.search(r"around position (\d+)", line))), None)
    first = first[:1].lower() + first[1:].rstrip(".:")
    return f"{first} near character {place}" if place else first
