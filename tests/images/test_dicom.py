"""DICOM files: the values that they mean, their window on them, and files that lie."""

from __future__ import annotations

import io
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from images.dicoms import PATIENT, dataset, dicom, pydicom, written
from images.pictures import encoded, photo, read_or_refuse
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut

from igcli.errors import ImageError
from igcli.images import dicom_header
from igcli.images.decoding import Decoded, decode
from igcli.images.levels import Caution
from igcli.images.options import ReadOptions

RAMP = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
HU = {"RescaleSlope": "1", "RescaleIntercept": "-1024"}
LUNG = {**HU, "WindowCenter": "-600", "WindowWidth": "1500"}


def read(data: bytes, window: str = "file", **how: object) -> Decoded:
    return decode(data, ReadOptions(window=window, **how), name="cxr.dcm")  # type: ignore[arg-type]


def levels(data: bytes, window: str = "file", **how: object) -> np.ndarray:
    return np.asarray(read(data, window, **how).image)


def refusal(data: bytes, **how: object) -> str:
    with pytest.raises(ImageError) as caught:
        read(data, **how)
    message = str(caught.value)
    assert "cxr.dcm" in message
    assert message.endswith(".")
    return message


def linear(x: float, centre: float, width: float) -> float:
    """The pseudo-code of PS3.3, C.11.2.1.2.1, for 0..255."""
    if x <= centre - 0.5 - (width - 1) / 2:
        return 0.0
    if x > centre - 0.5 + (width - 1) / 2:
        return 255.0
    return ((x - (centre - 0.5)) / (width - 1) + 0.5) * 255


def test_slope_intercept_and_window_give_the_standards_grey_levels():
    decoded = read(dicom(RAMP, **LUNG))
    expected = [[round(linear(x - 1024.0, -600, 1500)) for x in row] for row in RAMP.tolist()]
    assert np.abs(np.asarray(decoded.image, float) - expected).max() <= 1  # halves are rounded either way
    assert decoded.notes == ("16-bit DICOM -1350..149 scaled to 8, the file's window",)


@pytest.mark.parametrize("file", ["MR_small.dcm", "MR_small_RLE.dcm", "MR_small_bigendian.dcm", "693_J2KI.dcm"])
def test_files_of_scanners_look_as_pydicom_shows_them(file):
    data = Path(get_testdata_file(file, download=False)).read_bytes()
    made = pydicom.dcmread(io.BytesIO(data))
    shown = apply_voi_lut(apply_modality_lut(made.pixel_array, made), made)
    low, high = shown.min(), shown.max()
    ours = levels(data).astype(float)
    scaled = (shown - low) / (high - low) * (ours.max() - ours.min()) + ours.min()
    assert np.abs(ours - scaled).max() <= 1


def test_monochrome1_is_the_negative_of_monochrome2():
    negative = read(dicom(RAMP, PhotometricInterpretation="MONOCHROME1", **LUNG))
    assert (np.asarray(negative.image) == 255 - levels(dicom(RAMP, **LUNG))).all()
    assert negative.notes[-1] == "MONOCHROME1 inverted"


def test_a_given_window_is_in_the_values_after_slope_and_intercept():
    values = levels(dicom(RAMP, **LUNG), window="-1024,0")
    assert values[0, 0] == 0
    assert (values[RAMP >= 1024] == 255).all()
    assert values[RAMP == 512] == 128


def test_full_is_the_range_of_the_stored_bits_and_percentile_the_pictures_own():
    stored = RAMP // 2  # 0..2047 of 12 bits
    data = dicom(stored, BitsStored=12, HighBit=11, **LUNG)
    assert levels(data, window="full").max() == round(2047 / 4095 * 255)
    assert read(data, window="full").notes[0] == "12-bit DICOM scaled to 8"
    assert (np.bincount(levels(data, window="percentile").ravel(), minlength=256)[[0, 255]] > 15).all()


def test_a_file_without_a_window_that_uses_little_of_its_range_is_said_at_once():
    (caution,) = (note for note in read(dicom(RAMP, **HU)).notes if isinstance(note, Caution))
    assert "--window" in caution


@pytest.mark.parametrize(
    "syntax", ["ImplicitVRLittleEndian", "ExplicitVRBigEndian", "DeflatedExplicitVRLittleEndian", "RLELossless"]
)
def test_every_transfer_syntax_gives_the_same_picture(syntax):
    if syntax == "RLELossless":
        made = dataset(RAMP, **LUNG)
        made.compress(pydicom.uid.RLELossless, generate_instance_uid=False)
        data = written(made)
    else:
        data = dicom(RAMP, syntax, **LUNG)
    assert (levels(data) == levels(dicom(RAMP, **LUNG))).all()


def test_negative_stored_values_and_floats_are_read():
    signed = (RAMP.astype(np.int16) - 1024).astype(np.int16)
    window = {"WindowCenter": "-600", "WindowWidth": "1500"}
    assert (levels(dicom(signed, **window)) == levels(dicom(RAMP, **LUNG))).all()
    assert (levels(dicom(signed.astype(np.float32), **window)) == levels(dicom(RAMP, **LUNG))).all()
    assert any(isinstance(note, Caution) for note in read(dicom(signed.astype(np.float32))).notes)


def test_a_negative_slope_turns_the_picture_over():
    falling = {"RescaleSlope": "-1", "RescaleIntercept": "4095", "WindowCenter": "2048", "WindowWidth": "4096"}
    rising = {"WindowCenter": "2048", "WindowWidth": "4096"}
    assert (levels(dicom(RAMP, **falling)) == levels(dicom(RAMP, **rising))[::-1, ::-1]).all()


def test_exact_and_sigmoid_windows_follow_the_standard():
    x = RAMP - 1024.0
    exact = levels(dicom(RAMP, VOILUTFunction="LINEAR_EXACT", **LUNG))
    assert np.abs(exact - np.clip((x + 600) / 1500 + 0.5, 0, 1) * 255).max() <= 0.51
    sigmoid = levels(dicom(RAMP, VOILUTFunction="SIGMOID", **LUNG))
    assert np.abs(sigmoid - 255 / (1 + np.exp(-4 * (x + 600) / 1500))).max() <= 0.51


def test_the_first_of_several_windows_is_used():
    several = {**HU, "WindowCenter": ["-600", "40"], "WindowWidth": ["1500", "400"]}
    assert (levels(dicom(RAMP, **several)) == levels(dicom(RAMP, **LUNG))).all()


def table(entries: list[int], first: int, bits: int) -> pydicom.Sequence:
    item = pydicom.Dataset()
    item.LUTDescriptor = [len(entries), first, bits]
    item["LUTDescriptor"].VR = "US"
    item.add_new("LUTData", "US", entries)
    return pydicom.Sequence([item])


def test_tables_in_place_of_slope_and_window_are_applied():
    squares = [x * x for x in range(64)]
    small = (RAMP % 64).astype(np.uint16)
    voi = levels(dicom(small, VOILUTSequence=table(squares, 0, 12)))
    assert np.abs(voi - small.astype(float) ** 2 / 4095 * 255).max() <= 0.51
    both = levels(dicom(small, ModalityLUTSequence=table(squares, 0, 12), WindowCenter="2048", WindowWidth="4096"))
    assert np.abs(both - small.astype(float) ** 2 / 4095 * 255).max() <= 0.51
    chosen = levels(dicom(small, VOILUTSequence=table(squares, 0, 12)), window="0,63")
    assert np.abs(chosen - small.astype(float) / 63 * 255).max() <= 0.51


@pytest.mark.parametrize("where", ["SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"])
@pytest.mark.parametrize("syntax", ["ExplicitVRLittleEndian", "ImplicitVRLittleEndian", "ExplicitVRBigEndian"])
@pytest.mark.parametrize("stated", [True, False])
def test_enhanced_files_have_their_settings_in_groups_of_frames(where, syntax, stated):
    inner, voi, group = pydicom.Dataset(), pydicom.Dataset(), pydicom.Dataset()
    inner.RescaleSlope, inner.RescaleIntercept = "1", "-1024"
    voi.WindowCenter, voi.WindowWidth = "-600", "1500"
    group.PixelValueTransformationSequence, group.FrameVOILUTSequence = [inner], [voi]
    made = dataset(np.stack([RAMP, RAMP * 0]), syntax, NumberOfFrames=2, **{where: [group]})
    made[where].is_undefined_length = group.is_undefined_length_sequence_item = not stated
    data = written(made)
    assert (levels(data) == levels(dicom(RAMP, **LUNG))).all()


def test_of_several_frames_the_first_is_read_and_that_is_noted():
    data = dicom(np.stack([RAMP, RAMP[::-1], RAMP]), NumberOfFrames=3, **LUNG)
    assert (levels(data) == levels(dicom(RAMP, **LUNG))).all()
    assert read(data).notes[0] == "first of 3 frames"


def test_colours_are_read_in_every_order_and_colour_space():
    rgb = np.asarray(photo())
    assert (levels(dicom(rgb)) == rgb).all()
    planes = dataset(rgb, PlanarConfiguration=1)
    planes.PixelData = np.ascontiguousarray(rgb.transpose(2, 0, 1)).tobytes()
    assert (levels(written(planes)) == rgb).all()
    ycc = np.asarray(photo().convert("YCbCr"))
    assert (
        np.abs(levels(dicom(ycc, PhotometricInterpretation="YBR_FULL")).astype(int) - rgb).max() <= 3
    )  # two roundings, of chroma times 1.8
    deep = levels(dicom(rgb.astype(np.uint16) * 257))
    assert (deep == rgb).all()


def test_a_palette_gives_colours():
    palette = np.random.default_rng(3).integers(0, 256, (3, 256), dtype=np.uint8)
    index = (RAMP % 256).astype(np.uint8)
    made = dataset(index, PhotometricInterpretation="PALETTE COLOR")
    for colour, entries in zip(("Red", "Green", "Blue"), palette, strict=True):
        setattr(made, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 8])
        setattr(made, f"{colour}PaletteColorLookupTableData", entries.tobytes())
        made[f"{colour}PaletteColorLookupTableDescriptor"].VR = "US"
    assert (levels(written(made)) == palette.T[index]).all()


def compressed(syntax: str, frame: bytes, values: np.ndarray, **elements: object) -> bytes:
    made = dataset(values, syntax, **elements)
    made.PixelData = encapsulate([frame])
    made["PixelData"].VR = "OB"
    return written(made)


def test_jpeg_and_jpeg_2000_inside_are_decoded():
    grey = np.asarray(photo().convert("L"))
    jpeg = compressed("JPEGBaseline8Bit", encoded("JPEG", Image.fromarray(grey), quality=95), grey)
    assert np.abs(levels(jpeg).astype(int) - grey).max() < 8
    deep = RAMP * 16
    lossless = encoded("JPEG2000", Image.fromarray(deep), irreversible=False, no_jp2=True)
    assert (levels(compressed("JPEG2000Lossless", lossless, deep)) == levels(dicom(deep))).all()


@pytest.mark.parametrize(
    ("syntax", "step"),
    [
        ("JPEGLSLossless", "pip install pyjpegls"),
        ("JPEGLosslessSV1", "pip install pylibjpeg pylibjpeg-libjpeg"),
        ("HTJ2K", "pip install pylibjpeg pylibjpeg-openjpeg"),
        ("MPEG2MPML", "ffmpeg"),
        ("1.2.840.10008.1.2.4.94", "save it uncompressed"),
    ],
)
def test_a_compression_that_cannot_be_decoded_names_the_package_that_would(syntax, step, monkeypatch):
    from pydicom.pixels.decoders.base import Decoder

    monkeypatch.setattr(Decoder, "is_available", property(lambda _self: False))  # whatever is installed
    assert step in refusal(compressed(syntax, b"\xff\xd8", RAMP))


def test_twelve_bits_in_a_jpeg_are_more_than_pillow_reads():
    twelve = compressed("JPEGExtended12Bit", encoded("JPEG"), RAMP, BitsStored=12, HighBit=11)
    assert "pylibjpeg-libjpeg" in refusal(twelve)


def test_a_pydicom_without_decoders_is_too_old(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydicom.pixels.decoders", None)
    assert "pydicom is too old" in refusal(dicom(RAMP))


def test_a_file_without_a_picture_says_so():
    made = dataset(RAMP)
    del made.PixelData
    assert "without a picture" in refusal(written(made))


@pytest.mark.parametrize("width", ["0", "1", "-5", ""])
def test_an_unusable_window_is_not_used_and_said(width):
    notes = read(dicom(RAMP * 16, WindowCenter="0", WindowWidth=width)).notes
    assert any(isinstance(note, Caution) and "unusable" in note for note in notes)


def test_a_window_beside_all_values_is_said():
    notes = read(dicom(RAMP, WindowCenter="50000", WindowWidth="100")).notes
    assert any(isinstance(note, Caution) for note in notes)


def test_text_in_the_pixels_is_said():
    assert any("a name" in note for note in read(dicom(RAMP, BurnedInAnnotation="YES")).notes)


def test_window_on_a_colour_picture_is_said_not_to_be_used():
    assert any("not used" in note for note in read(dicom(np.asarray(photo())), window="0,10").notes)


def test_a_cut_off_file_is_refused_and_its_rest_read_on_request():
    data = dicom(RAMP, **LUNG)[:-2000]
    assert "cut off" in refusal(data)
    rest = levels(data, allow_truncated=True)
    assert (rest[:48] == levels(dicom(RAMP, **LUNG))[:48]).all()
    assert rest[-1, -1] == rest[0, 0]  # stored as 0


# Files that lie


def test_more_pixels_than_allowed_are_refused_before_anything_is_decoded():
    made = dataset(RAMP, Rows=65535, Columns=65535)
    assert "--max-pixels" in refusal(written(made))
    assert "is 64 x 0 pixels" in refusal(dicom(RAMP, Rows=0))


def test_a_number_of_frames_that_is_not_there_costs_nothing():
    data = dicom(RAMP, NumberOfFrames=2**31 - 1, **LUNG)
    assert (levels(data) == levels(dicom(RAMP, **LUNG))).all()
    assert read(data).notes[0] == "first of 1000 or more frames"


def test_a_jpeg_larger_than_the_header_says_is_refused():
    huge = bytearray(encoded("JPEG", Image.fromarray(RAMP.astype(np.uint8))))
    frame = huge.index(b"\xff\xc0")
    huge[frame + 5 : frame + 9] = b"\xff\xdc\xff\xdc"  # 65,500 x 65,500
    assert "cut off or damaged" in refusal(compressed("JPEGBaseline8Bit", bytes(huge), RAMP.astype(np.uint8)))


def test_a_deflated_file_that_unpacks_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(dicom_header, "MOST_INFLATED", 1 << 20)
    plain = dicom(RAMP, "DeflatedExplicitVRLittleEndian")
    start = plain.index(b"1.2.840.10008.1.2.1.99") + 22
    packer = zlib.compressobj(wbits=-15)
    assert "unpacks to more" in refusal(plain[:start] + packer.compress(bytes(1 << 22)) + packer.flush())


def test_an_rle_segment_that_unpacks_to_too_much_is_refused():
    segment = b"\x81\x00" * 5000
    header = np.array([2, 64, 64 + len(segment), *[0] * 13], "<u4").tobytes()
    frame = header + segment * 2
    assert "far more than its 64 pixels" in refusal(compressed("RLELossless", frame, RAMP[:8, :8]))


def test_endless_elements_are_not_read(monkeypatch):
    monkeypatch.setattr(dicom_header, "MOST_READS", 1000)
    data = dicom(RAMP)
    place = data.index(b"\x28\x00\x02\x00US")
    assert "more elements" in refusal(data[:place] + b"\x09\x00\x01\x10LO\x00\x00" * 2000 + data[place:])


def test_settings_of_a_million_frames_are_not_read_for_the_first(monkeypatch):
    monkeypatch.setattr(dicom_header, "MOST_READS", 1000)
    groups = pydicom.Dataset()
    groups.FrameVOILUTSequence = [pydicom.Dataset()] * 3000
    groups.FrameVOILUTSequence[0].WindowCenter, groups.FrameVOILUTSequence[0].WindowWidth = "424", "1500"
    data = dicom(RAMP, PerFrameFunctionalGroupsSequence=[groups] * 3)
    assert (levels(data) == levels(dicom(RAMP, WindowCenter="424", WindowWidth="1500"))).all()


@pytest.mark.parametrize("keyword", ["WindowCenter", "NumberOfFrames", "BurnedInAnnotation"])
def test_a_value_of_megabytes_is_refused_before_it_is_split_into_numbers(keyword):
    data = dicom(RAMP, "ImplicitVRLittleEndian")
    tag, place = pydicom.tag.Tag(keyword), data.index(b"\x28\x00\x02\x00\x02\0\0\0")
    value = b"1\\" * 500_000
    element = tag.group.to_bytes(2, "little") + tag.element.to_bytes(2, "little") + len(value).to_bytes(4, "little")
    assert "absurd" in refusal(data[:place] + element + value + data[place:])


def test_a_table_of_megabytes_is_refused():
    item = pydicom.Dataset()
    item.LUTDescriptor = [16, 0, 16]
    item["LUTDescriptor"].VR = "US"
    item.add_new("LUTData", "OW", bytes(1 << 20))
    assert "absurd" in refusal(dicom(RAMP, VOILUTSequence=[item]))


def test_sequences_within_sequences_end_in_a_sentence():
    data = dicom(RAMP)
    place = data.index(b"\x28\x00\x02\x00US")
    nested = (b"\x09\x00\x01\x10SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff") * 20_000
    assert "cut off or damaged" in refusal(data[:place] + nested + data[place:])


@pytest.mark.parametrize(
    "elements",
    [
        {"SamplesPerPixel": 3},
        {"PhotometricInterpretation": "HSV"},
        {"PhotometricInterpretation": ""},
        {"BitsAllocated": 13},
        {"BitsStored": 40},
        {"PixelRepresentation": 7},
    ],
)
def test_headers_that_contradict_themselves_are_refused(elements):
    refusal(dicom(RAMP, **elements))


def test_a_value_that_is_no_number_is_refused_without_showing_it():
    data = dicom(RAMP, RescaleSlope="123456789012", RescaleIntercept="0")
    message = refusal(data.replace(b"123456789012", PATIENT.encode()))
    assert PATIENT not in message
    assert "not finite" in message


CHANGES = st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 255)), min_size=1, max_size=6)
SMALL = dicom(RAMP[:16, :16], **LUNG)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES, cut=st.integers(140, len(SMALL)), lenient=st.booleans())
def test_whatever_is_damaged_ends_in_a_picture_or_a_sentence(tmp_path, changes, cut, lenient):
    data = bytearray(SMALL[:cut])
    for at, value in changes:
        data[132 + at % (len(data) - 132)] = value
    read_or_refuse(tmp_path / "cxr.dcm", bytes(data), lenient=lenient)
