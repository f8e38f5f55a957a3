"""`ig evaluate` as a person meets it, with a network of a few parameters."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from toys import classifier, small_network

from igcli.cli.main import ig

SHORT = ("--steps", "4", "--set", "aopc.steps=5")


@pytest.fixture
def model(monkeypatch):
    model = classifier(small_network(), classes=5)
    monkeypatch.setattr("igcli.cli.model_options.load_model", lambda *_, **__: model)
    return model


@pytest.fixture
def photos(tmp_path) -> Path:
    """Eight photos in two folders, called as two classes."""
    chance = np.random.default_rng(0)
    for number in range(8):
        path = tmp_path / "in" / ("class a", "class b")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(chance.integers(0, 256, (24, 24, 3), dtype=np.uint8)).save(path)
    return tmp_path / "in"


@pytest.fixture
def run(model, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments):
        return CliRunner().invoke(ig, ["evaluate", str(photos), "-r", *map(str, arguments)])

    return invoke


@pytest.fixture
def counted(model):
    """Pictures that went through the network with and without a gradient to come."""
    seen = {True: 0, False: 0}

    def count(_, inputs):
        seen[inputs[0].requires_grad] += len(inputs[0])

    handle = model.network.register_forward_pre_hook(count)
    yield seen
    handle.remove()


def record(tmp_path):
    return json.loads((tmp_path / "out" / "evaluation.json").read_text())


def test_writes_tables_plots_and_protocols(run, tmp_path):
    result = run("--method", "integrated", "--method", "gradient", *SHORT, "--metric", "aopc", "--metric", "abpc")
    assert result.exit_code == 0, result.output
    out = tmp_path / "out"
    found = record(tmp_path)
    assert set(found["metrics"]) == {"aopc", "abpc"}
    assert set(found["metrics"]["aopc"]["maps"]) == {"integrated", "gradient", "random", "sobel"}
    assert found["photos"] == {"measured": 8, "known": 0, "failed": 0}
    with (out / "evaluation.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8 * 4 * 2
    mean = np.mean([float(r["value"]) for r in rows if (r["map"], r["metric"]) == ("integrated", "aopc")])
    assert found["metrics"]["aopc"]["maps"]["integrated"]["mean"] == pytest.approx(mean)
    for name in ("evaluation.metrics.png", "evaluation.curves.png"):
        with Image.open(out / name) as plot:
            assert plot.width > 400
    assert "aopc ↑" in result.stdout
    assert "random (control)" in result.stdout
    assert "5 steps of " in result.stdout  # the protocol
    assert "forward passes in " in result.stderr


def test_the_same_again_costs_nothing_and_another_metric_no_gradient(run, counted, tmp_path):
    run("--method", "integrated", *SHORT, "--metric", "aopc")
    first = record(tmp_path)["metrics"]["aopc"]
    counted.update({True: 0, False: 0})
    again = run("--method", "integrated", *SHORT, "--metric", "aopc")
    assert "0 measured, 0 failed, 8 measured already" in again.stderr
    assert counted == {True: 0, False: 0}
    assert record(tmp_path)["metrics"]["aopc"] == first
    run("--method", "integrated", *SHORT, "--metric", "aopc", "--metric", "abpc")
    assert counted[True] == 0
    assert counted[False] > 0
    assert record(tmp_path)["metrics"]["aopc"] == first


def test_another_method_costs_its_own_gradients_alone(run, counted, tmp_path):
    run("--method", "integrated", *SHORT, "--metric", "aopc")
    counted.update({True: 0, False: 0})
    run("--method", "integrated", "--method", "gradient", *SHORT, "--metric", "aopc")
    assert counted[True] == 8  # the gradient at each photo
    assert set(record(tmp_path)["metrics"]["aopc"]["maps"]) >= {"integrated", "gradient"}


def test_the_passes_that_are_stated_are_those_that_were_made(run, counted, tmp_path):
    run("--method", "integrated", *SHORT, "--metric", "aopc", "--metric", "deletion", "--set", "deletion.steps=6")
    stated = record(tmp_path)["effort"]
    assert stated["gradients"] == counted[True] == 32
    ends, samples = 8 * 2, counted[False] - stated["passes"] - 8 * 2
    assert ends + samples >= 0
    assert samples % 16 == 0  # the bare chunks that passes are compared with


def test_other_settings_are_refused_and_overwriting_starts_again(run, tmp_path):
    run("--method", "integrated", *SHORT, "--metric", "aopc")
    other = run("--method", "integrated", "--steps", "5", "--metric", "aopc")
    assert other.exit_code == 2
    assert "steps 4 there, 5 now" in other.stderr
    assert "8 measured" in run("--method", "integrated", "--steps", "5", "--metric", "aopc", "--overwrite").stderr


def test_files_of_somebody_else_are_not_replaced(run, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "evaluation.csv").write_text("precious")
    result = run("--metric", "aopc", *SHORT)
    assert result.exit_code == 2
    assert (tmp_path / "out" / "evaluation.csv").read_text() == "precious"


def test_boxes_say_where_the_object_is_and_photos_left_out_are_counted(run, photos, tmp_path):
    rows = ["path,xmin,ymin,xmax,ymax"]
    names = sorted(path.relative_to(photos).as_posix() for path in photos.rglob("*.png"))
    rows += [f"{name},2,2,14,14" for name in names[:5]]  # a quarter of the photo
    rows += [f"{names[5]},0,0,24,24"]  # all of it: too large
    (tmp_path / "boxes.csv").write_text("\n".join(rows))
    result = run("--metric", "localisation", "--set", "matters=no", "--boxes", tmp_path / "boxes.csv", *SHORT[:2])
    assert result.exit_code == 0, result.output
    found = record(tmp_path)["metrics"]["localisation"]
    assert found["maps"]["random"]["count"] == 5
    assert found["maps"]["random"]["mean"] == pytest.approx(0.25, abs=0.08)
    assert sum(found["maps"]["random"]["why_missing"].values()) == 3
    assert "3 of 8" in result.stderr or "2 of 8" in result.stderr


def test_masks_do_the_same_and_without_either_it_is_said(run, photos, tmp_path):
    for path in photos.rglob("*.png"):
        mask = tmp_path / "masks" / path.relative_to(photos)
        mask.parent.mkdir(parents=True, exist_ok=True)
        image = Image.new("L", (24, 24))
        image.paste(255, (0, 0, 12, 12))
        image.save(mask)
    result = run("--metric", "localisation", "--set", "matters=no", "--masks", tmp_path / "masks", *SHORT[:2])
    assert result.exit_code == 0, result.output
    assert record(tmp_path)["metrics"]["localisation"]["maps"]["random"]["mean"] == pytest.approx(0.25, abs=0.08)
    missing = run("--metric", "localisation", *SHORT[:2], "-o", "other")
    assert missing.exit_code == 2
    assert "--boxes or --masks" in missing.stderr


def test_focus_makes_its_own_mosaics_from_folders_named_as_classes(run, tmp_path):
    result = run("--metric", "focus", "--mosaics", "6", *SHORT[:2])
    assert result.exit_code == 0, result.output
    found = record(tmp_path)["metrics"]["focus"]
    assert found["photos"] == 6
    assert 0 <= found["maps"]["integrated"]["mean"] <= 1
    assert found["maps"]["random"]["mean"] == pytest.approx(0.5, abs=0.1)
    assert len(list((tmp_path / "out" / "mosaics").glob("*.png"))) == 6
    assert (tmp_path / "out" / "mosaics" / "mosaics.csv").exists()
    assert "6 measured already" in run("--metric", "focus", "--mosaics", "6", *SHORT[:2]).stderr


def test_numbers_that_rest_on_what_has_changed_are_measured_again(run, photos, counted, tmp_path, model):
    names = sorted(path.relative_to(photos).as_posix() for path in photos.rglob("*.png"))
    boxes, common = tmp_path / "boxes.csv", ("--metric", "localisation", "--set", "matters=no", *SHORT[:2])

    def mean_with(right):
        rows = [f"{name},2,2,{right},14" for name in names]
        boxes.write_text("\n".join(["path,xmin,ymin,xmax,ymax", *rows]))
        assert run(*common, "--boxes", boxes).exit_code == 0
        return record(tmp_path)["metrics"]["localisation"]["maps"]["random"]["mean"]

    narrow = mean_with(8)
    gradients = counted[True]
    assert mean_with(16) > 1.5 * narrow
    assert counted[True] == gradients  # the maps are the same

    theirs = tmp_path / "theirs"
    theirs.mkdir()

    def aopc_of(seed):
        for name in names:
            np.save(theirs / f"{Path(name).stem}.npy", np.random.default_rng(seed).random((12, 12)))
        assert run("--maps", theirs, "--metric", "aopc", *SHORT, "-o", "third").exit_code == 0
        found = json.loads((tmp_path / "third" / "evaluation.json").read_text())
        return found["metrics"]["aopc"]["maps"]["theirs"]["mean"]

    assert aopc_of(1) != aopc_of(2)


def test_another_class_of_a_photo_is_another_question(run, photos, tmp_path, model):
    names = sorted(path.relative_to(tmp_path).as_posix() for path in photos.rglob("*.png"))

    def classes_after(target):
        (tmp_path / "list.csv").write_text("\n".join(["path,target", *(f"{name},{target}" for name in names)]))
        typed = ["evaluate", "list.csv", "--metric", "aopc", *SHORT]
        assert CliRunner().invoke(ig, typed).exit_code == 0
        cards = (tmp_path / "out" / "photos").rglob("*.json")
        return {json.loads(card.read_text())["target"]["index"] for card in cards}

    assert classes_after(1) == {1}
    assert classes_after(2) == {2}


def test_mosaics_show_photos_as_asked_for(run, photos, tmp_path):
    for path in photos.rglob("*.png"):
        Image.open(path).resize((36, 24)).save(path)
    made = {}
    for fit in ("crop", "pad"):
        assert run("--metric", "focus", "--mosaics", "1", "--fit", fit, "-o", fit, *SHORT[:2]).exit_code == 0
        (made[fit],) = (path.read_bytes() for path in (tmp_path / fit / "mosaics").glob("*.png"))
    assert made["crop"] != made["pad"]


def test_sensitivity_and_randomisation(run, tmp_path):
    result = run(
        "--metric", "max-sensitivity", "--set", "samples=3", "--metric", "randomisation", "--method", "gradient"
    )
    assert result.exit_code == 0, result.output
    metrics = record(tmp_path)["metrics"]
    assert metrics["max-sensitivity"]["maps"]["gradient"]["mean"] > 0
    assert metrics["max-sensitivity"]["maps"]["random"]["mean"] > 0.5  # another map for every change
    assert metrics["randomisation"]["maps"]["sobel"]["mean"] == pytest.approx(1)  # knows nothing of the network
    assert metrics["randomisation"]["maps"]["gradient"]["mean"] < 0.9


def test_another_tools_maps_are_measured(run, photos, counted, tmp_path):
    for path in photos.rglob("*.png"):
        target = tmp_path / "theirs" / path.relative_to(photos).with_suffix(".npy")
        target.parent.mkdir(parents=True, exist_ok=True)
        np.save(target, np.random.default_rng(1).random((12, 12)) if path.stem != "3" else np.full((12, 12), np.nan))
    result = run("--maps", tmp_path / "theirs", *SHORT, "--set", "deletion.steps=5", "--set", "insertion.steps=5")
    assert result.exit_code == 0, result.output
    assert counted[True] == 0
    found = record(tmp_path)["metrics"]
    assert set(found) == {"aopc", "deletion", "insertion", "abpc"}
    assert sum(each["count"] for name, each in found["aopc"]["maps"].items() if name not in ("random", "sobel")) == 7
    assert "not finite" in result.stderr
    refused = run("--maps", tmp_path / "theirs", "--metric", "max-sensitivity", "-o", "x")
    assert refused.exit_code == 2
    assert "another tool's" in refused.stderr


def test_a_photo_that_cannot_be_read_fails_alone_and_is_counted(run, photos, tmp_path):
    (photos / "class a" / "bad.png").write_bytes(b"")
    result = run("--metric", "aopc", *SHORT)
    assert result.exit_code == 1
    assert "8 measured, 1 failed" in result.stderr
    assert record(tmp_path)["photos"]["failed"] == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--set", "steps"), "has no value"),
        (("--set", "zebra=1"), "zebra"),
        (("--set", "aopc.steps=many"), "aopc.steps"),
        (("--metric", "aopc", "--target", "0", "--target", "1"), "one --target"),
        (("--boxes", "gone.csv", "--metric", "localisation"), "gone.csv"),
        (("--maps", "gone"), "gone"),
        (("--boxes", "a", "--masks", "b", "--metric", "localisation"), "leave one of them out"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(run, arguments, said):
    result = run(*arguments)
    assert result.exit_code in (1, 2)
    assert said in result.stderr
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize("option", ["--fill", "--baseline"])
def test_grey_needs_a_model_with_a_mean(run, model, option, tmp_path):
    wanted = ("--method", "integrated", "--metric", "deletion", option, "grey", "--set", "deletion.steps=4", *SHORT[:2])
    assert run(*wanted).exit_code == 0
    assert np.isfinite(record(tmp_path)["metrics"]["deletion"]["maps"]["integrated"]["mean"])
    model.mean = (0.0,)
    without = run(*wanted, "-o", "other")
    assert without.exit_code == 2
    assert "'grey' is the mean" in without.stderr


def test_photos_without_classes_make_no_mosaics(run, tmp_path):
    result = run("--metric", "focus", "--classes", tmp_path / "in" / "class a")
    assert result.exit_code in (1, 2)
    assert "class" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_metric_without_any_number_is_a_failure_that_says_why(run, tmp_path):
    done = run("--method", "gradient", "--metric", "completeness", "--metric", "aopc", *SHORT)
    assert done.exit_code == 1
    why = "completeness has no number for any of 8 photos. The method does not promise completeness."
    assert f"failed: {why}" in done.stderr
    assert record(tmp_path)["metrics"]["aopc"]["maps"]["gradient"]["count"] == 8
    lines = run("--method", "gradient", "--metric", "completeness", "--steps", "4", "--json", "-o", "json").stdout
    assert json.loads(lines.splitlines()[-1])["error"] == why


def test_photos_that_are_all_left_out_are_a_failure(run, photos, tmp_path):
    rows = [f"{path.relative_to(photos)},0,0,24,24" for path in sorted(photos.rglob("*.png"))]
    (tmp_path / "boxes.csv").write_text("path,xmin,ymin,xmax,ymax\n" + "\n".join(rows))
    arguments = ("--method", "gradient", "--metric", "localisation", "--boxes", tmp_path / "boxes.csv", "--steps", "4")
    for done in (run(*arguments), run(*arguments)):  # all measured already, the second time
        assert done.exit_code == 1
        assert "localisation has no number for any of 8 photos. Left out: object covers too much." in done.stderr


def test_completeness_is_no_default_where_no_method_promises_it(run, tmp_path):
    assert run("--method", "gradient", *SHORT, "--set", "deletion.steps=3").exit_code in (0, 1)
    assert "completeness" not in record(tmp_path)["metrics"]


INSERTION = ("--metric", "insertion", "--set", "insertion.steps=4", "--steps", "4")


def test_filtered_and_unfiltered_maps_and_controls_stand_in_one_table_for_no_gradient_more(run, counted, tmp_path):
    run("--method", "integrated", *INSERTION)
    gradients, plain = counted[True], record(tmp_path)["metrics"]["insertion"]["maps"]
    counted.update({True: 0, False: 0})
    result = run("--method", "integrated", *INSERTION, "--lowpass", "none,3,3:signed")
    assert gradients
    assert counted[True] == 0
    found = record(tmp_path)
    maps = found["metrics"]["insertion"]["maps"]
    assert set(maps) == {
        f"{base}{view}"
        for base in ("integrated", "random", "sobel")
        for view in ("", ", lowpass 3", ", lowpass 3 signed")
    }
    assert {name: maps[name] for name in plain} == plain
    assert maps["integrated, lowpass 3"] != maps["integrated"]
    assert set(found["controls"]) == {name for name in maps if not name.startswith("integrated")}
    assert "random, lowpass 3 (control)" in result.stdout
    assert any("no longer sums to the score" in note for note in found["notes"])


def test_low_passed_maps_are_scored_as_they_would_be_if_another_tool_had_filtered_them(run, photos, tmp_path):
    import torch

    from igcli.images.lowpass import Lowpass

    run("--method", "integrated", *INSERTION, "--lowpass", "none,3")
    ours = record(tmp_path)["metrics"]["insertion"]["maps"]["integrated, lowpass 3"]["mean"]
    for path in sorted((tmp_path / "out" / "maps").rglob("*.npz")):
        values = torch.from_numpy(np.load(path)["integrated"])
        target = tmp_path / "filtered" / path.relative_to(tmp_path / "out" / "maps")
        target.parent.mkdir(parents=True, exist_ok=True)
        np.savez(target, mine=Lowpass(3).filtered(values).numpy())
    run("--maps", "filtered", *INSERTION, "-o", "theirs")
    theirs = json.loads((tmp_path / "theirs" / "evaluation.json").read_text())["metrics"]["insertion"]["maps"]["mine"]
    assert theirs["mean"] == pytest.approx(ours)


def test_another_tools_maps_are_filtered_too(run, photos, tmp_path):
    for path in photos.rglob("*.png"):
        target = tmp_path / "maps" / path.relative_to(photos).with_suffix(".npy")
        target.parent.mkdir(parents=True, exist_ok=True)
        np.save(target, np.random.default_rng(1).normal(size=(32, 32)))
    result = run("--maps", "maps", *INSERTION, "--lowpass", "none,3", "--control", "none")
    assert result.exit_code in (0, 1), result.output
    assert {"maps", "maps, lowpass 3"} == set(record(tmp_path)["metrics"]["insertion"]["maps"])


def test_completeness_is_not_measured_where_every_map_is_filtered(run, tmp_path):
    few = [f"--set={name}.steps=3" for name in ("aopc", "deletion", "insertion", "abpc")]
    assert run("--method", "integrated", "--steps", "4", *few, "--lowpass", "3").exit_code == 0
    assert "completeness" not in record(tmp_path)["metrics"]


def test_other_metrics_see_views_remade_for_changed_photos(run, tmp_path):
    result = run("--method", "gradient", "--metric", "max-sensitivity", "--set", "max-sensitivity.samples=2",
                 "--lowpass", "none,2")  # fmt: skip
    assert result.exit_code == 0, result.output
    maps = record(tmp_path)["metrics"]["max-sensitivity"]["maps"]
    assert maps["gradient, lowpass 2"]["count"] == maps["gradient"]["count"] == 8
    assert maps["gradient, lowpass 2"]["mean"] != maps["gradient"]["mean"]


def test_a_cut_off_is_chosen_kept_next_to_the_model_file_and_read_by_auto(run, photos, tmp_path):
    few = ("--set", "insertion.steps=4", "--set", "deletion.steps=4", "--steps", "4")
    (tmp_path / "net.toml").write_text('model = "resnet18"\n')
    result = run(
        "--model", "net.toml", "--method", "integrated", *few, "--calibrate", "lowpass", "--lowpass", "none,2,5"
    )
    assert result.exit_code == 0, result.output
    kept = json.loads((tmp_path / "net.lowpass.json").read_text())["cutoffs"]
    assert [each["map"] for each in kept] == ["integrated"]
    (cutoff,) = kept
    maps = {name: record(tmp_path)["metrics"][name]["maps"] for name in ("insertion", "deletion")}
    for key, value in cutoff["curve"].items():
        name = "integrated" if key == "none" else f"integrated, lowpass {key}"
        assert value == pytest.approx(maps["insertion"][name]["mean"] - maps["deletion"][name]["mean"])
    best = max(cutoff["curve"], key=cutoff["curve"].get)
    assert cutoff["cycles"] == (None if best == "none" else float(best))
    again = CliRunner().invoke(ig, ["explain", str(photos), "-r", "--model", "net.toml", "--steps", "4",
                                    "--lowpass", "auto", "-o", "maps"])  # fmt: skip
    assert "as measured on 8 photos (net.lowpass.json)" in again.stderr
    shown = "integrated" if best == "none" else f"integrated, lowpass {best}"
    assert f"  {shown}  gap " in again.stdout


def test_a_cut_off_can_be_chosen_by_diffid(run, tmp_path):
    result = run("--method", "gradient", "--steps", "4", "--calibrate", "lowpass", "--lowpass", "none,2,5",
                 "--calibrate-by", "diffid", "--set", "diffid.steps=4")  # fmt: skip
    assert result.exit_code == 0, result.output
    (cutoff,) = json.loads((tmp_path / "out" / "lowpass.json").read_text())["cutoffs"]
    maps = record(tmp_path)["metrics"]["diffid"]["maps"]
    assert set(record(tmp_path)["metrics"]) == {"diffid"}
    assert cutoff["measure"] == "diffid"
    assert cutoff["curve"]["2"] == pytest.approx(maps["gradient, lowpass 2"]["mean"])
    assert cutoff["curve"]["none"] == pytest.approx(maps["gradient"]["mean"])
    assert max(cutoff["curve"], key=cutoff["curve"].get) == (
        "none" if cutoff["cycles"] is None else f"{cutoff['cycles']:g}"
    )
    alone = run("--calibrate-by", "diffid")
    assert alone.exit_code == 2
    assert "give that too" in alone.stderr


def test_without_a_model_file_a_cut_off_is_kept_in_the_output_folder_and_it_is_said_how_to_use_it(run, tmp_path):
    few = ("--set", "insertion.steps=4", "--set", "deletion.steps=4", "--steps", "4")
    result = run("--method", "gradient", *few, "--calibrate", "lowpass:signed", "--lowpass", "none,2:signed")
    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "out" / "lowpass.json").read_text())["cutoffs"][0]["of"] == "signed"
    assert "ig models describe" in result.stderr


def test_mosaics_are_measured_with_views_of_their_maps_too(run, tmp_path):
    few = ("--metric", "focus", "--mosaics", "4", *SHORT[:2])
    run(*few, "-o", "plain")
    plain = json.loads((tmp_path / "plain" / "evaluation.json").read_text())["metrics"]["focus"]["maps"]
    assert run(*few, "--lowpass", "none,2:signed").exit_code == 0
    found = record(tmp_path)["metrics"]["focus"]["maps"]
    assert {name: found[name] for name in plain} == plain
    assert found["integrated, lowpass 2 signed"]["count"] == 4


@pytest.mark.parametrize(
    "more", [("--metric", "aopc"), ("--maps", "in"), ("--lowpass", "auto"), ("--lowpass", "3:signed"), ("--regions",)]
)
def test_what_a_calibration_cannot_do_is_refused(run, more):
    result = run("--calibrate", "lowpass", *more)
    assert result.exit_code == 2
    assert "--calibrate" in result.stderr or "no .npz" in result.stderr


def test_a_protocol_sets_all_of_a_papers_choices_and_says_so(run, model, tmp_path):
    model.mean, model.std = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)
    result = run("--method", "gradient", "--protocol", "mas", "--set", "mas.steps=8", "--set", "mas-deletion.steps=8",
                 "--set", "mas-insertion.steps=8", "--steps", "3")  # fmt: skip
    assert result.exit_code == 0, result.output
    found = record(tmp_path)
    assert set(found["metrics"]) == {"mas", "mas-insertion", "mas-deletion"}
    parameters = found["metrics"]["mas"]["parameters"]
    assert (parameters["fill"], parameters["start"], parameters["ranked"]) == ("grey", "kernel-blur:11", "magnitude")
    settings = found["settings"]["settings"]
    assert (settings["score"], settings["baseline"], settings["steps"]) == ("logit", "grey", 3)
    chosen = found["protocol"]
    assert chosen["name"] == "mas"
    assert chosen["options"]["score"] == "logit"
    assert "--steps 3 is given, instead of the protocol's 50." in chosen["instead"]
    assert "mas.steps=8 is given, instead of the protocol's 224." in chosen["instead"]
    for sentence in (*chosen["instead"], chosen["label"], *chosen["differs"]):
        assert sentence in " ".join(result.stderr.split("\n"))
    assert "the predicted class is explained" in chosen["label"].lower()


def test_fill_and_ranking_that_are_given_win_over_a_protocols(run, model, tmp_path):
    model.mean = (0.4, 0.5, 0.6)
    result = run("--method", "gradient", "--protocol", "idg", "--metric", "deletion", "--fill", "black",
                 "--ranked", "value", "--set", "deletion.steps=4")  # fmt: skip
    assert result.exit_code == 0, result.output
    found = record(tmp_path)
    assert set(found["metrics"]) == {"deletion"}
    parameters = found["metrics"]["deletion"]["parameters"]
    assert (parameters["fill"], parameters["ranked"], parameters["score"]) == ("black", "value", "softmax")
    assert "deletion.fill=black is given, instead of the protocol's grey." in found["protocol"]["instead"]
    assert "deletion.ranked=value is given, instead of the protocol's magnitude." in found["protocol"]["instead"]


@pytest.mark.parametrize("protocol", ["rise", "idg", "mas", "expanded-ig"])
def test_a_protocol_with_a_grey_fill_refuses_a_network_without_a_mean(run, model, protocol):
    model.mean = (0.0,)
    result = run("--protocol", protocol)
    assert result.exit_code == 2
    assert "normalisation subtracts, and this model has none" in result.stderr


def test_a_protocol_of_the_labelled_class_takes_it_from_a_list_and_says_where_there_is_none(run, photos, tmp_path):
    quick = ("--method", "gradient", "--protocol", "spectral-ig", "--metric", "diffid")
    result = run(*quick)
    assert result.exit_code == 0, result.output
    said = "The protocol explains the labelled class; here it is the predicted class; a CSV"
    assert record(tmp_path)["protocol"]["label"].startswith(said)
    table = tmp_path / "labelled.csv"
    table.write_text("path,target\n" + "".join(f"{path},class b\n" for path in sorted(photos.rglob("*.png"))))
    again = CliRunner().invoke(ig, ["evaluate", str(table), *quick, "-o", str(tmp_path / "out"), "--overwrite"])
    assert again.exit_code == 0, again.output
    assert record(tmp_path)["protocol"]["label"] == "The labelled class is explained, as in the protocol."


def test_steps_that_are_given_as_auto_drop_a_protocols_rule(run, model, tmp_path):
    model.mean = (0.4, 0.5, 0.6)
    result = run("--method", "integrated", "--protocol", "expanded-ig", "--metric", "abpc", "--steps", "auto")
    assert result.exit_code == 0, result.output
    assert record(tmp_path)["metrics"]["abpc"]["parameters"]["floor"] is True


def test_the_table_says_how_reliable_each_metric_is(run, tmp_path):
    methods = [part for name in ("integrated", "gradient", "input-x-gradient") for part in ("--method", name)]
    result = run(*methods, *SHORT, "--metric", "aopc", "--metric", "completeness")
    assert result.exit_code == 0, result.output
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("reliability α  ")]
    found = record(tmp_path)["metrics"]
    assert float(line.split()[2]) == pytest.approx(found["aopc"]["reliability"], abs=0.006)
    assert line.split()[3] == "–"  # two of the three methods promise nothing
    assert found["completeness"]["reliability"] is None
    assert "controls left out" in result.stdout
    two = run(*methods[:4], *SHORT, "--metric", "aopc", "--overwrite")
    assert "reliability" not in two.stdout


def test_mosaics_can_have_tiles_of_the_inputs_side_and_the_table_their_median(run, tmp_path):
    result = run("--metric", "focus", "--mosaics", "3", "--tile", "12", *SHORT[:2])
    assert result.exit_code == 0, result.output
    assert "2x2 mosaics at 24x24" in result.stdout
    assert "median" in result.stdout
    for path in (tmp_path / "out" / "mosaics").glob("*.png"):
        with Image.open(path) as mosaic:
            assert mosaic.size == (24, 24)
    entry = record(tmp_path)["metrics"]["focus"]
    assert entry["parameters"]["tile"] == 12
    lower, median, upper = entry["maps"]["integrated"]["quartiles"]
    assert lower <= median <= upper
    other = run("--metric", "focus", "--mosaics", "3", *SHORT[:2])
    assert "3 measured, 0 failed, 0 measured already" in other.stderr


def test_a_tile_goes_with_focus_and_with_a_network_that_takes_it(run, model, monkeypatch):
    assert "goes with --metric focus" in run("--metric", "aopc", "--tile", "12").stderr

    def refuse(_, inputs):
        if inputs[0].shape[-1] != 12:
            raise ValueError("wrong size")

    model.network.register_forward_pre_hook(refuse)
    result = run("--metric", "focus", "--mosaics", "1", "--tile", "12", *SHORT[:2])
    assert result.exit_code == 2
    assert "does not take mosaics of 24 x 24 pixels (wrong size): leave --tile out" in result.stderr


def test_maps_over_references_whose_card_is_lost_are_measured_again(run, photos, tmp_path):
    arguments = ("--metric", "aopc", *SHORT, "--baseline", photos / "class a")
    assert run(*arguments).exit_code == 0
    before = record(tmp_path)["metrics"]["aopc"]["maps"]["integrated"]["mean"]
    for card in (tmp_path / "out" / "photos").rglob("*.json"):
        card.unlink()
    again = run(*arguments)
    assert again.exit_code == 0, again.output
    assert record(tmp_path)["metrics"]["aopc"]["maps"]["integrated"]["mean"] == before
