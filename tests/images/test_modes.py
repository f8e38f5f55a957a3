"""Every Pillow mode to RGB, against pixel values worked out by hand."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from igcli.errors import ImageError, UsageError
from igcli.images.modes import to_rgb
from igcli.images.options import ReadOptions

WHITE = ReadOptions()


def first_pixel(image: Image.Image, options: ReadOptions = WHITE) -> tuple[int, ...]:
    pixel = to_rgb(image, options)[0].getpixel((0, 0))
    assert isinstance(pixel, tuple)
    return pixel


def reopened(image: Image.Image, kind: str, **settings: object) -> Image.Image:
    """As a file gives it back: the mode a decoder chooses, not the one we built."""
    file = io.BytesIO()
    image.save(file, kind, **settings)  # type: ignore[arg-type]
    return Image.open(file)


def sixteen_bit_ramp() -> np.ndarray:
    return np.tile(np.arange(0, 65536, 256, dtype=np.uint16), (4, 1))


def test_rgb_is_left_as_it_is_and_needs_no_note() -> None:
    rgb, notes = to_rgb(Image.new("RGB", (1, 1), (10, 20, 30)), WHITE)

    assert rgb.getpixel((0, 0)) == (10, 20, 30)
    assert notes == ()


@pytest.mark.parametrize(("mode", "value", "grey"), [("L", 77, 77), ("1", 1, 255), ("1", 0, 0)])
def test_grey_is_the_same_in_all_three_channels(mode: str, value: int, grey: int) -> None:
    rgb, notes = to_rgb(Image.new(mode, (1, 1), value), WHITE)

    assert rgb.getpixel((0, 0)) == (grey, grey, grey)
    assert notes == ("greyscale",)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bit_ramps_keep_their_levels(kind: str) -> None:
    # Pillow's own convert("RGB") gives two levels of 256 (PITFALLS D2).
    image = reopened(Image.fromarray(sixteen_bit_ramp()), kind)
    assert image.mode.startswith("I;16")

    rgb, notes = to_rgb(image, WHITE)

    levels = np.asarray(rgb)[0, :, 0]
    assert len(set(levels.tolist())) > 200
    assert np.array_equal(levels, np.rint(sixteen_bit_ramp()[0] / 257).astype(np.uint8))
    assert notes == ("16-bit scaled to 8", "greyscale")


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I;16L", "I;16N"])
@pytest.mark.parametrize(("value", "level"), [(0, 0), (257, 1), (32896, 128), (65535, 255)])
def test_sixteen_bits_are_read_in_either_byte_order(mode: str, value: int, level: int) -> None:
    image = Image.new(mode, (1, 1))
    image.putpixel((0, 0), value)

    assert first_pixel(image) == (level, level, level)


def test_a_sixteen_bit_picture_with_a_transparent_value_is_not_clipped() -> None:
    image = Image.fromarray(sixteen_bit_ramp())
    image.info["transparency"] = 300

    assert len(np.unique(np.asarray(to_rgb(image, WHITE)[0]))) > 200


def test_sixteen_bit_colour_is_reduced_by_the_decoder() -> None:
    # An uncompressed 16-bit RGB picture: Pillow's PPM reader scales it by its maximum.
    data = b"P6 1 1 65535\n" + bytes([0xFF, 0xFF, 0x80, 0x80, 0x00, 0x00])

    assert first_pixel(Image.open(io.BytesIO(data))) == (255, 128, 0)


def test_thirty_two_bits_within_sixteen_are_scaled_by_65535() -> None:
    rgb, notes = to_rgb(Image.fromarray(np.array([[0, 32896, 65535]], dtype=np.int32)), WHITE)

    assert np.asarray(rgb)[0, :, 0].tolist() == [0, 128, 255]
    assert notes == ("32-bit scaled to 8", "greyscale")


@pytest.mark.parametrize("values", [[0, 60_000, 153_000], [-100, 0, 155]])
def test_thirty_two_bits_beyond_sixteen_are_stretched_and_say_so(values: list[int]) -> None:
    rgb, notes = to_rgb(Image.fromarray(np.array([values], dtype=np.int32)), WHITE)

    assert np.asarray(rgb)[0, :, 0].tolist() == [0, 100, 255]
    assert notes[0].startswith(f"32-bit stretched from {values[0]}..{values[2]:g}, its own extremes")


def test_floats_between_zero_and_one_are_used_as_they_are() -> None:
    image = reopened(Image.fromarray(np.array([[0.2, 0.4, 0.6]], dtype=np.float32)), "TIFF")

    rgb, notes = to_rgb(image, WHITE)

    assert np.asarray(rgb)[0, :, 0].tolist() == [51, 102, 153]
    assert notes == ("float scaled to 8", "greyscale")


def test_other_floats_are_stretched_and_say_so() -> None:
    rgb, notes = to_rgb(Image.fromarray(np.array([[-2.0, 0.0, 2.0]], dtype=np.float32)), WHITE)

    assert np.asarray(rgb)[0, :, 0].tolist() == [0, 128, 255]
    assert notes[0].startswith("float stretched from -2..2, its own extremes")
    assert notes[1] == "greyscale"


def test_a_flat_float_picture_outside_the_range_is_black() -> None:
    assert first_pixel(Image.fromarray(np.full((1, 1), 7.0, dtype=np.float32))) == (0, 0, 0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_floats_that_are_not_finite_are_refused_by_name(bad: float) -> None:
    image = Image.fromarray(np.array([[0.5, bad]], dtype=np.float32))

    with pytest.raises(ImageError, match=r"scan\.tif has pixels that are not finite"):
        to_rgb(image, WHITE, name="scan.tif")


@pytest.mark.parametrize(
    ("background", "expected"),
    [("white", (155, 127, 127)), ("black", (128, 100, 100)), ("#0000ff", (128, 100, 227))],
)
def test_transparency_is_laid_on_the_stated_background(background: str, expected: tuple[int, ...]) -> None:
    # Half of (255, 200, 200) and half of the ground; black: 255 * 128 / 255.
    image = Image.new("RGBA", (1, 1), (55, 0, 0, 128)) if background == "white" else None
    image = image or Image.new("RGBA", (1, 1), (255, 200, 200, 128))

    rgb, notes = to_rgb(image, ReadOptions(background=background))

    assert np.allclose(rgb.getpixel((0, 0)), expected, atol=1)
    assert notes == (f"transparency on {background}",)


@pytest.mark.parametrize("hidden", [(0, 0, 0, 0), (255, 0, 0, 0)])
def test_colours_hidden_under_full_transparency_stay_hidden(hidden: tuple[int, ...]) -> None:
    # convert("RGB") alone would uncover them (PITFALLS D3).
    assert first_pixel(Image.new("RGBA", (1, 1), hidden)) == (255, 255, 255)


def test_an_opaque_alpha_channel_changes_nothing_and_needs_no_note() -> None:
    rgb, notes = to_rgb(Image.new("RGBA", (1, 1), (1, 2, 3, 255)), WHITE)

    assert rgb.getpixel((0, 0)) == (1, 2, 3)
    assert notes == ()


def test_grey_with_alpha_is_composited() -> None:
    rgb, notes = to_rgb(reopened(Image.new("LA", (1, 1), (0, 0)), "PNG"), WHITE)

    assert rgb.getpixel((0, 0)) == (255, 255, 255)
    assert notes == ("greyscale", "transparency on white")


@pytest.mark.parametrize(("mode", "plain"), [("La", "LA"), ("RGBa", "RGBA")])
def test_premultiplied_alpha_is_composited_like_plain_alpha(mode: str, plain: str) -> None:
    image = Image.new(plain, (1, 1), (100, 128) if plain == "LA" else (100, 100, 100, 128))

    ours, reference = first_pixel(image.convert(mode)), first_pixel(image)

    assert np.allclose(ours, reference, atol=1)
    assert np.allclose(reference, 100 * 128 / 255 + 255 * 127 / 255, atol=1)


def palette_of_red_and_blue() -> Image.Image:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    return image


def test_a_palette_is_expanded() -> None:
    rgb, notes = to_rgb(reopened(palette_of_red_and_blue(), "PNG"), WHITE)

    assert [rgb.getpixel((x, 0)) for x in (0, 1)] == [(255, 0, 0), (0, 0, 255)]
    assert notes == ("palette expanded",)


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_transparent_palette_entry_becomes_the_background(kind: str) -> None:
    rgb, notes = to_rgb(reopened(palette_of_red_and_blue(), kind, transparency=1), WHITE)

    assert [rgb.getpixel((x, 0)) for x in (0, 1)] == [(255, 0, 0), (255, 255, 255)]
    assert notes == ("palette expanded", "transparency on white")


def test_palette_transparency_given_as_bytes_is_composited_without_a_warning() -> None:
    rgb, _ = to_rgb(reopened(palette_of_red_and_blue(), "PNG", transparency=b"\x00\xff"), WHITE)

    assert [rgb.getpixel((x, 0)) for x in (0, 1)] == [(255, 255, 255), (0, 0, 255)]


def test_a_palette_with_an_alpha_channel_is_composited() -> None:
    image = palette_of_red_and_blue().convert("PA")

    rgb, _ = to_rgb(image, WHITE)

    assert [rgb.getpixel((x, 0)) for x in (0, 1)] == [(255, 0, 0), (0, 0, 255)]


def test_a_transparent_colour_of_an_rgb_png_becomes_the_background() -> None:
    image = reopened(Image.new("RGB", (1, 1), (9, 9, 9)), "PNG", transparency=(9, 9, 9))

    assert first_pixel(image) == (255, 255, 255)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
@pytest.mark.parametrize(
    ("inks", "light"),
    [((0, 0, 0, 0), (255, 255, 255)), ((0, 0, 0, 255), (0, 0, 0)), ((0, 255, 255, 0), (255, 0, 0))],
)
def test_cmyk_is_the_right_way_round(kind: str, inks: tuple[int, ...], light: tuple[int, ...]) -> None:
    # Photoshop and Pillow store JPEG inks inverted; reading them so shows a negative (PITFALLS D3).
    rgb, notes = to_rgb(reopened(Image.new("CMYK", (8, 8), inks), kind), WHITE)

    assert np.allclose(rgb.getpixel((4, 4)), light, atol=3)
    assert notes == ("CMYK converted",)


def test_cmyk_with_an_unusable_profile_is_still_converted() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()  # of a colour space that does not fit
    for profile in (srgb, b"nonsense"):
        image = Image.new("CMYK", (1, 1), (0, 0, 0, 255))
        image.info["icc_profile"] = profile

        rgb, notes = to_rgb(image, WHITE)

        assert rgb.getpixel((0, 0)) == (0, 0, 0)
        assert notes == ("CMYK converted, its profile is unusable",)


def test_cmyk_goes_through_its_own_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    # No free CMYK profile is at hand: what is checked is that the embedded one is given to Little CMS, with sRGB.
    asked = {}

    def convert(image: Image.Image, source: object, target: object, outputMode: str) -> Image.Image:  # noqa: N803
        asked.update(source=source, target=target)
        return Image.new(outputMode, image.size, (1, 2, 3))

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    monkeypatch.setattr(ImageCms, "profileToProfile", convert)
    image = Image.new("CMYK", (1, 1))
    image.info["icc_profile"] = profile

    rgb, notes = to_rgb(image, WHITE)

    assert rgb.getpixel((0, 0)) == (1, 2, 3)
    assert asked["source"].tobytes() == profile
    assert notes == ("CMYK converted by its profile",)


@pytest.mark.parametrize(
    ("lab", "rgb"),
    [
        ((53.39, 0, 0), (127.5, 127.5, 127.5)),
        ((54.29, 80.81, 69.89), (255, 0, 0)),
        ((87.82, -79.27, 80.99), (0, 255, 0)),
    ],
)
def test_lab_is_converted_by_its_definition(lab: tuple[float, ...], rgb: tuple[float, ...]) -> None:
    # CIELAB under D50 of grey, red and green in sRGB. A TIFF holds L* as 0..255, a* and b* as signed bytes,
    # a step of which is worth up to sixteen levels next to zero in sRGB.
    stored = bytes([round(lab[0] * 2.55), round(lab[1]) % 256, round(lab[2]) % 256])
    placeholder = Image.new("LAB", (1, 1), (201, 202, 203))
    file = io.BytesIO()
    placeholder.save(file, "TIFF")
    data = file.getvalue().replace(bytes([201, 202 ^ 128, 203 ^ 128]), stored)
    assert stored in data

    image, notes = to_rgb(Image.open(io.BytesIO(data)), WHITE)

    assert np.allclose(image.getpixel((0, 0)), rgb, atol=16)
    assert notes == ("LAB converted",)


@pytest.mark.parametrize(("mode", "value"), [("HSV", (0, 255, 255)), ("YCbCr", (76, 85, 255))])
def test_other_colour_spaces_are_converted(mode: str, value: tuple[int, ...]) -> None:
    rgb, notes = to_rgb(Image.new(mode, (1, 1), value), WHITE)

    assert np.allclose(rgb.getpixel((0, 0)), (255, 0, 0), atol=3)
    assert notes == (f"{mode} converted",)


def test_an_rgb_photos_own_profile_is_left_alone_as_torchvision_does() -> None:
    image = Image.new("RGB", (1, 1), (10, 200, 30))
    image.info["icc_profile"] = b"some wide gamut"

    assert first_pixel(image) == (10, 200, 30)


def test_a_background_that_is_no_colour_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="'whitish' is not a colour"):
        ReadOptions(background="whitish")


def test_a_limit_below_one_pixel_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="--max-pixels"):
        ReadOptions(max_pixels=0)
