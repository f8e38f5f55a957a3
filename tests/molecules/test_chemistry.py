"""What is no molecule fails with a sentence that says why, and RDKit's own messages reach no stream."""

from __future__ import annotations

import subprocess
import sys

import pytest

from igcli.errors import InputError, UsageError
from igcli.molecules import chemistry
from igcli.molecules.chemistry import LONGEST_SMILES, MOST_ATOMS, check_installed, molecule_from_smiles, reason_in


@pytest.mark.parametrize(
    ("smiles", "said"),
    [
        ("", "is empty"),
        ("c1cccc", "unclosed ring"),
        ("CX(C)", "near character 2"),
        ("C(C)(C)(C)(C)C", "valence"),
        ("C\x00C", r"'\\x00'"),
        ("C\x1b[31mC", r"'\\x1b'"),
        ("Cé", r"'\\xe9'"),
        ("CC name", "space"),
        ("photo.jpg", "syntax error"),
        ("C" * (MOST_ATOMS + 1), "1,001 atoms"),
        ("C" * (LONGEST_SMILES + 1), "characters"),
    ],
)
def test_what_is_no_molecule_says_why(smiles, said):
    with pytest.raises(InputError, match=said):
        molecule_from_smiles(smiles)


def test_the_largest_molecule_is_read():
    assert molecule_from_smiles("C" * MOST_ATOMS).GetNumAtoms() == MOST_ATOMS


def test_rdkit_writes_to_no_stream():
    program = (
        "from igcli.errors import InputError\n"
        "from igcli.molecules.chemistry import molecule_from_smiles\n"
        "for smiles in ['c1ccc', 'C(C)(C)(C)(C)C', '[H]', 'CX']:\n"
        "    try:\n        molecule_from_smiles(smiles)\n    except InputError:\n        pass\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == done.stderr == ""


def test_messages_without_a_reason_are_said_to_have_none():
    assert reason_in("\n") == "it says no more"


def test_without_rdkit_one_sentence_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(chemistry, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r'pip install "igcli\[molecules\]"'):
        check_installed()


def test_a_library_that_rdkit_misses_is_named_with_how_to_install_it(monkeypatch):
    def without_a_desktop(_: str) -> None:
        raise ImportError("libXrender.so.1: cannot open shared object file: No such file or directory")

    monkeypatch.setattr(chemistry, "import_module", without_a_desktop)
    with pytest.raises(UsageError, match=r"libXrender\.so\.1: .* apt-get install libxrender1"):
        check_installed()
