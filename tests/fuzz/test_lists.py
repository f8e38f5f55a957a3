"""Property: archives, and lists of pictures, texts, molecules and defaults, give entries or sentences."""

from __future__ import annotations

import gzip
import importlib.util
import io
import tarfile
import zipfile
from pathlib import Path

import click
import pytest
from fuzz.watching import FUZZ, damaged, read_in
from hypothesis import given
from hypothesis import strategies as st
from images.pictures import encoded

from igcli.cli.config_file import read_config
from igcli.errors import IgError
from igcli.images.finding import find_images
from igcli.images.opening import contents_of
from igcli.images.source import Found
from igcli.inputs import Missing, TextInput
from igcli.molecules.reading import read_entries
from igcli.text.reading import TextSource

PNG = encoded("PNG")


def _tar(mode: str, kind: int) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode, format=kind) as archive:  # type: ignore[call-overload]
        for name in ("a.png", "folder/" + "long" * 20 + ".jpg", "../out.png"):
            member = tarfile.TarInfo(name)
            member.size = len(PNG)
            archive.addfile(member, io.BytesIO(PNG))
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        listed = tarfile.TarInfo("metadata.csv")
        listed.size = len(LISTS["csv"][1])
        archive.addfile(listed, io.BytesIO(LISTS["csv"][1]))
    return file.getvalue()


def _zip(compression: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name in ("a.png", "folder/b.png", "/root.png", "../out.png"):
            archive.writestr(name, PNG)
        archive.writestr("metadata.jsonl", LISTS["jsonl"][1])
    return file.getvalue()


LISTS = {
    "csv": [
        b"path,target,truth,x,y,width,height\na.png,3,cat,1,2,30,20\nb.png,,dog,,,,\n",
        b'file_name,label\na.png,"a ""cat"", that\nsits"\n',
        b"\xef\xbb\xbfpath;target\na.png;top\n../../etc/passwd;1\n/dev/zero;2\nhttp://127.0.0.1:1/x.png;3\n",
    ],
    "tsv": [b"image\tbox\na.png\t1,2,3,4\n"],
    "jsonl": [
        b'{"path": "a.png", "target": 3, "box": [1, 2, 30, 20]}\n{"image": "b.png", "truth": null, "x": {"y": [1]}}\n',
        b'{"file_name": "a.png", "label": "cat", "n": 1e999}\n\n{"file_name": "\\ud800.png"}\n',
    ],
}
ARCHIVES = {
    "zip": [_zip(zipfile.ZIP_STORED), _zip(zipfile.ZIP_DEFLATED)],
    "tar": [_tar("w", kind) for kind in (tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)],
    "tgz": [_tar("w:gz", tarfile.PAX_FORMAT)],
    "tar.xz": [_tar("w:xz", tarfile.GNU_FORMAT)],
}


def _found(path: Path, *, recursive: bool = False) -> None:
    for each in find_images([str(path)], recursive=recursive, offline=True):
        if isinstance(each, Missing):
            assert each.reason.strip()
        elif each.member is not None:
            try:
                contents_of(each)
            except IgError as error:
                assert str(error)  # noqa: PT017 - either outcome is right


@pytest.mark.parametrize("ending", ARCHIVES)
def test_a_damaged_archive_has_members_or_is_refused(tmp_path: Path, ending: str) -> None:
    @FUZZ
    @given(data=damaged(ARCHIVES[ending]))
    def check(data: bytes) -> None:
        read_in(tmp_path, f"x.{ending}", data, _found)

    check()


@pytest.mark.parametrize("name", ["x.csv", "x.tsv", "x.jsonl", "metadata.csv", "metadata.jsonl"])
def test_a_damaged_list_has_rows_or_is_refused(tmp_path: Path, name: str) -> None:
    valid = [*LISTS[name.rpartition(".")[2]], *LISTS["csv"]]

    @FUZZ
    @given(data=damaged(valid))
    def check(data: bytes) -> None:
        read_in(tmp_path, name, data, _found)
        read_in(tmp_path, name, data, lambda path: _found(path.parent))

    check()


@FUZZ
@given(cell=st.text(max_size=40) | st.binary(max_size=20).map(lambda data: data.decode("utf-8", "surrogateescape")))
def test_any_name_in_a_list_is_found_or_missing(tmp_path: Path, cell: str) -> None:
    quoted = cell.replace('"', '""')
    data = f'path\n"{quoted}"\n'.encode("utf-8", "surrogatepass" if max(cell, default="") >= "\ud800" else "strict")
    read_in(tmp_path, "x.csv", data, _found)


TEXTS = {
    "x.txt": [
        b"the shareholders claimed more\r\nwe must do more\n\n",
        "\ufeffein Gr\u00fc\u00dfen \U0001f600\n".encode(),
    ],
    "x.csv": [b'text,n\n"a fine, ""film""",1\nnot a play,2\n', b"n,review,text\n1,2\n3,4,5,6\n"],
    "x.tsv": [b"text\tn\na fine\tfilm\n"],
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_damaged_file_of_texts_has_texts_or_is_refused(tmp_path: Path, name: str) -> None:
    @FUZZ
    @given(data=damaged(TEXTS[name]), whole=st.booleans())
    def check(data: bytes, whole: bool) -> None:
        read_in(tmp_path, name, data, lambda path: _entries(TextSource(files=(str(path),), whole=whole)))

    def _entries(source: TextSource) -> None:
        source.check()
        for each in source.inputs():
            assert each.reason if isinstance(each, Missing) else each.text.strip() and each.record

    check()


MOLECULES = {
    "x.smi": [
        b"CCO ethanol\nC1=CC=CC=C1\tbenzene\n# a comment\nCC(=O)Oc1ccccc1C(=O)O\n[Na+].[Cl-]\nN[C@@H](C)C(=O)O\n"
    ],
    "x.csv": [b'name,smiles\nethanol,CCO\nacid,"CC(=O)O"\n\'=x,[13CH4]\n'],
    "x.smi.gz": [gzip.compress(b"CCO ethanol\nCCN\n" * 5, mtime=0)],
    "x.sdf": [
        b"methanol\n  made\n\n  2  1  0  0  0  0  0  0  0  0999 V2000\n    0.0000    0.0000    0.0000 C   0  0\n"
        b"    1.4000    0.0000    0.0000 O   0  0\n  1  2  1  0\nM  END\n> <name>\nx\n\n$$$$\n"
    ],
}


@pytest.mark.skipif(importlib.util.find_spec("rdkit") is None, reason="molecules need igcli[molecules]")
@pytest.mark.parametrize("name", MOLECULES)
def test_a_damaged_file_of_molecules_has_molecules_or_is_refused(tmp_path: Path, name: str) -> None:
    from rdkit import Chem  # noqa: F401 - before it is watched: it sets a variable of its own

    from igcli.molecules.source import molecule_of

    def _molecules(path: Path) -> None:
        for each in read_entries([str(path)], column=None, stdin=io.BytesIO()):
            if isinstance(each, TextInput):
                try:
                    assert molecule_of(each).mol.GetNumAtoms()
                except IgError as error:
                    assert str(error)  # noqa: PT017 - either outcome is right

    @FUZZ
    @given(data=damaged(MOLECULES[name]))
    def check(data: bytes) -> None:
        read_in(tmp_path, name, data, _molecules)

    check()


SETTINGS = {
    "igcli.toml": [
        b'style = "heat"\n[explain]\nsteps = 12\nmethod = ["integrated", "gradient"]\n[text]\nsteps = 3\n',
        b'output = "../out"\nmodel = "net.py:build"\ntrust-pickle = true\nmax-pixels = 1e99\n',
    ],
    "pyproject.toml": [
        b'[tool.igcli]\nsteps = 3\ncrop = {x = 1979-05-27T07:32:00Z}\n[tool.igcli.explain]\nfit = "pad"\n'
    ],
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_damaged_file_of_defaults_is_read_or_refused(tmp_path: Path, name: str) -> None:
    from igcli.cli.main import ig

    root = click.Context(ig, info_name="ig")
    command = ig.get_command(root, "explain")
    assert command is not None
    context = click.Context(command, info_name="explain", parent=root)
    read_config(context, tmp_path)  # what is imported once

    @FUZZ
    @given(data=damaged(SETTINGS[name]))
    def check(data: bytes) -> None:
        read_in(tmp_path, name, data, lambda path: read_config(context, path.parent))

    check()


def test_the_undamaged_archives_are_read(tmp_path: Path) -> None:
    for ending, packed in ARCHIVES.items():
        for number, data in enumerate(packed):
            path = tmp_path / f"{number}.{ending}"
            path.write_bytes(data)
            assert any(isinstance(each, Found) for each in find_images([str(path)]))
