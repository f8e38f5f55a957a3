"""Fixtures that every room's tests share."""

from __future__ import annotations

from pathlib import Path

import hypothesis
import pytest
from toys import Quadratic, classifier, random_picture, small_network

from igcli.images.picture import Picture
from igcli.models.classifier import Classifier

# No deadlines: a timed test fails on a busy machine. Derandomised: a failure can be repeated.
hypothesis.settings.register_profile("igcli", deadline=None, derandomize=True)
hypothesis.settings.load_profile("igcli")


@pytest.fixture
def picture() -> Picture:
    return random_picture()


@pytest.fixture
def small() -> Classifier:
    return classifier(small_network(), classes=5)


@pytest.fixture
def small_double() -> Classifier:
    return classifier(small_network().double(), classes=5)


@pytest.fixture
def quadratic() -> Classifier:
    model = classifier(Quadratic().double(), classes=3)
    model.mean, model.std = (0.0,) * 3, (1.0,) * 3
    return model


@pytest.fixture
def checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of cached weights, empty and not yet there."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "torch" / "hub" / "checkpoints"


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return Path(__file__).parents[1]


@pytest.fixture(scope="session")
def samples(root: Path) -> Path:
    """The folder of sample photographs."""
    return root / "sample_images"
