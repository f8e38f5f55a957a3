"""Property: whatever bytes a file holds, they are a picture or one sentence, never anything else."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from images.pictures import encoded, photo, read_or_refuse
from images.test_bitfields import bmp
from images.test_deep import png
from images.tiffs import of_array, tiff
from PIL import Image, features

OPTIONAL = {"WEBP": "webp", "AVIF": "avif", "JPEG2000": "jpg_2000"}
VALID = [
    encoded("JPEG"),
    encoded("JPEG", progressive=True, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"),
    encoded("PNG"),
    encoded("PNG", photo().convert("P"), transparency=1),
    encoded("PNG", photo(), save_all=True, append_images=[photo(), photo()]),
    encoded("GIF", photo().convert("P"), save_all=True, append_images=[Image.new("P", (60, 40), 3)]),
    encoded("TIFF"),
    of_array(np.linspace(0, 65535, 192).astype(np.uint16).reshape(8, 8, 3), photometric=2),
    of_array(np.linspace(-9, 9, 64).astype(np.float64).reshape(8, 8), photometric=0, order=">"),
    tiff(8, 8, [zlib.compress(bytes(96))], bits=[12], tags={259: ("H", [8])}),
    png(np.linspace(0, 65535, 192).astype(np.uint16).reshape(8, 8, 3), 2),
    png(np.linspace(0, 65535, 128).astype(np.uint16).reshape(8, 8, 2), 4, filtered=True),
    b"P6 4 4 4095\n" + bytes(96),
    bmp((0xF00, 0xF0, 0xF, 0xF000), 16, v4=True),
    encoded("TIFF", compression="tiff_lzw"),
    encoded("TIFF", Image.fromarray(np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8))),
    encoded("BMP"),
    encoded("QOI"),
    encoded("PPM"),
    # Pillow can be built without the libraries for these.
    *(encoded(kind) for kind, part in OPTIONAL.items() if features.check(part)),
]
FUZZ = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(data=st.binary(max_size=300), start=st.sampled_from([b"", *(valid[:12] for valid in VALID)]))
def test_random_bytes_are_refused_in_one_sentence(tmp_path: Path, start: bytes, data: bytes) -> None:
    read_or_refuse(tmp_path / "x.img", start + data, lenient=False)


@FUZZ
@given(valid=st.sampled_from(VALID), share=st.floats(0, 1), lenient=st.booleans())
def test_files_cut_anywhere_are_read_or_refused(tmp_path: Path, valid: bytes, share: float, lenient: bool) -> None:
    read_or_refuse(tmp_path / "x.img", valid[: int(len(valid) * share)], lenient=lenient)


@FUZZ
@given(
    valid=st.sampled_from(VALID),
    damage=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8),
    header_only=st.booleans(),
    lenient=st.booleans(),
)
def test_files_with_damaged_bytes_are_read_or_refused(
    tmp_path: Path, valid: bytes, damage: list[tuple[float, int]], header_only: bool, lenient: bool
) -> None:
    data = bytearray(valid)
    reach = min(len(data), 200) if header_only else len(data)
    for share, byte in damage:
        data[int(share * reach)] = byte
    read_or_refuse(tmp_path / "x.img", bytes(data), lenient=lenient)
