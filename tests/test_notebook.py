"""What the package draws and writes from Python: what the command of the same name writes, to the pixel."""

import io
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image, ImageSequence
from toys import classifier, random_picture, small_network

import igcli
from igcli.cli.main import ig
from igcli.errors import ImageError, Occupied, UsageError


@pytest.fixture
def model():
    return classifier(small_network(), classes=5, size=24)


@pytest.fixture
def photos(tmp_path, model, monkeypatch):
    """Two photos in the working folder, and the commands' network."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("igcli.cli.model_options.load_model", lambda *_, **__: model)
    for number in range(2):
        noise = np.random.default_rng(number).integers(0, 256, (30, 40, 3), dtype=np.uint8)
        Image.fromarray(noise).save(f"photo{number}.png")
    return [igcli.read_image(f"photo{number}.png", view=model.view) for number in range(2)]


def written(command, file):
    """The picture that a command writes."""
    done = CliRunner().invoke(ig, [*command.split(), "--device", "cpu"])
    assert done.exit_code == 0, done.output
    return Image.open(file)


def same(image, other):
    return np.array_equal(np.asarray(image), np.asarray(other.convert("RGB")))


def test_the_panel(model, photos):
    shown = igcli.panel(model, photos[0], methods=["grad-cam"], target=2, style="heat", steps=8)
    command = "explain photo0.png --panel --method grad-cam --target 2 --style heat --steps 8"
    assert same(shown, written(command, "out/photo0.panel.png"))


def test_the_comparison(model, photos):
    shown = igcli.compare(model, photos[1], targets=["top-2"], methods=["gradient", "integrated"], steps=8)
    command = "compare photo1.png --target top-2 --method gradient --method integrated --steps 8"
    assert same(shown, written(command, "out/photo1.compare.png"))


def test_the_sheet(model, photos):
    shown = igcli.sheet(model, photos[0], alphas=[0, 0.5, 1], target="class b")
    command = ["animate", "photo0.png", "--sheet", "--alphas", "0,0.5,1", "--target"]
    done = CliRunner().invoke(ig, [*command, "class b", "-o", "out", "--device", "cpu"])
    assert done.exit_code == 0, done.output
    assert same(shown, Image.open("out/photo0.sheet.png"))
    usual = igcli.sheet(model, photos[0])
    assert usual.height > shown.height  # the ten points of the paper are two rows


@pytest.mark.parametrize("count", [1, 2])
def test_the_plot_of_saturation(model, photos, count):
    shown = igcli.saturation(model, photos[0] if count == 1 else photos, points=9, target=1)
    files = " ".join(f"photo{number}.png" for number in range(count))
    assert same(shown, written(f"saturation {files} --points 9 --target 1 -o plots", "plots/saturation.png"))


@pytest.mark.parametrize("ending", ["gif", "png"])
def test_the_animation(model, photos, ending):
    file = igcli.animate(model, photos[0], f"film.{ending}", frames=4, look=igcli.Look(side_by_side=True))
    with written(f"animate photo0.png --frames 4 --side-by-side -o other.{ending}", f"other.{ending}") as other:
        assert len(list(ImageSequence.Iterator(other))) == 4
    assert Path(file).read_bytes() == Path(f"other.{ending}").read_bytes()


def test_a_larger_animation_takes_its_detail_from_the_file(model, photos, tmp_path):
    large = tmp_path / "large.png"
    Image.fromarray(np.random.default_rng(3).integers(0, 256, (400, 500, 3), dtype=np.uint8)).save(large)
    photo, look = igcli.read_image(large, view=model.view), igcli.Look(size=300)
    with Image.open(igcli.animate(model, photo, frames=2, look=look)) as film:
        assert film.width == 300
    with pytest.raises(ImageError, match="more than this photo has"):
        igcli.animate(model, igcli.read_image(Image.open(large), view=model.view), frames=2, look=look)


def test_the_report(model, photos, monkeypatch):
    file = igcli.report(model, photos, methods=["integrated", "gradient"], steps=8, title="Two photos")
    assert Path(file).name == "report.html"
    page = Path(file).read_text(encoding="utf-8")
    command = "report photo0.png photo1.png --method integrated --method gradient --steps 8 -o other.html"
    monkeypatch.setattr(sys, "argv", ["ig", *command.split()])
    done = CliRunner().invoke(ig, [*command.split(), "--title", "Two photos", "--device", "cpu"])
    assert done.exit_code == 0, done.output
    other = Path("other.html").read_text(encoding="utf-8")
    made_by = re.compile(r'"command":"((?:[^"\\]|\\.)*)"')
    assert made_by.findall(page) == ["igcli.report(model, pictures, 'report.html')"]
    assert made_by.findall(other) == [f"ig {command}"]
    assert made_by.sub("", page) == made_by.sub("", other)


def test_photos_in_memory_have_numbers_in_a_report(model):
    pictures = [random_picture(size=24, seed=seed) for seed in range(2)]
    page = Path(igcli.report(model, pictures, "two.html", steps=4)).read_text(encoding="utf-8")
    assert "picture 1" in page
    assert "picture 2" in page


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_a_report_replaces_a_report_and_nothing_else(model, picture):
    small = classifier(small_network(), classes=5)
    igcli.report(small, picture, "page.html", steps=2)
    igcli.report(small, picture, "page.html", steps=2)
    Path("own.html").write_text("my own page")
    with pytest.raises(Occupied, match="no report of ig"):
        igcli.report(small, picture, "own.html", steps=2)
    assert Path("own.html").read_text() == "my own page"


def test_a_notebook_shows_an_animation_and_a_page(small, picture):
    film = igcli.animate(small, picture, "film.gif", frames=2)
    shown = film._repr_html_()
    assert shown.startswith('<img alt="film.gif" src="data:image/gif;base64,R0lGOD')
    page = igcli.report(small, picture, "page.html", steps=2, title='Quotes " and <tags>')
    frame = page._repr_html_()
    inner = re.fullmatch(r'<iframe srcdoc="([^"]*)" style="[^"]*"></iframe>', frame).group(1)
    assert "<" not in inner  # all of it is the attribute's value
    Path("film.gif").unlink()
    assert film._repr_html_() is None


def test_a_page_that_is_too_large_for_a_notebook_is_named(small, picture, monkeypatch):
    page = igcli.report(small, picture, "page.html", steps=2)
    monkeypatch.setattr("igcli.notebook._MOST_SHOWN", 1000)
    assert "open it in a browser" in page._repr_html_()
    assert "<iframe" not in page._repr_html_()


def test_images_are_rgb_and_in_memory(small, picture):
    for image in (igcli.panel(small, picture, steps=2), igcli.saturation(small, picture, points=3)):
        assert image.mode == "RGB"
        image.copy().save(io.BytesIO(), "PNG")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda model, photo: igcli.panel(model, [photo, photo]),
            r"\[igcli.panel\(model, each\) for each in pictures\]",
        ),
        (lambda model, photo: igcli.compare(model, [photo]), r"igcli.compare\(model, each\)"),
        (lambda model, photo: igcli.panel(model, photo, target="top-2"), "one class, and 'top-2' names more"),
        (lambda model, photo: igcli.compare(model, photo), "nothing to compare"),
        (lambda model, photo: igcli.compare(model, photo, methods="gradient"), r"methods=\['gradient'\]"),
        (lambda model, photo: igcli.report(model, photo, targets="top"), r"targets=\['top'\]"),
        (lambda model, _: igcli.saturation(model, []), "no picture"),
        (lambda model, photo: igcli.saturation(model, photo, points=1), "2 points or more"),
        (lambda model, photo: igcli.sheet(model, photo, alphas=[0, 2]), "from 0 to 1"),
        (lambda model, photo: igcli.sheet(model, photo, alphas=[0.5]), "at least 2"),
        (lambda model, photo: igcli.animate(model, photo, "film.mp4"), r"called '\.mp4'"),
        (lambda model, photo: igcli.animate(model, photo, frames=1), "at least 2"),
        (lambda model, photo: igcli.panel(model, photo, style="nonsense"), "no style called"),
        (lambda model, photo: igcli.panel(model, photo, setps=3), "no setting 'setps'"),
        (lambda model, _: igcli.report(model, torch.zeros(2, 3, 12, 12)), "for each in batch"),
        (lambda model, _: igcli.panel(model, "photo.jpg"), r"read_image\(\)"),
        (lambda model, photo: igcli.panel(model.network, photo), r"not Sequential\. .*igcli\.Classifier"),
        (
            lambda *_: igcli.panel(igcli.Model(torch.nn.Linear(3, 2), ["a", "b"]), igcli.Sample(torch.rand(3))),
            "no model of pictures",
        ),
    ],
)
def test_what_cannot_be_shown_is_said_and_nothing_is_written(small, picture, call, said):
    with pytest.raises(UsageError, match=said):
        call(small, picture)
    assert not list(Path().iterdir())
