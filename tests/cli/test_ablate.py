"""``ig ablate`` as its users meet it, on the bundled network."""

import numpy as np
import pytest
from PIL import Image

FEW = ("--steps", "3")


def test_a_box_is_blacked_out_scored_and_explained_again(shell, motorcycle, bundled, read_json, tmp_path):
    done = shell("ablate", motorcycle, "--box", "90,100,180,190", *bundled, *FEW)
    assert done.exit_code == 0, done.output
    record = read_json(tmp_path / "out" / "motorcycle.ablate.json")
    before, after = record["before"]["score"], record["after"]["score"]
    assert before["at_image"] != after["at_image"]
    assert record["change"] == pytest.approx(after["at_image"] - before["at_image"])
    assert record["ablation"]["share"] == pytest.approx(90 * 90 / 224**2)
    assert record["before"]["target"]["index"] == record["after"]["target"]["index"]
    with Image.open(tmp_path / "out" / "motorcycle.ablate.png") as sheet:
        pixels = np.asarray(sheet)
    box = pixels[326 + 100 : 326 + 190, 250 + 90 : 250 + 180]
    assert (box == 0).all()
    assert pixels[86 + 100 : 86 + 190, 250 + 90 : 250 + 180].max() > 100
    assert "->" in done.output


def test_the_top_and_all_but_the_top_are_each_others_opposite(shell, motorcycle, bundled, read_json, tmp_path):
    shares = []
    for option in ("--top", "--keep"):
        assert shell("ablate", motorcycle, option, 10, "-m", "gradient", *bundled).exit_code == 0
        shares.append(read_json(tmp_path / "out" / "motorcycle.ablate.json")["ablation"]["share"])
    assert sum(shares) == pytest.approx(1)
    assert shares[0] == pytest.approx(0.1, abs=1e-3)


def test_a_mask_file_is_fitted_as_the_photo_is(shell, motorcycle, bundled, read_json, tmp_path):
    with Image.open(motorcycle) as photo:
        mask = Image.new("L", photo.size)
    mask.paste(255, (0, 0, mask.width // 2, mask.height))
    mask.save(tmp_path / "mask.png")
    assert shell("ablate", motorcycle, "--mask", "mask.png", *bundled, *FEW).exit_code == 0
    ablation = read_json(tmp_path / "out" / "motorcycle.ablate.json")["ablation"]
    assert ablation["share"] == pytest.approx(0.5, abs=0.01)
    assert ablation["mask"] == "mask.png"


def test_a_mask_of_another_size_is_refused(shell, motorcycle, bundled, tmp_path):
    Image.new("L", (30, 20), 255).save(tmp_path / "mask.png")
    done = shell("ablate", motorcycle, "--mask", "mask.png", *bundled, *FEW)
    assert done.exit_code == 2
    assert "as large as the photo" in done.output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "one is needed"),
        (("--top", 5, "--keep", 5), "not --top and --keep together"),
        (("--box", "1,2,3"), "LEFT,TOP,RIGHT,BOTTOM"),
        (("--box", "300,300,400,400"), "none of the 224x224"),
        (("--top", 5, "--target", "top-2"), "one --target"),
        (("--top", 101), "101"),
    ],
)
def test_what_cannot_be_blacked_out_is_a_sentence(shell, motorcycle, bundled, options, message):
    done = shell("ablate", motorcycle, *options, *bundled, *FEW)
    assert done.exit_code == 2
    assert message in done.output
    assert "Traceback" not in done.output


def test_the_rival_of_a_margin_stays_the_same_class(shell, motorcycle, bundled, read_json, tmp_path):
    options = ("--score", "margin", "--target", "cannon", "--against", "top", "--keep", 1)
    assert shell("ablate", motorcycle, *options, *bundled, *FEW).exit_code == 0
    record = read_json(tmp_path / "out" / "motorcycle.ablate.json")
    assert record["before"]["score"]["against"] == record["after"]["score"]["against"] == "Motorbikes"
