"""Pictures that are in memory: the same pixels as from a file, and what is said of their values."""

from __future__ import annotations

import io
import logging
import tempfile

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms.functional import pil_to_tensor, to_tensor

import igcli
from igcli.errors import ImageError, UsageError
from igcli.images.levels import Caution
from igcli.images.options import ReadOptions, View


@pytest.fixture(scope="module")
def levels():
    """(40, 60, 3) bytes that reach both ends."""
    array = np.random.default_rng(1).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    array[0, 0], array[0, 1] = 0, 255
    return array


@pytest.fixture
def file(levels, tmp_path):
    path = tmp_path / "photo.png"
    Image.fromarray(levels).save(path)
    return path


@pytest.fixture
def warned(caplog):
    """What is logged as warnings."""
    caplog.set_level(logging.WARNING, "igcli.images")
    return lambda: [record.getMessage() for record in caplog.records]


FORMS = {
    "bytes": lambda path, _: path.read_bytes(),
    "bytearray": lambda path, _: bytearray(path.read_bytes()),
    "file object": lambda path, _: path.open("rb"),
    "buffer": lambda path, _: io.BytesIO(path.read_bytes()),
    "PIL image from a file": lambda path, _: Image.open(path),
    "PIL image": lambda _, levels: Image.fromarray(levels),
    "uint8 array": lambda _, levels: levels,
    "array in another order of memory": lambda _, levels: np.asfortranarray(levels),
    "uint16 array": lambda _, levels: levels.astype(np.uint16) * 257,
    "big-endian uint16 array": lambda _, levels: (levels.astype(np.uint16) * 257).astype(">u2"),
    "int64 array": lambda _, levels: levels.astype(np.int64),
    "float32 array in 0..1": lambda _, levels: (levels / 255).astype(np.float32),
    "float64 array in 0..1": lambda _, levels: levels / 255,
    "float array in 0..1 but for a rounding": lambda _, levels: levels / 255 + 2e-7,
    "float array in 0..255": lambda _, levels: levels.astype(float),
    "array with opacity": lambda _, levels: np.dstack([levels, np.full((40, 60), 255, np.uint8)]),
    "float array with opacity": lambda _, levels: np.dstack([levels / 255, np.ones((40, 60))]),
    "uint8 tensor": lambda _, levels: pil_to_tensor(Image.fromarray(levels)),
    "float tensor": lambda _, levels: to_tensor(Image.fromarray(levels)),
    "tensor with a gradient": lambda _, levels: to_tensor(Image.fromarray(levels)).requires_grad_(),
    "double tensor": lambda _, levels: to_tensor(Image.fromarray(levels)).double(),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_pixels_of_the_file(form, file, levels):
    expected = igcli.read_image(file, size=24)
    source = FORMS[form](file, levels)
    before = np.array(source) if isinstance(source, np.ndarray) else None
    found = igcli.read_image(source, size=24)
    getattr(source, "close", int)()
    assert torch.equal(found.pixels, expected.pixels)
    assert found.original_size == expected.original_size == (60, 40)
    assert found.placement == expected.placement
    assert before is None or np.array_equal(source, before)


@pytest.mark.parametrize("form", ["bytes", "file object", "buffer"])
def test_encoded_bytes_are_identified_by_their_hash(form, file, levels):
    source = FORMS[form](file, levels)
    found = igcli.read_image(source)
    getattr(source, "close", int)()
    assert found.sha256 == igcli.read_image(file).sha256
    assert (found.path == file) == (form == "file object")


def test_a_file_without_a_name_and_one_that_gives_a_little_at_a_time(file):
    class Slow(io.RawIOBase):
        def __init__(self):
            self.rest = io.BytesIO(file.read_bytes())

        def read(self, _=-1):
            return self.rest.read(7)

    with tempfile.TemporaryFile() as unnamed:
        unnamed.write(file.read_bytes())
        unnamed.seek(0)
        for source in (unnamed, Slow()):
            assert torch.equal(igcli.read_image(source).pixels, igcli.read_image(file).pixels)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("uint8 array", "uint8 array, its values 0..255"),
        ("uint16 array", "uint16 array, its values 0..65535"),
        ("float32 array in 0..1", "float32 array, its values taken as 0..1"),
        ("int64 array", "int64 array with values from 0 to 255, taken as 0..255"),
        ("double tensor", "float64 tensor, its values taken as 0..1"),
    ],
)
def test_notes_say_the_range_and_nothing_warns_where_it_is_no_guess(form, said, file, levels, warned):
    assert said in igcli.read_image(FORMS[form](file, levels)).notes
    assert warned() == []


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda levels: levels.astype(float), "taken as 0..255"),
        (lambda levels: levels.astype(np.int32) * 100, "taken as 0..65535"),
        (lambda levels: levels.astype(float) * 200, "taken as 0..65535"),
        (lambda levels: levels.astype(np.uint16) * 16, "99.9 % of its pixels lie in 0..4080"),
        (lambda levels: (levels > 99).astype(np.uint8), "nearly black"),
        (lambda levels: (levels > 99).astype(np.int64), "nearly black"),
    ],
)
def test_a_guess_is_said_in_a_warning_too(make, said, levels, warned):
    found = igcli.read_image(make(levels))
    (note,) = [note for note in found.notes if said in note]
    assert isinstance(note, Caution)
    assert f"The picture: {note}" in warned()
    warned_before = len(warned())
    igcli.read_image(make(levels), warn=False)
    assert len(warned()) == warned_before


def test_booleans_are_black_and_white(levels):
    mask = levels[:, :, 0] > 127
    expected = igcli.read_image(Image.fromarray(np.where(mask, 255, 0).astype(np.uint8)))
    assert torch.equal(igcli.read_image(mask).pixels, expected.pixels)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda levels: (levels / 255 - 0.45) / 0.225, id="normalised"),
        pytest.param(lambda levels: levels / 255 * 2 - 1, id="from -1 to 1"),
        pytest.param(lambda levels: levels / 255 * 1.04, id="interpolated beyond 1"),
        pytest.param(lambda levels: levels.astype(np.int16) - 100, id="negative integers"),
        pytest.param(lambda levels: levels * 1e6, id="larger than 16 bits"),
    ],
)
def test_what_fits_no_range_is_refused_and_a_window_reads_it(make, levels):
    values = make(levels)
    for source in (values, torch.from_numpy(values).permute(2, 0, 1)):
        with pytest.raises(ImageError, match=r"neither 0\.\.1 nor 0\.\.255.*ReadOptions\(window="):
            igcli.read_image(source)
    window = ReadOptions(window=f"{values.min()},{values.max()}")
    # the window is the levels' own ends, so that black and white are 0 and 255 again
    read = igcli.read_image(values, size=24, options=window).pixels
    torch.testing.assert_close(read, igcli.read_image(levels, size=24).pixels, atol=1.1 / 255, rtol=0)


def test_opacity_has_a_range_of_its_own(levels):
    half = np.full((40, 60, 1), 128, np.uint8)
    of_bytes = igcli.read_image(np.concatenate([levels, half], axis=2))
    expected = igcli.read_image(Image.fromarray(np.concatenate([levels, half], axis=2), "RGBA"))
    assert torch.equal(of_bytes.pixels, expected.pixels)
    mixed = igcli.read_image(np.concatenate([levels.astype(float), half / 255], axis=2))  # 0..255 and 0..1
    torch.testing.assert_close(mixed.pixels, expected.pixels, atol=1.1 / 255, rtol=0)
    assert any("transparency" in note for note in mixed.notes)


def test_an_upright_pil_image_is_not_turned_and_another_is():
    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[:, :10] = 255
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(buffer, "PNG", exif=exif)
    turned = igcli.read_image(Image.open(buffer), size=16)
    assert turned.original_size == (20, 40)
    assert torch.equal(turned.pixels, igcli.read_image(buffer.getvalue(), size=16).pixels)
    assert "rotated by EXIF" in turned.notes


def test_a_pil_image_of_a_deep_mode_is_scaled_as_its_file(tmp_path, levels):
    grey = levels[:, :, 0].astype(np.uint16) * 257
    Image.fromarray(grey).save(tmp_path / "deep.png")
    from_file = igcli.read_image(tmp_path / "deep.png")
    for source in (Image.open(tmp_path / "deep.png"), grey):
        assert torch.equal(igcli.read_image(source).pixels, from_file.pixels)


def test_a_tensor_of_the_models_size_is_neither_cropped_nor_rounded():
    tensor = torch.rand(3, 24, 24, dtype=torch.float64)
    view = View(size=24, resize=32)
    found = igcli.read_image(tensor, view=view)
    assert torch.equal(found.pixels, tensor.float())
    assert found.placement.box == (0, 0, 24, 24)
    assert "of the model's size, taken as it is" in found.notes
    tensor.zero_()
    assert found.pixels.max() > 0.5
    whole = torch.randint(0, 256, (3, 24, 24), dtype=torch.uint8)
    assert torch.equal(igcli.read_image(whole, view=view).pixels, whole / 255)
    one = torch.rand(24, 24)
    assert torch.equal(igcli.read_image(one, view=View(size=24, channels=1)).pixels, one[None])
    assert igcli.read_image(one, view=view).pixels.shape == (3, 24, 24)  # grey, and a photo still to be cropped


def test_a_tensor_of_a_rectangle_is_taken_by_its_height_and_width():
    tensor, view = torch.rand(3, 16, 40), View(size=(40, 16))
    found = igcli.read_image(tensor, view=view)
    assert torch.equal(found.pixels, tensor)
    assert found.original_size == (40, 16)
    assert igcli.read_image(tensor.transpose(1, 2), view=view).pixels.shape == (
        3,
        16,
        40,
    )  # a photo still to be cropped


def test_a_window_is_used_on_a_tensor_of_the_models_size():
    tensor = torch.rand(3, 24, 24) * 2 - 1
    found = igcli.read_image(tensor, view=View(size=24), options=ReadOptions(window="-1,1"))
    torch.testing.assert_close(found.pixels, (tensor + 1) / 2)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (torch.zeros(4, 3, 24, 24), r"a batch of 4, .*write \[igcli.read_image\(each, view=model.view\) for each in"),
        (np.zeros((2, 24, 24, 3)), r"a batch of 2, .*give attribute\(\) the list"),
        (torch.zeros(24, 24, 3), r"is \(C, H, W\) .*write tensor.permute\(2, 0, 1\)"),
        (np.zeros((3, 24, 24)), r"is \(H, W, C\) .*write array.transpose\(1, 2, 0\)"),
        (np.zeros((24, 24, 13)), "with 1 to 4 channels, .*choose 1 or 3"),
        (np.zeros(24), r"is \(H, W\) or \(H, W, C\), not \(24,\)"),
        (np.zeros((0, 24, 3)), "not \\(0, 24, 3\\)"),
        (np.full((8, 8), "x"), "whole or real numbers"),
        (torch.zeros(3, 24, 24, dtype=torch.complex64), "whole or real numbers"),
        (torch.zeros(3, 24, 24).to_sparse(), "dense"),
        (["a.jpg", "b.jpg"], "reads one picture"),
        (None, "not None"),
        (224, "a path, bytes, a file object"),
    ],
)
def test_other_kinds_are_refused_with_what_to_write(source, said):
    with pytest.raises(UsageError, match=said):
        igcli.read_image(source, size=24)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (b"", "is empty"),
        (b"<html></html>", "a web page"),
        (np.full((8, 8), np.nan), "not finite"),
        (torch.full((3, 24, 24), torch.inf), "not finite"),
    ],
)
def test_what_is_in_a_picture_can_be_wrong(source, said):
    with pytest.raises(ImageError, match=said):
        igcli.read_image(source, size=24)


def test_files_that_cannot_be_read(file):
    with file.open(encoding="latin-1") as text, pytest.raises(UsageError, match="opened as text"):
        igcli.read_image(text)
    closed = file.open("rb")
    closed.close()
    with pytest.raises(ImageError, match=r"closed file.*open it again"):
        igcli.read_image(closed)
    with pytest.raises(ImageError, match="more than 100; make it smaller"):
        igcli.read_image(np.zeros((40, 60), np.uint8), options=ReadOptions(max_pixels=100))


def test_a_file_object_that_never_ends_is_not_read_on():
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size=-1):
            self.given += size
            return b"\xff\xd8\xff" + bytes(size)

    endless = Endless()
    with pytest.raises(ImageError, match="more than the"):
        igcli.read_image(endless)
    assert endless.given < 1 << 29


def test_a_picture_is_one_line_and_shows_itself(file):
    photo = igcli.read_image(file, size=24)
    assert repr(photo) == "<Picture photo.png: 3 x 24 x 24, crop of 60 x 40>"
    shown = Image.open(io.BytesIO(photo._repr_png_()))
    assert np.array_equal(np.asarray(shown), photo.array())


@pytest.mark.parametrize("window", ["file", "full"])
def test_a_window_by_name_that_asks_for_no_other_range_leaves_the_types(window, levels):
    options = ReadOptions(window=window)
    assert torch.equal(igcli.read_image(levels / 255, options=options).pixels, igcli.read_image(levels).pixels)
    with pytest.raises(ImageError, match="neither 0"):
        igcli.read_image(levels / 255 - 1, options=options)
