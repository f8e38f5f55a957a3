"""Drawings of molecules, and the matrix of pairs: opened and looked into."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("rdkit", reason="molecules need igcli[molecules]")

from igcli.molecules.chemistry import molecule_from_smiles
from igcli.molecules.contributions import Contributions, PairContribution
from igcli.rendering.molecule import MoleculeDrawing
from igcli.rendering.pair_matrix import pair_matrix
from igcli.rendering.plots import PlotContext


def drawing(atoms: list[float], bond: float) -> MoleculeDrawing:
    found = Contributions(np.array(atoms), (PairContribution(0, 1, 1, bond), PairContribution(0, 2, 2, 5.0)))
    return MoleculeDrawing(molecule_from_smiles("CCO"), found, ("a caption", "a second line"))


def shares(data: bytes) -> tuple[float, float]:
    """Of green and of red among the pixels."""
    pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
    red, green = pixels[..., 0], pixels[..., 1]
    return float((green - red > 30).mean()), float((red - green > 30).mean())


def test_what_raises_is_green_and_what_lowers_is_red():
    green, red = shares(drawing([1.0, 1.0, 1.0], 1.0).png())
    assert green > 0.01
    assert red == 0
    green, red = shares(drawing([-1.0, -1.0, -1.0], -1.0).png())
    assert green == 0
    assert red > 0.01


def test_numbers_and_caption_are_in_the_drawing_and_zeros_are_not():
    with_numbers, without = drawing([0.25, 0.0, -0.5], 0.125).svg(), drawing([0.0, 0.0, 0.0], 0.0).svg()
    assert with_numbers.count(b"note") > without.count(b"note")
    assert b"legend" in without


def test_the_molecule_itself_is_not_written_on():
    made = drawing([0.25, 0.0, -0.5], 0.125)
    made.png()
    assert not any(atom.HasProp("atomNote") for atom in made.mol.GetAtoms())


def test_a_matrix_of_zeros_and_one_of_numbers_are_drawn():
    subject = PlotContext("w2n2", title="ethanol $x$")
    for values in ([0.0, 0.0, 0.0], [1.0, -1.0, 0.5]):
        found = drawing(values, 0.0).contributions
        data = pair_matrix(found, ["C0", "C1", "O2"], subject=subject, conditions="integrated")
        assert Image.open(io.BytesIO(data)).width > 300
    green, red = shares(data)
    assert min(green, red) > 0.001
