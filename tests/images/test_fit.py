"""The square the model sees: torchvision is the truth for ``crop``, geometry done by hand for the rest."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from torchvision import transforms

from igcli.errors import UsageError
from igcli.images import fit as fit_module
from igcli.images.fit import FITS
from igcli.images.options import View


def noise(width: int, height: int, mode: str = "RGB") -> Image.Image:
    shape = (height, width, 3) if mode == "RGB" else (height, width)
    return Image.fromarray(np.random.default_rng(width * 1000 + height).integers(0, 256, shape, dtype=np.uint8))


SIZES = [
    (224, 224), (256, 256), (500, 375), (375, 500), (640, 427), (333, 517), (517, 333), (257, 255), (255, 257),
    (451, 300), (1, 1), (3, 2), (2, 3), (50, 40), (1000, 61), (61, 1000), (1201, 799), (225, 223), (100, 2000),
]  # fmt: skip
VIEWS = [
    View(),
    View(299, 342),
    View(299, 299),
    View(224, 232),
    View(32, 32),
    View(128, 146),
    View(300, 256),
    View(97, 113),
    View(224, 232, interpolation="bicubic"),
    View(48, 48, interpolation="nearest"),
]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: f"{view.size}of{view.resize}-{view.interpolation}")
def test_crop_is_torchvisions_resize_and_center_crop_bit_for_bit(size: tuple[int, int], view: View) -> None:
    image = noise(*size)
    how = transforms.InterpolationMode(view.interpolation)
    expected = transforms.Compose([transforms.Resize(view.resize, how), transforms.CenterCrop(view.size)])(image)

    ours, _ = FITS["crop"](image, view)

    assert np.array_equal(np.asarray(ours), np.asarray(expected))


def test_crop_of_one_channel_is_torchvisions_too() -> None:
    image = noise(70, 41, mode="L")
    expected = transforms.Compose([transforms.Resize(32), transforms.CenterCrop(28)])(image)

    assert np.array_equal(np.asarray(FITS["crop"](image, View(28, 32, 1))[0]), np.asarray(expected))


@pytest.mark.parametrize("size", [*SIZES, (75, 50), (76, 51), (9, 7)], ids=str)
@pytest.mark.parametrize("fit", ["crop-down", "squash-crop"])
@pytest.mark.parametrize("resize", [32, 33, 25])
def test_the_middle_rounded_down_is_that_of_transformers(fit: str, resize: int, size: tuple[int, int]) -> None:
    library = pytest.importorskip("transformers.image_transforms", reason="needs igcli[hf]")
    image = noise(*size)
    sides = (resize, resize)
    if fit == "crop-down":
        sides = library.get_resize_output_image_size(
            np.asarray(image), size=resize, default_to_square=False, input_data_format="channels_last"
        )
    resized = image.resize(sides[::-1], Image.Resampling.BILINEAR)
    expected = library.center_crop(np.asarray(resized), (28, 28), input_data_format="channels_last")

    square, placement = FITS[fit](image, View(28, resize))

    assert np.array_equal(np.asarray(square), expected)
    assert placement.fit == fit


@pytest.mark.parametrize("name", FITS)
@pytest.mark.parametrize("size", [(60_000, 1), (1, 60_000), (30_000, 3)], ids=str)
def test_absurdly_long_strips_become_squares_in_little_memory(name: str, size: tuple[int, int]) -> None:
    square, _ = FITS[name](Image.new("RGB", size, "red"), View())

    assert square.size == (224, 224)
    assert square.getextrema()[0][1] == 255


@pytest.mark.parametrize("size", [(500, 375), (375, 500), (700, 20), (20, 700), (40, 30)], ids=str)
@pytest.mark.parametrize("view", [View(), View(300, 256)], ids=["inside", "standing out"])
def test_resizing_only_what_is_seen_gives_the_same_pixels(
    size: tuple[int, int], view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = noise(*size)
    whole = np.asarray(FITS["crop"](image, view)[0]).astype(int)
    monkeypatch.setattr(fit_module, "_WHOLE", 0)

    part = np.asarray(FITS["crop"](image, view)[0]).astype(int)

    assert abs(part - whole).max() <= 1


def test_the_crops_box_is_the_middle_square_in_original_pixels() -> None:
    # 512 x 1024 at 256 of the shorter side is halved; 224 of 256 x 512 begins at (16, 144), doubled again (32, 288).
    assert FITS["crop"](noise(512, 1024), View())[1].box == (32.0, 288.0, 480.0, 736.0)


def test_the_crops_box_points_at_the_pixels_that_are_shown() -> None:
    image = Image.new("RGB", (600, 400))
    image.paste((0, 255, 0), (300, 200, 600, 400))
    square, placement = FITS["crop"](image, View())

    left, top, right, bottom = placement.box
    column = (300 - left) / (right - left) * 224
    row = (200 - top) / (bottom - top) * 224
    assert square.getpixel((int(column) + 3, int(row) + 3)) == (0, 255, 0)
    assert square.getpixel((int(column) - 3, int(row) + 3)) == (0, 0, 0)
    assert square.getpixel((int(column) + 3, int(row) - 3)) == (0, 0, 0)


def test_a_crop_larger_than_the_photo_is_black_around_it_and_its_box_stands_out() -> None:
    square, placement = FITS["crop"](Image.new("RGB", (100, 100), "white"), View(size=60, resize=50))

    assert square.getpixel((4, 30)) == (0, 0, 0)
    assert square.getpixel((5, 30)) == (255, 255, 255)
    assert placement.box == (-10.0, -10.0, 110.0, 110.0)


def test_squash_shows_the_whole_photo_distorted() -> None:
    image = Image.new("RGB", (400, 100))
    image.paste((255, 0, 0), (200, 0, 400, 100))
    square, placement = FITS["squash"](image, View(size=40, resize=50))

    assert square.size == (40, 40)
    assert square.getpixel((10, 20)) == (0, 0, 0)
    assert square.getpixel((30, 20)) == (255, 0, 0)
    assert placement.box == (0.0, 0.0, 400.0, 100.0)


def test_pad_shows_the_whole_photo_with_black_bars_and_a_box_beyond_the_edges() -> None:
    square, placement = FITS["pad"](Image.new("RGB", (400, 100), "white"), View(size=40, resize=50))

    rows = np.asarray(square)[:, 20, 0]
    assert rows.tolist() == [0] * 15 + [255] * 10 + [0] * 15
    assert placement.box == (0.0, -150.0, 400.0, 250.0)


@pytest.mark.parametrize("name", FITS)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_every_fit_gives_the_models_square_and_names_itself(name: str, size: tuple[int, int]) -> None:
    image = noise(*size)
    before = image.tobytes()
    square, placement = FITS[name](image, View())

    assert square.size == (224, 224)
    assert square.mode == "RGB"
    assert placement.fit == name
    assert image.tobytes() == before


def test_an_unknown_fit_names_the_ones_there_are() -> None:
    with pytest.raises(UsageError, match="crop, squash, pad"):
        FITS["stretch"]


@pytest.mark.parametrize("module", ["igcli.images.fit", "igcli.images.finding", "igcli.images.options"])
def test_what_the_help_text_needs_imports_no_heavy_package(module: str) -> None:
    code = f"import sys, {module}; print(sorted({{'torch', 'numpy', 'PIL', 'torchvision'}} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


RECTANGLES = [(512, 256), (96, 160), (64, 63)]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("extent", RECTANGLES, ids=str)
def test_a_rectangular_crop_from_a_shorter_side_is_torchvisions_bit_for_bit(
    extent: tuple[int, int], size: tuple[int, int]
) -> None:
    image = noise(*size)
    expected = transforms.Compose([transforms.Resize(120), transforms.CenterCrop(extent[::-1])])(image)

    ours, _ = FITS["crop"](image, View(extent, 120))

    assert np.array_equal(np.asarray(ours), np.asarray(expected))


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("extent", RECTANGLES, ids=str)
def test_by_default_the_photo_just_covers_the_rectangle(extent: tuple[int, int], size: tuple[int, int]) -> None:
    seen, placement = FITS["crop"](Image.new("RGB", size, "white"), View(extent))

    assert seen.size == extent
    assert np.asarray(seen).min() == 255  # no black bar
    left, top, right, bottom = placement.box
    assert right - left == pytest.approx(size[0], abs=1e-6) or bottom - top == pytest.approx(size[1], abs=1e-6)
    assert (left, top) >= (-1e-9, -1e-9)


@pytest.mark.parametrize("size", [(640, 427), (300, 451), (1201, 799), (700, 90)], ids=str)
def test_a_crop_from_what_covers_two_sides_is_timms(size: tuple[int, int]) -> None:
    timm = pytest.importorskip("timm", reason='timm is not installed: pip install "igcli[timm]"')
    image = noise(*size)
    compose = timm.data.create_transform((3, 128, 224), interpolation="bicubic", crop_pct=0.875)
    expected = transforms.Compose(compose.transforms[:2])(image)

    ours, _ = FITS["crop"](image, View((224, 128), (256, 146), interpolation="bicubic"))

    assert np.array_equal(np.asarray(ours), np.asarray(expected))


def test_squash_and_pad_reach_the_ends_of_a_rectangle() -> None:
    image = noise(70, 90)
    squashed, placement = FITS["squash"](image, View((64, 32)))
    assert np.array_equal(np.asarray(squashed), np.asarray(image.resize((64, 32), Image.Resampling.BILINEAR)))
    assert placement.box == (0.0, 0.0, 70.0, 90.0)

    padded, placement = FITS["pad"](Image.new("RGB", (70, 90), "white"), View((64, 32)))
    lit = np.asarray(padded)[:, :, 0] == 255
    assert padded.size == (64, 32)
    assert lit.all(axis=0).sum() == 25  # 32 rows of 90 make 25 columns of 70
    assert placement.box[1::2] == (0.0, 90.0)
