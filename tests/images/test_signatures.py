"""Files that are named like pictures and are something else: each is called what it is, with the next step."""

from __future__ import annotations

import gzip
import io
import zipfile

import numpy as np
import pytest
from images.pictures import Save, encoded, refusal
from PIL import Image

from igcli.images.decoding import FORMATS
from igcli.images.signatures import other_kind, picture_kind


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "a")
    return file.getvalue()


STRANGERS = {
    "heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC", "Most Compatible"),
    "heif": (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC", 'pip install "igcli[heic]"'),
    "jxl": (b"\xff\x0a\xfa\x1f\x01", "JPEG XL", "JPEG or PNG"),
    "jxl in boxes": (b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl ", "JPEG XL", "JPEG or PNG"),
    "html": (b"\n <!DOCTYPE html><html><head>", "a web page", "download the picture itself"),
    "html after a mark": (b"\xef\xbb\xbf<HTML lang=en>", "a web page", "download"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS", "git lfs pull"),
    "annex": (b"/annex/objects/SHA256E-s1--0.jpg\n", "git-annex", "git annex get"),
    "dicom": (bytes(128) + b"DICM\x02\0", "DICOM", 'pip install "igcli[medical]"'),
    "pdf": (b"%PDF-1.7\n", "PDF", "pdftoppm"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript", "PNG"),
    "svg": (b'<?xml version="1.0"?>\n<svg xmlns="">', "SVG", "PNG"),
    "plain svg": (b'<svg width="1">', "SVG", "PNG"),
    "xml": (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "XML", "download"),
    "zip": (zipped(), "a zip archive", "ending .zip"),
    "gzip": (gzip.compress(b"a"), "gzip", ".tar.gz"),
    "7z": (b"7z\xbc\xaf\x27\x1c\0\4", "7z", "unpack it"),
    "tar": (b"a.jpg".ljust(257, b"\0") + b"ustar\0", "a tar archive", ".tar"),
    "photoshop": (b"8BPS\0\1", "Photoshop", "PNG"),
    "exr": (b"\x76\x2f\x31\x01\x02\0\0\0", "OpenEXR", "PNG"),
    "video": (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "a video", "ffmpeg"),
    "raw": (b"FUJIFILMCCD-RAW 0201", "raw file", "converter"),
    "cr3": (b"\0\0\0\x18ftypcrx \0\0\0\1crx isom", "raw file", "converter"),
    "zeros": (bytes(5000), "zero bytes", "again"),
    "message": (b"404: Not Found\n", "a text that begins with '404: Not Found'", "address"),
    "json": (b'{"error": "quota"}', "a text that begins with '{", "address"),
    "iphone": (b"\x89PNG\r\n\x1a\n\0\0\0\x04CgBI\x50\0\x20\x02", "a PNG changed for iPhone apps", "pngcrush"),
    "list": (b"photos/a.jpg\nphotos/b.jpg\n", "a list of pictures", "ig explain - <"),
    "ds_store": (b"\x00\x05\x16\x07\0\2\0\0Mac OS X", "AppleDouble", "without ._"),
}


@pytest.mark.usefixtures("no_extras")
@pytest.mark.parametrize("kind", STRANGERS)
def test_a_file_is_called_what_it_is_whatever_its_name(saved: Save, kind: str) -> None:
    data, what, step = STRANGERS[kind]

    message = refusal(saved("photo.jpg", data))

    assert what in message
    assert step in message
    assert "damaged" not in message
    assert refusal(saved("photo.jpg", data), allow_truncated=True) == message


def test_bytes_that_say_nothing_are_told_which_formats_are_read(saved: Save) -> None:
    message = refusal(saved("x.dat", bytes(range(1, 200))))

    assert "is not a picture" in message
    assert "JPEG, JPEG2000, PNG" in message


@pytest.mark.parametrize("kind", FORMATS)
def test_what_pillow_writes_is_recognised_and_is_no_other_kind(kind: str) -> None:
    data = encoded(kind, Image.new("RGB", (8, 8), (1, 200, 30)))

    assert picture_kind(data) == kind


def test_a_control_character_in_a_text_does_not_reach_the_message() -> None:
    found = other_kind("caf\u0085e: \u202enot found".encode())

    assert found is not None
    assert found[0].isprintable()


def test_a_wrong_ending_of_a_real_picture_does_not_matter(saved: Save) -> None:
    from igcli.images.reading import read_image

    assert read_image(saved("a.heic", encoded("PNG")), size=8).pixels.shape == (3, 8, 8)


@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (b"\xff\xc1\0\x0b\x0c", "12 bits"),
        (b"\xff\xc3\0\x0b\x10", "lossless"),
        (b"\xff\xf7\0\x0b\x08", "JPEG-LS"),
    ],
)
def test_a_jpeg_of_another_kind_is_not_called_damaged(saved: Save, frame: bytes, kind: str) -> None:
    size = b"\0\x08\0\x08\x01\x01\x11\0"
    data = b"\xff\xd8\xff\xe0\0\x04\0\0" + frame + size + b"\xff\xda\0\x08\x01\x01\0\0?\0" + bytes(64) + b"\xff\xd9"

    message = refusal(saved("a.jpg", data))

    assert kind in message
    assert "damaged" not in message


def test_a_png_with_a_wrong_checksum_beside_its_pixels_is_read_on_request(saved: Save) -> None:
    from igcli.images.options import ReadOptions
    from igcli.images.reading import read_image

    whole = encoded("PNG")
    text = (9).to_bytes(4, "big") + b"tEXtComment\0h" + bytes(4)
    path = saved("crc.png", whole[:33] + text + whole[33:])

    assert "--allow-truncated" in refusal(path)
    lenient = read_image(path, options=ReadOptions(allow_truncated=True))
    assert np.array_equal(lenient.pixels, read_image(saved("whole.png", whole)).pixels)
    assert "truncated" in lenient.notes[0]


def test_a_png_with_a_wrong_checksum_in_its_header_is_refused_without_advice_that_was_taken(saved: Save) -> None:
    whole = bytearray(encoded("PNG"))
    whole[30] ^= 1
    path = saved("crc.png", bytes(whole))

    assert "--allow-truncated" in refusal(path)
    assert "--allow-truncated" not in refusal(path, allow_truncated=True)
