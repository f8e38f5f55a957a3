"""Property: whatever bytes stand in a picture, it is read or refused, and nothing else happens."""

from __future__ import annotations

import importlib.util
import io
import struct
from pathlib import Path

import numpy as np
import pytest
from fuzz.watching import FUZZ, damaged, read_in
from hypothesis import given
from hypothesis import strategies as st
from images.pictures import photo
from images.test_damage import VALID
from images.tiffs import of_array

from igcli.evaluation.ground_truth.mask_pixels import read_mask
from igcli.images.options import ReadOptions, View
from igcli.images.reading import read_image

#: Small: what a damaged header may claim.
FEW = 400_000
GREY = np.linspace(0, 4000, 144).astype(np.uint16).reshape(12, 12)


def _npy(values: np.ndarray, version: tuple[int, int] = (1, 0)) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, values, version=version)
    return file.getvalue()


def _heif() -> bytes:
    if importlib.util.find_spec("pillow_heif") is None:
        return b""
    import pillow_heif

    file = io.BytesIO()
    pillow_heif.from_pillow(photo()).save(file)
    return file.getvalue()


def _dicoms() -> list[bytes]:
    if importlib.util.find_spec("pydicom") is None:
        return []
    from images.dicoms import dicom

    return [
        dicom(GREY),
        dicom(GREY, "ImplicitVRLittleEndian", WindowCenter=2000, WindowWidth=900),
        dicom(np.zeros((6, 6, 3), np.uint8), "ExplicitVRBigEndian"),
        dicom(np.stack([GREY, GREY]), NumberOfFrames=2, RescaleSlope=2, RescaleIntercept=-100),
    ]


ARRAYS = [
    _npy(GREY),
    _npy(np.linspace(0, 1, 108).reshape(6, 6, 3), (2, 0)),
    _npy(np.zeros((5, 4, 4), np.float32), (3, 0)),
    _npy(np.asfortranarray(np.eye(8))),
]
BANDS = [of_array(np.arange(160, dtype=np.uint8).reshape(8, 4, 5)), *ARRAYS]
PICTURES = {
    "raster": VALID,
    "npy": ARRAYS,
    "dicom": _dicoms(),
    "heif": [each for each in [_heif()] if each],
}


@pytest.mark.parametrize("kind", PICTURES)
def test_a_damaged_picture_is_read_or_refused(tmp_path: Path, kind: str) -> None:
    if not PICTURES[kind]:
        pytest.skip(f"what reads {kind} is not installed")

    @FUZZ
    @given(
        data=damaged(PICTURES[kind]),
        lenient=st.booleans(),
        window=st.sampled_from(["file", "full", "percentile", "0,100"]),
        rotate=st.booleans(),
    )
    def check(data: bytes, lenient: bool, window: str, rotate: bool) -> None:
        options = ReadOptions(allow_truncated=lenient, window=window, exif_rotate=rotate, max_pixels=FEW)
        read_in(tmp_path, "x.img", data, lambda path: read_image(path, size=16, options=options, warn=False))

    check()


@FUZZ
@given(data=damaged(BANDS), channels=st.sampled_from([1, 2, 4, 5]))
def test_a_damaged_picture_of_bands_is_read_or_refused(tmp_path: Path, data: bytes, channels: int) -> None:
    view, options = View(size=16, channels=channels), ReadOptions(max_pixels=FEW)
    read_in(tmp_path, "x.img", data, lambda path: read_image(path, view=view, options=options, warn=False))


@FUZZ
@given(data=damaged([*VALID, *ARRAYS]))
def test_a_damaged_mask_is_read_or_refused(tmp_path: Path, data: bytes) -> None:
    read_in(tmp_path, "x.png", data, lambda path: read_mask(path, ReadOptions(max_pixels=FEW)))


@FUZZ
@given(
    entries=st.lists(
        st.tuples(
            st.sampled_from([*range(254, 267), *range(269, 297), 317, 320, 322, 323, 324, 325, 338, 339, 530, 34665]),
            st.integers(0, 14),
            st.sampled_from([0, 1, 2, 3, 4, 100, 2**31, 2**32 - 1]) | st.integers(0, 40),
            st.sampled_from([0, 1, 2, 3, 4, 5, 8, 16, 32, 64, 32773, 2**31, 2**32 - 1]) | st.integers(0, 2**32 - 1),
        ),
        max_size=20,
    ),
    order=st.sampled_from(["<", ">"]),
    big=st.booleans(),
    behind=st.binary(max_size=60),
)
def test_a_tiff_of_any_tags_is_read_or_refused(
    tmp_path: Path, entries: list[tuple[int, int, int, int]], order: str, big: bool, behind: bytes
) -> None:
    mark, count, entry, offset = (b"II" if order == "<" else b"MM"), *("QQQ" if big else "HII")
    head = mark + (struct.pack(f"{order}HHHQ", 43, 8, 0, 16) if big else struct.pack(f"{order}HI", 42, 8))
    rows = [struct.pack(f"{order}HH{entry}{offset}", *each) for each in sorted(entries)]
    data = (
        head + struct.pack(f"{order}{count}", len(rows)) + b"".join(rows) + struct.pack(f"{order}{offset}", 0) + behind
    )
    for channels in (3, 4):
        view = View(size=8, channels=channels)
        options = ReadOptions(max_pixels=FEW, allow_truncated=True)
        read_in(
            tmp_path, "x.tif", data, lambda path, v=view, o=options: read_image(path, view=v, options=o, warn=False)
        )
