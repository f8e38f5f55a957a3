"""A student in a notebook: a photo as an image, a network of one's own, a batch from a data set; nothing but Python."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from torchvision import models, transforms

SCRIPT = '''
import pathlib

import igcli
import numpy as np
import torch
from PIL import Image
from torchvision import models, transforms

# A network as torchvision makes it, and a photo as PIL opens it.
torch.manual_seed(0)
net = models.resnet18(num_classes=3)
img = Image.open("cat.jpg")
batch = torch.stack([transforms.functional.to_tensor(img.resize((64, 64))) for _ in range(4)])


def refused(call):
    """What the sentence of a first attempt says."""
    try:
        call()
    except igcli.IgError as error:
        return print("refused:", error)
    raise SystemExit("it was not refused")


refused(lambda: igcli.attribute(net, img))
model = igcli.Classifier(
    net,
    ["cat", "dog", "bird"],
    view=igcli.View(size=64, resize=72),
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
)
refused(lambda: igcli.attribute(model, batch, steps=4))
refused(lambda: igcli.read_image(batch))
refused(lambda: igcli.read_image(transforms.functional.normalize(batch[0], model.mean, model.std)))

# As the sentences say.
pictures = [igcli.read_image(each, view=model.view) for each in batch]
results = igcli.attribute(model, pictures, steps=4)
print(len(results), "results:", results[0])
assert all(torch.allclose(each.values, results[0].values, atol=1e-5) for each in results)

photo = igcli.read_image(img, view=model.view)
same = igcli.read_image(np.asarray(img), view=model.view)
assert torch.equal(photo.pixels, same.pixels)
result = igcli.attribute(model, photo, target="dog", steps=8)
print(result)
pathlib.Path("result.png").write_bytes(result._repr_png_())
igcli.panel(model, photo, steps=8).save("panel.png")
igcli.sheet(model, photo).save("sheet.png")
igcli.compare(model, photo, targets=["cat", "dog"], steps=8).save("compare.png")
igcli.saturation(model, [photo, *pictures[:2]], points=11).save("saturation.png")
print("written:", igcli.animate(model, photo, "film.gif", frames=6), igcli.report(model, photo, steps=8))
'''


@pytest.fixture(scope="module")
def ran(tmp_path_factory, samples):
    """The script in a process of its own, as a student runs it."""
    folder = tmp_path_factory.mktemp("student")
    Image.open(samples / "chelsea.jpg").save(folder / "cat.jpg")
    (folder / "student.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "student.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done, folder


def test_the_script_gets_through(ran):
    done, folder = ran
    assert done.returncode == 0, done.stderr
    assert "sample/s" not in done.stderr  # no bar where nobody sees it
    for name in ("result.png", "panel.png", "sheet.png", "compare.png", "saturation.png", "film.gif"):
        with Image.open(folder / name) as image:
            assert min(image.size) >= 64
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "dog" in page


def test_each_first_attempt_is_answered_with_what_to_write(ran):
    done, _ = ran
    said = [line for line in done.stdout.splitlines() if line.startswith("refused:")]
    assert len(said) == 4
    assert "igcli.Classifier(network, labels" in said[0]
    assert "[igcli.read_image(each, view=model.view) for each in batch]" in said[1]
    assert "[igcli.read_image(each, view=model.view) for each in batch]" in said[2]
    assert "before it was normalised" in said[3]


def test_results_are_lines(ran):
    done, _ = ran
    assert "4 results: <Attribution picture: " in done.stdout
    assert "\n<Attribution picture: dog " in done.stdout


def test_the_network_says_the_same_as_by_itself(samples):
    """The class of a picture is the one that the student's own pipeline gives."""
    import igcli

    torch.manual_seed(0)
    net = models.resnet18(num_classes=3).eval()
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    own = transforms.Compose(
        [transforms.Resize(72), transforms.CenterCrop(64), transforms.ToTensor(), transforms.Normalize(mean, std)]
    )
    with Image.open(Path(samples) / "chelsea.jpg") as img:
        expected = net(own(img)[None]).softmax(dim=1)[0].detach()
        model = igcli.Classifier(net, ["a", "b", "c"], view=igcli.View(size=64, resize=72), mean=mean, std=std)
        photo = igcli.read_image(img, view=model.view)
    result = igcli.attribute(model, photo, steps=2)
    assert result.target.index == int(expected.argmax())
    assert result.target.probability == pytest.approx(float(expected.max()), abs=1e-5)
