"""SD files: one structure at a time, with its line; a broken one fails alone."""

from __future__ import annotations

import io

import pytest
from rdkit import Chem

from igcli.errors import InputError
from igcli.inputs import Missing, TextInput
from igcli.molecules import sdf
from igcli.molecules.sdf import structures_in
from igcli.molecules.source import molecule_of


def written(*smiles: str) -> str:
    text = io.StringIO()
    writer = Chem.SDWriter(text)
    for each in smiles:
        mol = Chem.MolFromSmiles(each)
        mol.SetProp("_Name", f"name of {each}")
        mol.SetProp("activity", "1")
        writer.write(mol)
    writer.close()
    return text.getvalue()


def test_structures_that_rdkit_wrote_are_read():
    entries = list(structures_in(io.StringIO(written("CCO", "c1ccccc1")), "set.sdf"))
    assert [molecule_of(each).smiles for each in entries] == ["CCO", "c1ccccc1"]
    assert [molecule_of(each).title for each in entries] == ["name of CCO", "name of c1ccccc1"]
    assert entries[0].line == 1
    assert written("CCO", "c1ccccc1").splitlines()[entries[1].line - 1] == "name of c1ccccc1"


def test_a_broken_structure_fails_alone():
    good = written("CCO")
    broken = good.replace("V2000", "V9000")
    first, second, third = structures_in(io.StringIO(good + broken + good), "set.sdf")
    assert molecule_of(first).smiles == molecule_of(third).smiles == "CCO"
    with pytest.raises(InputError, match="no structure that RDKit can read"):
        molecule_of(second)


@pytest.mark.parametrize("text", ["garbage\n$$$$\n", "\x00\x01\x02\n", "a\nb\nc\n999999 0\n$$$$\n"])
def test_garbage_ends_in_sentences(text):
    for each in structures_in(io.StringIO(text), "set.sdf"):
        if isinstance(each, TextInput):
            with pytest.raises(InputError):
                molecule_of(each)


def test_a_structure_without_end_is_not_held(monkeypatch):
    monkeypatch.setattr(sdf, "LARGEST", 2000)
    large, good = structures_in(io.StringIO("x" * 50_000 + "\n$$$$\n" + written("CCO")), "set.sdf")
    assert isinstance(large, Missing)
    assert molecule_of(good).smiles == "CCO"


def test_a_file_of_one_structure_needs_no_last_line():
    (entry,) = structures_in(io.StringIO(Chem.MolToMolBlock(Chem.MolFromSmiles("CCO"))), "one.mol")
    assert molecule_of(entry).smiles == "CCO"
