"""Masks through the photo's crop: torchvision, resizing the same mask, is the truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torchvision import transforms

from igcli.evaluation.exclusions import Exclusion
from igcli.evaluation.ground_truth.annotation import AnnotationError
from igcli.evaluation.ground_truth.area import Area
from igcli.evaluation.ground_truth.masks import Masks, read_masks
from igcli.images.crop import Crop
from igcli.images.options import View
from igcli.images.picture import Picture
from igcli.images.reading import read_image
from igcli.images.source import Found

VIEW = View(28, 32)
SIZE = (90, 60)


def saved(path: Path, image: Image.Image) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return path


def photo(folder: Path, name: str = "photos/cat.jpg", size: tuple[int, int] = SIZE) -> Path:
    return saved(folder / name, Image.new("RGB", size, "grey"))


def blob(size: tuple[int, int] = SIZE) -> Image.Image:
    """A disc, a little to the left of the middle."""
    y, x = np.mgrid[: size[1], : size[0]]
    return Image.fromarray(np.uint8(((x - 35) ** 2 + (y - 28) ** 2 < 400) * 255))


def masks(folder: Path, photos: list[Path], view: View = VIEW) -> Masks:
    return read_masks(folder / "masks", photos=photos, view=view)


def read(path: Path, fit: str = "crop") -> Picture:
    return read_image(path, view=VIEW, fit=fit)


def found(truth: Masks, picture: Picture) -> Area:
    area = truth.area(picture)
    assert isinstance(area, Area), area
    return area


def missed(truth: Masks, picture: Picture) -> Exclusion:
    exclusion = truth.area(picture)
    assert isinstance(exclusion, Exclusion)
    assert picture.name in exclusion.sentence
    assert exclusion.sentence.endswith(".")
    return exclusion


def test_a_mask_of_a_photo_that_is_cut_to_a_box_is_cut_alike(tmp_path):
    cat, drawn, box = photo(tmp_path), blob(), (20, 10, 65, 55)
    saved(tmp_path / "masks/cat.png", drawn)
    steps = [transforms.Resize(VIEW.resize), transforms.CenterCrop(VIEW.size), transforms.ToTensor()]
    expected = transforms.Compose(steps)(drawn.crop(box))[0] > 0.5
    picture = read_image(Found(cat, Path("cat.jpg"), crop=Crop.of(20, 10, 45, 45)), view=VIEW)
    assert np.array_equal(found(masks(tmp_path, [cat]), picture).mask, expected.numpy())


def test_a_mask_goes_through_torchvisions_resize_and_crop_like_the_photo(tmp_path):
    cat, drawn = photo(tmp_path), blob()
    saved(tmp_path / "masks/cat.png", drawn)
    steps = [transforms.Resize(VIEW.resize), transforms.CenterCrop(VIEW.size), transforms.ToTensor()]
    expected = transforms.Compose(steps)(drawn)[0] > 0.5
    area = found(masks(tmp_path, [cat]), read(cat))
    assert np.array_equal(area.mask, expected.numpy())
    assert 0.2 < area.covered < 0.6


def test_the_share_inside_is_of_the_masks_own_pixels(tmp_path):
    cat = photo(tmp_path, size=(80, 40))
    mask = np.zeros((40, 80), np.uint8)
    mask[:, :40] = 255
    saved(tmp_path / "masks/cat.png", Image.fromarray(mask))
    picture = read(cat)
    left = picture.placement.box[0]  # 22.5: of the columns 0 to 39, those from 22 on have their centres inside
    assert left == 22.5
    top, bottom = picture.placement.box[1], picture.placement.box[3]
    rows = sum(top <= row + 0.5 < bottom for row in range(40))
    assert found(masks(tmp_path, [cat]), picture).inside == rows * 18 / (40 * 40)
    assert found(masks(tmp_path, [cat]), read(cat, "squash")).inside == 1


@pytest.mark.parametrize("name", ["cat.png", "cat.bmp", "cat.tif", "photos/cat.webp"])
def test_any_ending_will_do_also_in_a_mirrored_folder(tmp_path, name):
    cat = photo(tmp_path)
    mask = tmp_path / "masks" / name
    mask.parent.mkdir(parents=True)
    blob().save(mask, lossless=True) if name.endswith("webp") else blob().save(mask)
    assert found(masks(tmp_path, [cat]), read(cat)).covered > 0.2


def test_mirrored_folders_tell_photos_of_one_name_apart(tmp_path):
    both = [photo(tmp_path, "photos/cats/1.jpg"), photo(tmp_path, "photos/dogs/1.jpg")]
    saved(tmp_path / "masks/cats/1.png", blob())
    saved(tmp_path / "masks/dogs/1.png", Image.new("L", SIZE, 255))
    truth = masks(tmp_path, both)
    assert found(truth, read(both[0])).covered < 0.6
    assert found(truth, read(both[1])).covered == 1


def test_two_masks_for_one_photo_are_ambiguous(tmp_path):
    cat = photo(tmp_path)
    saved(tmp_path / "masks/cat.png", blob())
    saved(tmp_path / "masks/cat.bmp", blob())
    assert missed(masks(tmp_path, [cat]), read(cat)).reason == "ambiguous name"


def test_black_and_white_colour_and_transparent_masks_mark_what_is_light(tmp_path):
    cat, drawn = photo(tmp_path), blob()
    clear = Image.new("RGBA", SIZE, (255, 255, 255, 0))
    clear.putalpha(drawn)
    areas = []
    for mask in (drawn, drawn.convert("1"), drawn.convert("RGB"), clear):
        saved(tmp_path / "masks/cat.png", mask)
        areas.append(found(masks(tmp_path, [cat]), read(cat)).mask)
    assert all(np.array_equal(area, areas[0]) for area in areas[1:])


def test_a_mask_without_an_object_is_empty_and_says_how_light_it_is(tmp_path):
    cat = photo(tmp_path)
    for number, level in enumerate((0, 100)):
        shades = blob().point(lambda value, level=level: level if value else level // 2)
        saved(tmp_path / "masks/cat.png", shades)
        exclusion = missed(masks(tmp_path, [cat]), read(cat))
        assert exclusion.reason == "empty mask", number
        assert f"lightest is {level} of 255" in exclusion.sentence


def test_a_mask_of_another_size_is_refused(tmp_path):
    cat = photo(tmp_path)
    saved(tmp_path / "masks/cat.png", blob((45, 30)))
    exclusion = missed(masks(tmp_path, [cat]), read(cat))
    assert exclusion.reason == "drawn at another size"
    assert "45 x 30" in exclusion.sentence


def test_an_object_outside_the_crop_or_thinner_than_a_pixel_is_left_out(tmp_path):
    wide = photo(tmp_path, size=(180, 60))
    edge, line = np.zeros((60, 180), np.uint8), np.zeros((60, 180), np.uint8)
    edge[:, :20], line[30, 80:90] = 255, 255
    saved(tmp_path / "masks/cat.png", Image.fromarray(edge))
    assert missed(masks(tmp_path, [wide]), read(wide)).reason == "object outside the crop"
    saved(tmp_path / "masks/cat.png", Image.fromarray(line))
    assert missed(masks(tmp_path, [wide]), read(wide)).reason == "object smaller than a pixel"


def test_a_missing_or_broken_mask_is_left_out(tmp_path):
    cat, dog = photo(tmp_path), photo(tmp_path, "photos/dog.jpg")
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks/cat.png").write_bytes(b"no picture")
    truth = masks(tmp_path, [cat, dog])
    assert missed(truth, read(cat)).reason == "mask cannot be read"
    assert missed(truth, read(dog)).reason == "no mask for it"


def test_masks_that_no_photo_has_are_said(tmp_path):
    cat = photo(tmp_path)
    saved(tmp_path / "masks/cat.png", blob())
    saved(tmp_path / "masks/dog.png", blob())
    (note,) = masks(tmp_path, [cat]).notes
    assert "1 of the 2 masks" in note


def test_a_folder_that_is_none_or_empty_is_refused(tmp_path):
    with pytest.raises(AnnotationError, match="is no folder"):
        masks(tmp_path, [])
    (tmp_path / "masks").mkdir()
    with pytest.raises(AnnotationError, match="no images"):
        masks(tmp_path, [])


def test_a_deep_mask_of_few_values_is_no_reason_to_speak_of_windows(tmp_path, caplog):
    cat = photo(tmp_path)
    saved(
        tmp_path / "masks/cat.png", Image.fromarray(np.linspace(40_000, 45_000, 5400).astype(np.uint16).reshape(60, 90))
    )
    assert found(masks(tmp_path, [cat]), read(cat)).covered == 1
    assert caplog.text == ""
