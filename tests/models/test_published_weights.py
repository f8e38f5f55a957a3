"""What torchvision publishes, as its own metadata has it."""

from __future__ import annotations

import pytest
import torchvision

from igcli.errors import UsageError
from igcli.models.published_weights import all_published, find_published, weights_metadata

models = torchvision.models


def test_every_network_has_one_default_set_and_every_file_an_address_with_its_hash() -> None:
    published = all_published()
    defaults = [each.name for each in published if each.default]
    assert defaults == list(models.list_models(module=models))
    for each in published:
        assert each.source.url == models.get_model_weights(each.name)[each.weights].url
        assert len(each.source.sha256_prefix) >= 8
        assert each.megabytes * 1_000_000 < each.source.largest


def test_facts_are_those_of_torchvisions_documentation() -> None:
    old = find_published("resnet50@IMAGENET1K_V1")
    assert (old.source.filename, old.size, old.classes, old.default) == ("resnet50-0676ba61.pth", 224, 1000, False)
    assert old.full_name == "resnet50@IMAGENET1K_V1"
    assert (find_published("inception_v3").size, find_published("inception_v3").megabytes) == (299, 109)
    assert find_published("resnet50@IMAGENET1K_V2").full_name == "resnet50"


def test_a_name_may_say_which_weights() -> None:
    assert weights_metadata("resnet50")[1] is models.ResNet50_Weights.DEFAULT
    assert weights_metadata("resnet50@IMAGENET1K_V1")[1] is models.ResNet50_Weights.IMAGENET1K_V1


@pytest.mark.parametrize(
    ("name", "said"),
    [("resnet5", "Did you mean 'resnet50'"), ("resnet50@V9", "IMAGENET1K_V2"), ("zzz", "ig models"),
     ("fcn_resnet50", "does not classify")],
)  # fmt: skip
def test_an_unknown_name_is_a_sentence(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        find_published(name)
