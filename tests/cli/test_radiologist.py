"""A radiologist's engineer: a study of DICOM files, a network of one channel from a checkpoint, 14 findings."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("pydicom", reason="needs the extra medical")
from images.dicoms import PATIENT, dicom

FINDINGS = [f"finding {number}" for number in range(13)] + ["nodule"]
NETWORK = """
from torch import nn

def build():
    layers = nn.Conv2d(1, 4, 5, stride=2), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 14)
    return nn.Sequential(*layers)
"""
CHEST = {"RescaleSlope": "1", "RescaleIntercept": "-1024", "WindowCenter": "-100", "WindowWidth": "800"}


def chest(shift: int = 0) -> np.ndarray:
    """Two dark lungs on a bright ground with noise, in 12 bits."""
    y, x = np.mgrid[:96, :80]
    lungs = sum(((x - centre - shift) / 12.0) ** 2 + ((y - 48) / 30.0) ** 2 < 1 for centre in (22, 58))
    noise = np.random.default_rng(shift).integers(0, 60, (96, 80))
    return (1300 - 700 * lungs + noise).astype(np.uint16)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Three exposures: one as the PACS names it, one that is stored as a negative, and a report without pixels."""
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "cxr.dcm").write_bytes(dicom(chest(), BitsStored=12, HighBit=11, **CHEST))
    negative = 1847 - chest()  # mirrored at the middle of the window, -100.5
    inverse = {**CHEST, "PhotometricInterpretation": "MONOCHROME1"}
    (folder / "negative.dcm").write_bytes(dicom(negative, BitsStored=12, HighBit=11, **inverse))
    (folder / "IM000001").write_bytes(dicom(chest(3), BitsStored=12, HighBit=11, **CHEST))
    (folder / "notes.txt").write_text("seen by telephone")
    torch.manual_seed(0)
    scope: dict = {}
    exec(NETWORK, scope)
    state = {f"net.{name}": value for name, value in scope["build"]().state_dict().items()}
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "last.ckpt")
    (tmp_path / "net.py").write_text(NETWORK)
    (tmp_path / "findings.txt").write_text("\n".join(FINDINGS))
    return folder


OWN = ("--model", "net.py:build", "--weights", "last.ckpt", "--labels", "findings.txt", "--channels", 1,
       "--input-size", 64, "--value-range", "-1024,1024", "--outputs", "multi-label", "--device", "cpu")  # fmt: skip


def test_a_study_is_explained_as_it_lies_on_disk(shell, study, tmp_path, read_json):
    done = shell("explain", "study", *OWN, "--target", "nodule", "--save-arrays", "--json")
    assert done.exit_code == 0, done.output
    names = ["IM000001", "cxr", "negative"]
    assert [Path(json.loads(line)["image"]["path"]).stem for line in done.stdout.splitlines()] == names
    record = read_json(tmp_path / "out" / "cxr.json")
    assert record["target"]["label"] == "nodule"
    assert record["image"]["notes"][0] == "12-bit DICOM -500..299 scaled to 8, the file's window"
    with np.load(tmp_path / "out" / "cxr.integrated.npz") as arrays:
        pixels = arrays["pixels"]
        assert pixels.shape == arrays["attribution"].shape == (1, 64, 64)
    assert pixels.min() < 0.15 < 0.9 < pixels.max()  # the window's contrast, not a twentieth of 16 bits
    with np.load(tmp_path / "out" / "negative.integrated.npz") as arrays:
        assert np.abs(arrays["pixels"] - pixels).max() < 0.02


def test_no_file_that_is_written_names_the_patient(shell, study, tmp_path):
    done = shell("explain", "study", *OWN, "--panel", "--full-size", "--report", "--steps", 4)
    assert done.exit_code == 0, done.output
    for file in (tmp_path / "out").rglob("*"):
        content = file.read_bytes() if file.is_file() else b""
        assert PATIENT.split("^")[0].encode() not in content, file
        assert b"4711-0815" not in content, file
    assert PATIENT.split("^")[0] not in done.output


def test_a_window_of_ones_own_is_in_hounsfield_units(shell, study, tmp_path, read_json):
    done = shell("explain", "study/cxr.dcm", *OWN, "--window", "-1000,1000", "--steps", 4)
    assert done.exit_code == 0, done.output
    notes = read_json(tmp_path / "out" / "cxr.json")["image"]["notes"]
    assert notes[0] == "12-bit DICOM -1000..1000 scaled to 8, by --window"


def test_a_zip_of_a_study_is_read_too(shell, study, tmp_path):
    with zipfile.ZipFile(tmp_path / "study.zip", "w") as archive:
        for name in ("cxr.dcm", "negative.dcm"):
            archive.write(study / name, f"series/{name}")
    done = shell("explain", "study.zip", *OWN, "--steps", 4)
    assert done.exit_code == 0, done.output
    assert (tmp_path / "out" / "series" / "cxr.integrated.png").exists()


def test_without_the_extra_a_sentence_says_what_to_install(shell, study, monkeypatch):
    monkeypatch.setattr("igcli.images.optional.has_package", lambda _package: False)
    done = shell("explain", "study/cxr.dcm", *OWN)
    assert done.exit_code == 1
    assert 'pip install "igcli[medical]"' in done.output
    done = shell("explain", "study", *OWN)
    assert "has no images that are read: 2 .dcm, 1 without an ending" in done.output
