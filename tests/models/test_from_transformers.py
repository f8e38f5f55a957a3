"""Image classifiers of transformers: the same logits as the library's own pipeline, and nothing of it on the screen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny_image_models import KINDS, LABELS, library_logits, saved_image_model

import igcli
from igcli.errors import NetworkUnavailable, UsageError, WeightsError
from igcli.models.classifier import Classifier

pytest.importorskip("transformers", reason="needs igcli[hf]")


def loaded(folder: Path, **how: object) -> Classifier:
    return igcli.load_model(f"hf:{folder}", device="cpu", **how)


def logits(model: Classifier, photo: Path) -> torch.Tensor:
    picture = igcli.read_image(photo, view=model.view, fit=model.view.fit)
    with torch.no_grad():
        return model(picture.pixels[None])[0]


@pytest.fixture
def photo(samples: Path) -> Path:
    return samples / "chelsea.jpg"


@pytest.fixture
def vit(tmp_path: Path) -> Path:
    saved_image_model("vit", tmp_path / "vit")
    return tmp_path / "vit"


@pytest.mark.parametrize("kind", KINDS)
def test_logits_are_those_of_the_librarys_own_pipeline(kind: str, samples: Path, tmp_path: Path) -> None:
    saved_image_model(kind, tmp_path / "saved")
    model = loaded(tmp_path / "saved")
    assert list(model.labels) == LABELS
    assert not model.caveat
    pictures = sorted(samples.glob("*.jpg"))
    found = torch.stack([logits(model, each) for each in pictures])
    theirs = torch.stack([library_logits(tmp_path / "saved", each) for each in pictures])
    assert len({tuple(row) for row in theirs.tolist()}) == len(pictures)
    assert theirs.std(dim=0).max() > 0.1  # it does depend on the picture
    torch.testing.assert_close(found, theirs, rtol=0, atol=1e-5)


def test_torchvisions_resizing_differs_by_its_rounding_alone(photo: Path, vit: Path) -> None:
    # The library's default backend resizes with torchvision, one grey level away from Pillow at most.
    theirs = library_logits(vit, photo, backend="torchvision")
    torch.testing.assert_close(logits(loaded(vit), photo), theirs, rtol=0, atol=0.05)


@pytest.mark.parametrize("half", [False, True], ids=["float32", "float16"])
@pytest.mark.parametrize("shards", ["5GB", "20kB"], ids=["one file", "shards"])
def test_shards_and_half_precision_are_read(half: bool, shards: str, photo: Path, tmp_path: Path) -> None:
    saved_image_model("vit", tmp_path / "saved", shards=shards, half=half)
    assert (len(list((tmp_path / "saved").glob("*.safetensors"))) > 1) == (shards == "20kB")
    model = loaded(tmp_path / "saved")
    assert model.dtype is torch.float32
    torch.testing.assert_close(logits(model, photo), library_logits(tmp_path / "saved", photo), rtol=0, atol=1e-5)


def test_a_folder_alone_is_recognised(vit: Path, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(vit.parent)
    for name in ("vit", "./vit", str(vit)):
        model = igcli.load_model(name, device="cpu")
        assert model.provenance.name == f"hf:{name}"
        assert torch.equal(logits(model, photo), logits(loaded(vit), photo))


def test_a_folder_that_describes_no_network_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a folder without a config\.json"):
        igcli.load_model(str(tmp_path))
    (tmp_path / "config.json").write_text('{"a": 1}')
    with pytest.raises(UsageError, match=r"model_type \(transformers\)"):
        igcli.load_model(str(tmp_path))
    (tmp_path / "config.json").write_text("[1]")
    with pytest.raises(UsageError, match="no settings by name"):
        igcli.load_model(str(tmp_path))
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(UsageError, match="is not JSON"):
        igcli.load_model(str(tmp_path))


def test_a_torchvision_name_means_torchvisions_network_next_to_a_folder_of_that_name(
    vit: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vit.rename(vit.parent / "resnet18")
    monkeypatch.chdir(vit.parent)
    assert igcli.load_model("resnet18", outline=True).provenance.name == "resnet18"
    assert igcli.load_model("./resnet18", device="cpu").provenance.name == "hf:./resnet18"


def test_names_that_are_placeholders_are_no_names(tmp_path: Path) -> None:
    saved_image_model("vit", tmp_path / "saved", id2label={0: "LABEL_0", 1: "LABEL_1"}, label2id={})
    model = loaded(tmp_path / "saved")
    assert list(model.labels) == ["class 0", "class 1"]
    assert "--labels FILE" in model.caveat
    assert list(loaded(tmp_path / "saved", labels=["no", "yes"]).labels) == ["no", "yes"]


@pytest.mark.parametrize(
    ("problem", "attribute"), [("multi_label_classification", "multi_label"), ("regression", "regression")]
)
def test_what_the_outputs_mean_is_read(problem: str, attribute: str, tmp_path: Path) -> None:
    saved_image_model("vit", tmp_path / "saved", problem_type=problem)
    assert getattr(loaded(tmp_path / "saved"), attribute)


def test_a_file_of_weights_replaces_those_in_the_folder(vit: Path, photo: Path, tmp_path: Path) -> None:
    state = {key: value * 2 for key, value in load_file(vit / "model.safetensors").items()}
    save_file(state, tmp_path / "doubled.safetensors")
    torch.save({"state_dict": {f"model.{key}": value for key, value in state.items()}}, tmp_path / "lightning.ckpt")
    found = [logits(loaded(vit, weights=tmp_path / name), photo) for name in ("doubled.safetensors", "lightning.ckpt")]
    save_file(state, vit / "model.safetensors", metadata={"format": "pt"})
    for each in found:
        torch.testing.assert_close(each, library_logits(vit, photo), rtol=0, atol=1e-5)


def test_a_file_of_weights_may_have_another_number_of_classes(vit: Path, tmp_path: Path) -> None:
    state = load_file(vit / "model.safetensors")
    state |= {f"classifier.{name}": state[f"classifier.{name}"][:2].clone() for name in ("weight", "bias")}
    save_file(state, tmp_path / "two.safetensors")
    model = loaded(vit, weights=tmp_path / "two.safetensors", labels=["cat", "dog"])
    assert list(model.labels) == ["cat", "dog"]
    assert model.provenance.weights == "two.safetensors"


def test_nothing_is_filled_with_random_numbers(vit: Path) -> None:
    state = load_file(vit / "model.safetensors")
    del state["classifier.weight"], state["classifier.bias"]
    save_file(state, vit / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(WeightsError, match=r"lacks 2 of the weights .*classifier\.bias, classifier\.weight"):
        loaded(vit)


def test_weights_that_the_description_has_no_place_for_are_named(vit: Path) -> None:
    settings = json.loads((vit / "config.json").read_text())
    (vit / "config.json").write_text(json.dumps(settings | {"num_hidden_layers": 1}))
    with pytest.warns(UserWarning, match=r"ignored as no part of the network: vit.*layer.* and 10 more"):
        loaded(vit)


@pytest.mark.parametrize(
    ("file", "settings"),
    [
        ("config.json", {"hidden_size": 0}),
        ("config.json", {"num_attention_heads": "many"}),
        ("config.json", {"architectures": [3]}),
        ("config.json", {"id2label": ["ant"]}),
        ("preprocessor_config.json", {"size": {"height": 10**6, "width": 10**6}}),
        ("preprocessor_config.json", {"size": {"height": 0, "width": 0}}),
        ("preprocessor_config.json", {"image_std": [0, 0, 0]}),
        ("preprocessor_config.json", {"resample": 99}),
        ("preprocessor_config.json", {"image_processor_type": "os.system"}),
    ],
    ids=str,
)
def test_settings_of_any_value_are_sentences(file: str, settings: dict[str, object], vit: Path) -> None:
    content = json.loads((vit / file).read_text())
    (vit / file).write_text(json.dumps(content | settings))
    with pytest.raises((UsageError, WeightsError)):
        loaded(vit)


def test_weights_of_other_shapes_are_a_sentence(vit: Path) -> None:
    settings = json.loads((vit / "config.json").read_text())
    (vit / "config.json").write_text(json.dumps(settings | {"intermediate_size": 60}))
    with pytest.raises(WeightsError, match="other shapes"):
        loaded(vit)


def test_weights_that_are_cut_short_are_a_sentence(vit: Path) -> None:
    content = (vit / "model.safetensors").read_bytes()
    (vit / "model.safetensors").write_bytes(content[:-100])
    with pytest.raises(WeightsError, match=r"not a whole \.safetensors file"):
        loaded(vit)


def test_pickled_weights_in_the_folder_are_not_read_by_themselves(vit: Path, photo: Path) -> None:
    expected = logits(loaded(vit), photo)
    torch.save(load_file(vit / "model.safetensors"), vit / "pytorch_model.bin")
    (vit / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match="--weights"):
        loaded(vit)
    assert torch.equal(logits(loaded(vit, weights=vit / "pytorch_model.bin"), photo), expected)


@pytest.mark.parametrize(
    "settings", [{"num_hidden_layers": 10**9}, {"hidden_size": 2 * 10**7}, {"intermediate_size": 10**12}], ids=str
)
def test_a_description_of_a_gigantic_network_is_refused_before_it_is_made(settings: dict[str, int], vit: Path) -> None:
    content = json.loads((vit / "config.json").read_text())
    (vit / "config.json").write_text(json.dumps(content | settings))
    with pytest.raises(WeightsError):
        loaded(vit)


def test_code_that_comes_with_a_model_is_never_run(vit: Path, tmp_path: Path) -> None:
    code = f"open({str(tmp_path / 'was-run')!r}, 'w').close()\n"
    for name in ("modeling_own", "configuration_own", "processing_own"):
        (vit / f"{name}.py").write_text(code)
    settings = json.loads((vit / "config.json").read_text())
    own = {"AutoConfig": "configuration_own.Own", "AutoModelForImageClassification": "modeling_own.Own"}
    (vit / "config.json").write_text(json.dumps(settings | {"auto_map": own}))
    assert list(loaded(vit).labels) == LABELS  # the library's own code suffices
    (vit / "config.json").write_text(json.dumps(settings | {"auto_map": own, "model_type": "own"}))
    with pytest.raises(WeightsError, match="code of its own, which is never run"):
        loaded(vit)
    prepared = json.loads((vit / "preprocessor_config.json").read_text()) | {"image_processor_type": "Own"}
    (vit / "config.json").write_text(json.dumps(settings))
    (vit / "preprocessor_config.json").write_text(
        json.dumps(prepared | {"auto_map": {"AutoImageProcessor": "processing_own.Own"}})
    )
    with pytest.raises(WeightsError, match="code of its own, which is never run"):
        loaded(vit)
    assert not (tmp_path / "was-run").exists()


def test_a_kernel_that_a_configuration_names_is_not_fetched(vit: Path, photo: Path) -> None:
    expected = logits(loaded(vit), photo)
    settings = json.loads((vit / "config.json").read_text())
    (vit / "config.json").write_text(json.dumps(settings | {"attn_implementation": "nobody/kernel"}))
    torch.testing.assert_close(logits(loaded(vit), photo), expected)


def test_weights_are_in_memory_of_their_own(vit: Path, photo: Path) -> None:
    model = loaded(vit)
    expected = logits(model, photo)
    with (vit / "model.safetensors").open("r+b") as file:
        file.write(bytes((vit / "model.safetensors").stat().st_size))
    assert torch.equal(logits(model, photo), expected)


def test_a_model_of_another_kind_is_a_sentence(tmp_path: Path) -> None:
    from tiny_text_models import saved_classifier

    saved_classifier(tmp_path / "bert")
    with pytest.raises(UsageError, match="BertForSequenceClassification; ig text explains it"):
        igcli.load_model(str(tmp_path / "bert"))


def test_without_a_processor_it_is_said_that_nothing_says_how_pictures_are_prepared(vit: Path) -> None:
    (vit / "preprocessor_config.json").unlink()
    model = loaded(vit)
    assert (model.view.size, model.mean) == (32, (0.0,))
    assert "no preprocessor_config.json" in model.caveat


def test_without_a_processor_a_rectangle_is_that_of_the_network(tmp_path: Path) -> None:
    saved_image_model("a rectangle", tmp_path / "saved")
    (tmp_path / "saved" / "preprocessor_config.json").unlink()
    view = loaded(tmp_path / "saved").view
    assert (view.width, view.height) == (48, 24)


def test_a_processor_whose_pictures_are_of_any_size_is_a_sentence(vit: Path) -> None:
    prepared = json.loads((vit / "preprocessor_config.json").read_text())
    (vit / "preprocessor_config.json").write_text(json.dumps(prepared | {"size": {"shortest_edge": 32}}))
    with pytest.raises(UsageError, match="explained at one size"):
        loaded(vit)


def test_a_processor_that_cuts_without_resizing_is_said_to_differ(vit: Path) -> None:
    prepared = json.loads((vit / "preprocessor_config.json").read_text())
    more = {"do_center_crop": True, "crop_size": {"height": 32, "width": 32}, "do_resize": False}
    odd = {"image_processor_type": "DeiTImageProcessor"} | more
    (vit / "preprocessor_config.json").write_text(json.dumps(prepared | odd))
    assert "only approximates" in loaded(vit).caveat


def test_an_id_that_is_not_on_this_machine_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(NetworkUnavailable, match=r"downloads are off.\n.*hf download some/vit --local-dir FOLDER"):
        igcli.load_model("hf:some/vit", offline=True)
    with pytest.raises(UsageError, match=r"There is no folder \./missing"):
        igcli.load_model("hf:./missing")


def test_an_id_whose_files_are_in_the_cache_is_loaded_without_a_network(vit: Path, tmp_path: Path, photo: Path) -> None:
    """In a process of its own, as the library reads HF_HUB_OFFLINE and HF_HOME when it is imported."""
    snapshot = tmp_path / "home" / "hub" / "models--some--vit" / "snapshots" / ("0123456789" * 4)
    snapshot.parent.mkdir(parents=True)
    vit.rename(snapshot)
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text(snapshot.name)
    code = """
import igcli
for offline in (False, True):
    print(igcli.load_model("hf:some/vit", device="cpu", offline=offline).labels[1])
"""
    own = {"HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | own, capture_output=True, text=True, check=True
    )
    assert done.stdout == "bee\nbee\n"


def test_arguments_for_a_function_are_refused(vit: Path) -> None:
    with pytest.raises(UsageError, match="--model-arg"):
        loaded(vit, arguments={"image_size": 64})
