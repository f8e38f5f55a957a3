import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from igcli.errors import ImageError, UsageError
from igcli.jobs.evaluating import maps as maps_module
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


def header_of(shape):
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return head.getvalue()


@pytest.mark.parametrize("shape", [(10**12,), (2**62, 4), (0, 2**62)])
def test_a_header_that_claims_more_numbers_than_there_are_takes_no_memory(tmp_path, shape):
    (tmp_path / "x.npy").write_bytes(header_of(shape))
    with pytest.raises(ImageError, match="no maps that can be read"):
        OtherMaps(tmp_path).of(Path("x.jpg"))


def test_arrays_that_unpack_to_more_than_the_limit_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(maps_module, "LARGEST", 10_000)
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as packed:
        for name in ("a.npy", "b.npy"):  # each alone is within it
            packed.writestr(name, header_of((1500,)) + bytes(6000))
    with pytest.raises(ImageError, match="more than 10,000 bytes"):
        OtherMaps(tmp_path).of(Path("x.jpg"))


def test_a_pipe_as_a_map_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "x.npy")
    with pytest.raises(ImageError, match="no maps that can be read"):
        OtherMaps(tmp_path).of(Path("x.jpg"))


@pytest.mark.parametrize("shape", [b"(6\xff\xff, 8)", b"(((((, 8)", b"(6, '8')", b"(6, 8"])
def test_a_map_with_a_damaged_header_ends_in_a_sentence(tmp_path, shape):
    file = io.BytesIO()
    np.save(file, np.ones((6, 8)))
    data = file.getvalue().replace(b"(6, 8)", shape, 1)
    head, end = data.index(b"{"), data.index(b"\n") + 1
    (tmp_path / "x.npy").write_bytes(b"\x93NUMPY\1\0" + (end - head).to_bytes(2, "little") + data[head:])
    with pytest.raises(ImageError, match="holds no maps"):
        OtherMaps(tmp_path).of(Path("x.png"))
