import functools
import json
from dataclasses import replace

import pytest
from PIL import Image

from igcli.attribution.result import Settings
from igcli.attribution.wanted import Wanted
from igcli.errors import UsageError
from igcli.images.source import Found
from igcli.jobs.item import items_of
from igcli.jobs.outputs.maps import Drawing, all_wanted, write_maps
from igcli.jobs.pipeline import process
from igcli.jobs.plan import Job


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    Image.linear_gradient("L").convert("RGB").save(path)
    return Found(path, path.relative_to(tmp_path))


def explained(job, photo, **leave):
    """What ``write_maps`` makes of the only class of one photo."""
    (outcome,) = process(job, items_of([photo]), functools.partial(write_maps, **leave))
    (done,) = outcome.results
    return done


def gradients_of(model):
    """Counts the pictures that pass forward with a gradient to come."""
    counted = []
    handle = model.network.register_forward_pre_hook(
        lambda _, inputs: counted.append(len(inputs[0]) * inputs[0].requires_grad)
    )
    return counted, handle


@pytest.mark.parametrize("steps", [6, "auto"])
@pytest.mark.parametrize("methods", [("integrated",), ("integrated", "gradient")])
def test_animation_and_saturation_take_no_gradient_more(small, photo, tmp_path, steps, methods):
    wanted = Wanted(methods, settings=Settings(steps=steps, max_steps=32, tolerance=1e-9))
    counts, records = [], []
    for drawing in (Drawing(), Drawing(animation=True, saturation=True)):
        job = Job.of(small, all_wanted(wanted, drawing), output=tmp_path / str(drawing.animation))
        counted, handle = gradients_of(small)
        done = explained(job, photo, methods=methods, drawing=drawing)
        handle.remove()
        counts.append(sum(counted))
        records.append(done.record)
    assert counts[0] == counts[1] > 0
    evaluations = [[result["gradient_evaluations"] for result in record["results"]] for record in records]
    assert evaluations[0] == evaluations[1]
    assert set(records[1]["files"]) - set(records[0]["files"]) == {"interior.gif", "saturation.png"}
    points = (6 if steps == 6 else 32) + (1 if steps == "auto" and len(methods) == 2 else 0)
    assert records[1]["animation"]["frames"] == points
    with Image.open(tmp_path / "True" / "photo.interior.gif") as film:
        assert film.n_frames == points
    with Image.open(tmp_path / "True" / "photo.saturation.png") as plot:
        assert plot.width > 800


def test_many_steps_keep_a_hundred_frames_in_memory_and_all_in_the_sum(small):
    wanted = Wanted(settings=Settings(steps=2000))
    assert len(all_wanted(wanted, Drawing(animation=True)).interior) == 101
    assert all_wanted(wanted, Drawing()).interior is None


@pytest.mark.parametrize("drawing", [Drawing(animation=True), Drawing(saturation=True)])
@pytest.mark.parametrize("wanted", [Wanted(("gradient",)), Wanted(settings=Settings(steps=1))])
def test_a_path_of_one_point_cannot_be_shown(wanted, drawing):
    with pytest.raises(UsageError, match="--method integrated"):
        all_wanted(wanted, drawing)


def test_a_style_with_a_sign_cannot_be_animated():
    Drawing("signed").check()
    with pytest.raises(UsageError, match="needs a sign"):
        Drawing("signed", animation=True).check()


def test_the_record_on_the_disk_is_the_one_handed_back(small, photo, tmp_path):
    job = Job.of(small, output=tmp_path / "out")
    done = explained(job, photo, methods=("integrated",), drawing=Drawing())
    assert done.record_file == "photo.json"
    assert json.loads((tmp_path / "out" / "photo.json").read_text()) == json.loads(json.dumps(done.record))


def test_what_a_list_says_of_the_photo_goes_into_its_record(small, photo, tmp_path):
    listed = replace(photo, columns=(("taken", "1912"),))
    done = explained(Job.of(small, output=tmp_path / "out"), listed, methods=("integrated",), drawing=Drawing())
    assert done.record["columns"] == {"taken": "1912"}
