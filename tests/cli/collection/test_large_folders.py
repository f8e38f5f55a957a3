"""Large folders: predictions alone, the wrong and the doubtful, a subset, accuracy, crops."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from cli.collection.folders import lines
from PIL import Image
from record_kinds import kinds_of
from toys import classifier, small_network

from igcli.images.reading import read_image


@pytest.fixture
def traps(tmp_path) -> Path:
    """24 photos of noise in folders of their true classes, one of which the toy does not have."""
    folder = tmp_path / "traps"
    random = np.random.default_rng(5)
    for number, name in enumerate(["class a", "class_b", "Class E", "yeti"] * 6):
        path = folder / name / f"IMG_{number // 4}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = random.integers(0, 256, (20, 20, 3)) * random.random(3) * random.random()
        Image.fromarray(pixels.astype(np.uint8)).save(path)
    return folder


def probabilities(path, **how):
    """What the toy says of a photo, by itself."""
    model = classifier(small_network(), classes=5)
    with model.frozen():
        logits = model(read_image(path, view=model.view, **how).pixels[None]).double()
    return logits.softmax(1)[0].detach().numpy()


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def is_wrong(row):
    true = {"class a": "class a", "class_b": "class b", "Class E": "class e"}[Path(row["path"]).parent.name]
    return row["predicted"] != true


@pytest.fixture
def predicted(run, traps, tmp_path):
    result = run(traps, "-r", "--truth", "folder", "--predict-only", short=())
    return result, table(tmp_path / "out" / "predictions.csv")


def test_predictions_are_a_table_of_what_the_network_says_alone(predicted, traps):
    result, rows = predicted
    assert result.exit_code == 0, result.stderr
    assert [Path(row["path"]) for row in rows] == sorted(traps.rglob("*.png"))
    for row in rows:
        found = probabilities(row["path"])
        order = np.argsort(-found)
        assert [row[f"predicted{place}"] for place in ("", "_2", "_5")] == [
            f"class {'abcde'[order[rank]]}" for rank in (0, 1, 4)
        ]
        assert float(row["probability"]) == pytest.approx(found[order[0]], abs=1e-5)
        assert float(row["probability_5"]) == pytest.approx(found[order[4]], abs=1e-5)
        assert row["truth"] == Path(row["path"]).parent.name.replace("_", " ").replace("Class E", "class e")
        unknown = row["truth"] == "yeti"
        assert row["correct"] == ("" if unknown else "no" if is_wrong(row) else "yes")
    assert len(result.stdout.splitlines()) == 24
    assert result.stdout.count("wrong: ") == sum(row["correct"] == "no" for row in rows)


def test_accuracy_and_confusion_are_counted_and_said(predicted, tmp_path):
    result, rows = predicted
    account = json.loads((tmp_path / "out" / "run.predictions.json").read_text())
    assert kinds_of(account) == ["run"]
    known = [row for row in rows if row["correct"]]
    right = sum(row["correct"] == "yes" for row in known)
    assert 0 < right < len(known) == 18
    found = account["accuracy"]
    assert (found["photos"], found["correct"], found["unknown_classes"]) == (18, right, {"yeti": 6})
    assert found["top5"] == 1.0  # of five classes
    pairs = {(each["truth"], each["predicted"]): each["count"] for each in found["confusion"]}
    for pair, count in pairs.items():
        assert count == sum((row["truth"], row["predicted"]) == pair for row in known)
    assert f"({right} of 18; 95 % interval " in result.stderr
    assert "No class is called 'yeti': 6 photos count neither as right nor as wrong." in result.stderr


def test_predictions_are_kept_and_only_what_is_missing_is_predicted_again(run, predicted, traps, tmp_path):
    before = (tmp_path / "out" / "predictions.csv").read_bytes()
    journal = tmp_path / "out" / ".igcli" / "predictions.jsonl"
    whole = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(whole[:10]) + whole[10][:50])  # as a kill leaves it
    (tmp_path / "out" / "predictions.csv").unlink()

    again = run(traps, "-r", "--truth", "folder", "--predict-only", short=())

    kept = sum(len(line) > 1 for line in whole[:10])
    assert f"{24 - kept} predicted, 0 failed, {kept} skipped" in again.stderr
    assert (tmp_path / "out" / "predictions.csv").read_bytes() == before
    changed = traps / "yeti" / "IMG_0.png"
    Image.new("RGB", (20, 20), "teal").save(changed)
    assert "1 predicted, 0 failed, 23 skipped" in run(traps, "-r", "--predict-only", short=()).stderr
    other = run(traps, "-r", "--predict-only", "--fit", "pad", short=())
    assert other.exit_code == 2
    assert "made with other settings (fit crop there, pad now)" in other.stderr
    assert "24 predicted" in run(traps, "-r", "--predict-only", "--fit", "pad", "--overwrite", short=()).stderr


def test_a_journal_of_anything_else_is_no_prediction(run, predicted, traps, tmp_path):
    journal = tmp_path / "out" / ".igcli" / "predictions.jsonl"
    stem = "yeti/IMG_0"
    for line in (
        [],
        3,
        {"a": 1},
        [stem, "x", {}],
        [stem, "x", {"image": {"file": None}, "prediction": [{}]}],
        [[]] * 3,
    ):
        with journal.open("a") as file:
            file.write(json.dumps(line) + "\n")
    assert "24 skipped" in run(traps, "-r", "--predict-only", short=()).stderr


def test_json_is_a_record_of_each_prediction(run, traps):
    result = run(traps, "-r", "--truth", "folder", "--predict-only", "--json", short=())
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert len(records) == 24
    assert all(kinds_of(record) == ["predicted_photo"] for record in records)
    assert records[0]["truth"]["label"] == "class e"


def test_only_wrong_explains_what_is_predicted_wrongly(run, predicted, traps, tmp_path):
    _, rows = predicted
    wrong = [row["path"] for row in rows if row["correct"] == "no"]

    result = run(traps, "-r", "--truth", "folder", "--only", "wrong")

    assert "0 predicted, 0 failed, 24 skipped" in result.stderr
    records = lines(tmp_path / "out" / "index.jsonl")
    assert [record["image"]["absolute"] for record in records] == wrong
    assert all(record["truth"]["correct"] is False for record in records)
    assert all(kinds_of(record) == ["explanation"] for record in records)
    assert result.stdout.count("  wrong: class ") == len(result.stdout.splitlines()) == len(wrong)
    account = json.loads((tmp_path / "out" / "run.json").read_text())
    assert kinds_of(account) == ["run"]
    assert account["choice"] == {"of": 24, "only": "wrong", "photos": len(wrong)}
    assert account["accuracy"]["photos"] == 18  # of all that were predicted, not of those explained


def test_only_below_explains_the_doubtful_without_any_truth(run, traps, tmp_path):
    found = {path: probabilities(path).max() for path in sorted(traps.rglob("*.png"))}
    limit = round(sum(sorted(found.values())[6:8]) / 2, 6)
    result = run(traps, "-r", "--only", f"below:{limit}")
    doubtful = [path for path, probability in found.items() if probability < limit]
    assert len(doubtful) == 7
    assert f"7 of 24 photos are below {limit:g}." in result.stderr
    assert [Path(r["image"]["absolute"]) for r in lines(tmp_path / "out" / "index.jsonl")] == doubtful


def test_a_subset_grows_in_the_same_folder_and_every_file_keeps_its_photo(run, traps, tmp_path):
    # absolute paths in a list: all are called IMG_0 to IMG_5, whatever their folders
    (tmp_path / "list.csv").write_text("path,label\n" + "".join(f"{p},{p.parent.name}\n" for p in traps.rglob("*.png")))

    first = run("list.csv", "--subset", "4")
    assert "A subset of 4 of 24 photos, drawn by --seed 0, as many of each of 4 classes as there are." in first.stderr
    few = {record["files"]["integrated.png"]: record for record in lines(tmp_path / "out" / "index.jsonl")}
    assert sorted(Path(r["image"]["absolute"]).parent.name for r in few.values()) == sorted(
        ["class a", "class_b", "Class E", "yeti"]
    )
    result = run("list.csv", "--subset", "14")

    assert "10 explained, 0 failed, 4 skipped" in result.stderr
    many = {record["files"]["integrated.png"]: record for record in lines(tmp_path / "out" / "index.jsonl")}
    assert len(many) == 14
    assert {name: many[name]["image"]["sha256"] for name in few} == {
        name: record["image"]["sha256"] for name, record in few.items()
    }
    account = json.loads((tmp_path / "out" / "run.json").read_text())
    assert account["choice"] == {"of": 24, "subset": 14, "seed": 0, "photos": 14}


def test_predictions_are_of_all_photos_whatever_a_variable_explains(run, traps, tmp_path, monkeypatch):
    monkeypatch.setenv("IGCLI_ONLY", "wrong")
    result = run(traps, "-r", "--truth", "folder", "--predict-only", short=())
    assert "24 predicted, 0 failed, 0 skipped" in result.stderr
    assert len(table(tmp_path / "out" / "predictions.csv")) == 24


def test_a_number_of_sample_is_never_passed_over(run, traps, tmp_path, monkeypatch):
    assert "A subset of 3 of 24 photos" in run(traps, "-r", "--sample", "3").stderr
    both = run(traps, "-r", "--sample", "3", "--subset", "5")
    assert both.exit_code == 2
    assert "--sample 3 is --subset 3: give one of them." in both.stderr
    monkeypatch.setenv("IGCLI_SAMPLE", "3")  # here it names photos alone
    variable = run(traps, "-r")
    assert variable.exit_code == 2
    assert "The value is that of the variable IGCLI_SAMPLE." in variable.stderr
    monkeypatch.delenv("IGCLI_SAMPLE")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "igcli.toml").write_text("sample = 3\n")
    file = run(traps, "-r")
    assert file.exit_code == 2
    assert "The value is from igcli.toml, sample." in file.stderr


def test_a_photo_that_cannot_be_predicted_is_a_failure_of_the_run(run, traps, tmp_path):
    (traps / "yeti" / "IMG_0.png").write_bytes(b"")
    result = run(traps, "-r", "--truth", "folder", "--only", "wrong")
    assert result.exit_code == 1
    assert result.stderr.count("failed: ") == 1
    (failure,) = lines(tmp_path / "out" / "failures.jsonl")
    assert failure["path"].endswith("yeti/IMG_0.png")
    assert lines(tmp_path / "out" / "failures.predictions.jsonl") == [failure]


def test_nothing_to_explain_is_no_failure(run, traps, tmp_path):
    result = run(traps, "-r", "--only", "below:0.0001")
    assert result.exit_code == 0
    assert "0 of 24 photos are below 0.0001." in result.stderr
    assert not (tmp_path / "out" / "run.json").exists()


def test_several_devices_predict_the_same(run, predicted, traps, tmp_path, monkeypatch):
    """Their processes are stand-ins here, which take their batches in turn."""
    from igcli.jobs.engines.scheduler import Worker

    def in_this_process(shared, devices, items):
        workers, items = [Worker(shared, device) for device in devices], list(items)
        for start in range(0, len(items), 5):
            yield from workers[start // 5 % 2].do(items[start : start + 5])

    monkeypatch.setattr("igcli.cli.spreading.on_devices", in_this_process)
    result = run(traps, "-r", "--truth", "folder", "--predict-only", "-o", "two", "--device", "cpu,cpu", short=())
    assert "24 predicted" in result.stderr
    assert table(tmp_path / "two" / "predictions.csv") == predicted[1]


def test_accuracy_of_a_plain_run_counts_a_photo_once_however_many_classes(run, traps, tmp_path):
    result = run(traps, "-r", "--truth", "folder", "--target", "top-2")
    assert " of 18; 95 % interval" in result.stderr
    account = json.loads((tmp_path / "out" / "run.json").read_text())
    assert account["accuracy"]["photos"] == 18
    assert len(lines(tmp_path / "out" / "index.jsonl")) == 48


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--only", "wrong"), "--only wrong needs the true classes: add --truth folder, or give a list"),
        (("--only", "right"), "'right' is neither 'wrong' nor 'below:' and a probability"),
        (("--only", "below:0"), "as in below:0.6"),
        (("--predict-only", "--panel"), "--predict-only explains nothing, so that --panel has no meaning"),
        (("--predict-only", "-m", "gradient"), "so that --method has no meaning"),
        (("--predict-only", "--only", "below:0.5"), "so that --only has no meaning"),
        (("--crop-confidence", "0.3"), "--crop-confidence is about the boxes of --crops"),
    ],
)
def test_what_does_not_go_together_is_refused_in_a_sentence(run, traps, tmp_path, options, said):
    result = run(traps, "-r", *options, short=())
    assert result.exit_code == 2
    assert said in result.stderr
    assert not (tmp_path / "out").exists()


def test_folders_that_are_no_classes_are_refused_as_truth(run, photos):
    result = run(photos, "-r", "--truth", "folder")
    assert result.exit_code == 2
    assert "None of the true classes (in, sub) is one of the network's." in result.stderr


@pytest.mark.parametrize("kind", ["regression", "multi_label"])
def test_a_network_without_one_right_class_has_no_truth(run, traps, monkeypatch, kind):
    def load(*_, **__):
        model = classifier(small_network(), classes=5)
        setattr(model, kind, True)
        return model

    monkeypatch.setattr("igcli.cli.model_options.load_model", load)
    score = ("--score", "value" if kind == "regression" else "sigmoid", "--steps", "2")
    refused = run(traps, "-r", "--truth", "folder", "--subset", "2", short=score)
    assert refused.exit_code == 2
    assert "no prediction of it is right or wrong by one true class. Leave --truth" in refused.stderr


@pytest.mark.parametrize("command", ["explain", "report"])
def test_a_page_of_too_many_photos_is_refused_before_the_network_is_loaded(run, traps, monkeypatch, command):
    monkeypatch.setattr("igcli.cli.choosing.MOST_PAGES", 40)
    report = ("--report",) if command == "explain" else ()
    monkeypatch.setattr("igcli.cli.model_options.load_model", None)
    result = run(traps, "-r", "-t", "top-2", *report, command=command, short=())
    assert result.exit_code == 2
    assert (
        "A report of 48 maps would be too large to open (at most 40): add --sample 500, or --only wrong."
        in result.stderr
    )


def test_a_report_of_the_wrong_ones_needs_no_folder(run, traps, tmp_path, predicted):
    wrong = sum(row["correct"] == "no" for row in predicted[1])
    result = run(
        traps, "-r", "--truth", "folder", "--only", "wrong", "-o", "w.html", command="report", short=("--steps", "4")
    )
    assert f"{wrong} photos  -> w.html" in result.stdout
    page = (tmp_path / "w.html").read_text()
    assert page.count('"correct":false') == wrong
    assert '"correct":true' not in page
    assert not (tmp_path / ".igcli").exists()


def test_photos_are_cut_to_a_detectors_boxes(run, traps, tmp_path):
    box = {"category": "1", "conf": 0.8, "bbox": [0.25, 0.5, 0.5, 0.4]}
    entries = [{"file": f"yeti/IMG_{n}.png", "detections": [box]} for n in range(5)]
    content = {
        "images": [*entries, {"file": "yeti/IMG_5.png", "detections": []}],
        "detection_categories": {"1": "animal"},
    }
    (tmp_path / "md.json").write_text(json.dumps(content))

    result = run(traps / "yeti", "--crops", "md.json", "--predict-only", short=())

    assert (
        "5 of 6 photos are cut to the box that md.json has of them (confidence 0.2 or more); 1 have none"
        in result.stderr
    )
    rows = table(tmp_path / "out" / "predictions.csv")
    assert [rows[0][name] for name in ("x", "y", "width", "height")] == ["5", "10", "10", "8"]
    assert [rows[5][name] for name in ("x", "y", "width", "height")] == [""] * 4
    for row, crop in ((rows[0], (5, 10, 15, 18)), (rows[5], (0, 0, 20, 20))):
        part = tmp_path / "part.png"
        Image.open(row["path"]).crop(crop).save(part)
        assert float(row["probability"]) == pytest.approx(probabilities(part).max(), abs=1e-5)
    # the table is a list of the same crops
    again = run("out/predictions.csv", "--predict-only", "-o", "again", short=())
    assert "5 of 6 photos are cut to the box that the list has of them." in again.stderr
    assert [row["probability"] for row in table(tmp_path / "again" / "predictions.csv")] == [
        r["probability"] for r in rows
    ]


def test_another_box_is_another_photo_and_the_record_has_it(run, traps, tmp_path):
    (tmp_path / "list.csv").write_text('path,box\ntraps/yeti/IMG_0.png,"2,3,10,12"\ntraps/yeti/IMG_1.png,\n')
    run("list.csv")
    first, second = lines(tmp_path / "out" / "index.jsonl")
    assert first["image"]["crop"] == {"box": [2, 3, 12, 15]}
    assert "crop" not in second["image"]
    assert kinds_of(first) == ["explanation"]
    (tmp_path / "list.csv").write_text('path,box\ntraps/yeti/IMG_0.png,"2,3,10,11"\ntraps/yeti/IMG_1.png,\n')
    assert "1 explained, 0 failed, 1 skipped" in run("list.csv").stderr


def test_a_number_of_samples_is_a_subset(run, traps, tmp_path):
    result = run(traps, "-r", "--truth", "folder", "--sample", "4")
    assert result.exit_code == 0, result.stderr
    account = json.loads((tmp_path / "out" / "run.json").read_text())
    assert account["choice"] == {"of": 24, "subset": 4, "seed": 0, "photos": 4}


def test_a_sample_photo_can_be_added_to_a_number_of_samples(run, traps, tmp_path):
    result = run(traps, "-r", "--sample", "3", "--sample", "coffee")
    assert result.exit_code == 0, result.stderr
    assert json.loads((tmp_path / "out" / "run.json").read_text())["choice"]["of"] == 25


def test_a_sample_that_does_not_exist_is_refused(run, traps):
    refused = run(traps, "-r", "--sample", "tea")
    assert refused.exit_code == 2
    assert "coffee" in refused.stderr
