import pickle
from pathlib import Path

import numpy as np
import pytest

from igcli.errors import ImageError, UsageError
from igcli.jobs.evaluating.maps import OtherMaps, load_maps, save_maps


def test_maps_are_kept_exactly(tmp_path):
    maps = {"integrated": np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)}
    save_maps(tmp_path / "a" / "x.npz", maps)
    assert np.array_equal(load_maps(tmp_path / "a" / "x.npz")["integrated"], maps["integrated"])
    assert load_maps(tmp_path / "none.npz") == {}
    (tmp_path / "bad.npz").write_bytes(b"PK\3\4 no zip")
    assert load_maps(tmp_path / "bad.npz") == {}


def test_another_tools_maps_are_found_by_the_photos_name(tmp_path):
    folder = tmp_path / "their-tool"
    (folder / "sub").mkdir(parents=True)
    np.save(folder / "one.npy", np.ones((4, 4)))
    np.savez(folder / "sub" / "two.npz", a=np.zeros((4, 4)), b=np.ones((3, 4, 4)))
    others = OtherMaps(folder)
    assert set(others.of(Path("one.jpg"))) == {"their-tool"}
    assert set(others.of(Path("sub/two.png"))) == {"a", "b"}
    with pytest.raises(ImageError, match="no map called three"):
        others.of(Path("three.jpg"))


class Trap:
    def __reduce__(self):
        return (Path.touch, (Path("sprung"),))


def test_a_pickle_in_a_map_is_refused_and_never_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "maps"
    folder.mkdir()
    np.save(folder / "x.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    (folder / "y.npy").write_bytes(pickle.dumps(Trap()))
    for name in "xy":
        with pytest.raises(ImageError, match="can be read"):
            OtherMaps(folder).of(Path(f"{name}.jpg"))
    assert not (tmp_path / "sprung").exists()


def test_a_folder_without_maps_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"\.npz or \.npy"):
        OtherMaps(tmp_path)
