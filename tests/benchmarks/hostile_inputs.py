"""Inputs that somebody may have made to do harm, one function each: it writes files and says how ``ig`` meets them.

Each is registered under a kind, with the limit or rule that holds for it. Nothing here is dangerous by itself: what
would run code tries to write the file ``canary`` in the case's folder, which must not be there afterwards.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import http.server
import io
import json
import os
import pickle
import struct
import tarfile
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class Case:
    """One hostile input.

    Attributes
    ----------
    kind, name, rule
        What it is, and the limit that holds.
    make
        Writes into a folder; returns the words after ``ig``, or what to call in place of ``ig``.
    """

    kind: str
    name: str
    rule: str
    make: Callable[[Path], list[str] | Callable[[], None]]


CASES: list[Case] = []
EXPLAIN = ["--steps", "2", "-o", "out"]


def case(kind: str, rule: str) -> Callable[[Callable[[Path], list[str] | Callable[[], None]]], Callable[..., object]]:
    """Register a function of a folder as a case."""

    def register(make: Callable[[Path], list[str] | Callable[[], None]]) -> Callable[..., object]:
        CASES.append(Case(kind, (make.__doc__ or "").rstrip("."), rule, make))
        return make

    return register


picture = functools.partial(
    case, "picture", "a regular file of at most 1 GiB, 179 million pixels, 1,000 frames counted"
)
archive = functools.partial(
    case, "archive", "256 MiB and 100 times its size unpacked, 500,000 members, names never opened"
)
weights = functools.partial(case, "weights", "tensors only, 200,000 of them; steps and unpacked size counted before")
labels = functools.partial(case, "labels", "a regular file of bounded size, indices of few digits")
model_file = functools.partial(case, "model file", "a small TOML text; no code unless it is trusted")
listing = functools.partial(case, "list", "lines of at most 1,048,576 characters; one row fails alone")
truth = functools.partial(case, "boxes, masks, maps", "regular files of bounded size; no entities, no pickles")
folder = functools.partial(case, "output folder", "regular files with one name, opened without waiting")
download = functools.partial(case, "download", "no more bytes than expected; stalls and drips are given up")


def photo(path: Path) -> Path:
    """A harmless picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)).save(path, "PNG")
    return path


def chunk(name: bytes, data: bytes) -> bytes:
    """A part of a PNG."""
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


# --- pictures


@picture()
def _pipe(here: Path) -> list[str]:
    """a pipe that nobody writes to."""
    os.mkfifo(here / "a.png")
    return ["explain", "a.png", *EXPLAIN]


@picture()
def _endless(here: Path) -> list[str]:
    """a link to /dev/zero."""
    (here / "a.png").symlink_to("/dev/zero")
    return ["explain", "a.png", *EXPLAIN]


@picture()
def _sparse(here: Path) -> list[str]:
    """a sparse file of 3 GB."""
    with (here / "a.jpg").open("wb") as file:
        file.truncate(3_000_000_000)
    return ["explain", "a.jpg", *EXPLAIN]


@picture()
def _sparse_jpeg(here: Path) -> list[str]:
    """a sparse file of 3 GB that begins as a JPEG."""
    with (here / "a.jpg").open("wb") as file:
        file.write(b"\xff\xd8\xff\xe0")
        file.truncate(3_000_000_000)
    return ["explain", "a.jpg", *EXPLAIN]


@picture()
def _bomb(here: Path) -> list[str]:
    """a PNG of 60,000 × 60,000 pixels in 15 MB."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    (here / "a.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes(10**7))) + chunk(b"IEND", b"")
    )
    return ["explain", "a.png", *EXPLAIN]


@picture()
def _text_bomb(here: Path) -> list[str]:
    """a PNG with a text that unpacks to 1 GB."""
    packer = zlib.compressobj()
    packed = b"".join(packer.compress(bytes(10**7)) for _ in range(100)) + packer.flush()
    good = photo(here / "good.png").read_bytes()
    (here / "a.png").write_bytes(good[:33] + chunk(b"zTXt", b"c\0\0" + packed) + good[33:])
    return ["explain", "a.png", *EXPLAIN]


@picture()
def _directories(here: Path) -> list[str]:
    """a TIFF of 200,000 directories."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "TIFF")
    data, at = bytearray(buffer.getvalue()), 0
    (first,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, first)
    at = first + 2 + 12 * count
    for _ in range(200_000):
        struct.pack_into("<I", data, at, len(data))
        at = len(data) + 2
        data += struct.pack("<HI", 0, 0)
    (here / "a.tif").write_bytes(data)
    return ["explain", "a.tif", *EXPLAIN]


@picture()
def _signatures(here: Path) -> list[str]:
    """noise behind the first bytes of nine formats."""
    noise = np.random.default_rng(1).bytes(5000)
    starts = (
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff\xe0",
        b"GIF89a",
        b"BM",
        b"II*\0",
        b"MM\0*",
        b"RIFF\0\0\0\0WEBP",
        b"P6 ",
        b"qoif",
    )
    for number, start in enumerate(starts):
        (here / f"{number}.png").write_bytes(start + noise)
    return ["explain", ".", *EXPLAIN]


# --- archives


@archive()
def _unpacks(here: Path) -> list[str]:
    """a .tar.gz of 1 MB with a picture of 1 GB."""
    with (here / "a.tar.gz").open("wb") as packed, gzip.GzipFile(fileobj=packed, mode="wb") as file:
        head = tarfile.TarInfo("a.png")
        head.size = 10**9
        file.write(head.tobuf())
        for _ in range(100):
            file.write(bytes(10**7))
        file.write(bytes(10240))
    return ["explain", "a.tar.gz", *EXPLAIN]


def _tar(here: Path, *members: tarfile.TarInfo) -> list[str]:
    data = photo(here / "good.png").read_bytes()
    with tarfile.open(here / "a.tar", "w") as tar:
        for member in members:
            member.size = len(data) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(data))
    return ["explain", "a.tar", *EXPLAIN]


@archive()
def _climbs(here: Path) -> list[str]:
    """names that climb out of it, and absolute ones."""
    return _tar(here, tarfile.TarInfo("../../canary.png"), tarfile.TarInfo("/tmp/canary.png"))


@archive()
def _links(here: Path) -> list[str]:
    """links and devices."""
    members = []
    for kind, name in (
        (tarfile.SYMTYPE, "a.png"),
        (tarfile.LNKTYPE, "b.png"),
        (tarfile.CHRTYPE, "c.png"),
        (tarfile.FIFOTYPE, "d.png"),
    ):
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "/etc/hostname"
        members.append(member)
    return _tar(here, *members)


@archive()
def _claims(here: Path) -> list[str]:
    """a member that claims 8 GB."""
    head = tarfile.TarInfo("a.png")
    head.size = 2**33 - 1
    (here / "a.tar").write_bytes(head.tobuf() + b"x" * 4096)
    return ["explain", "a.tar", *EXPLAIN]


# --- weights


def _with_weights(here: Path, name: str) -> list[str]:
    photo(here / "a.png")
    return ["explain", "a.png", *EXPLAIN, "--weights", name]


class _Runs:
    """Unpickled, it would write the canary."""

    def __reduce__(self) -> tuple[object, ...]:
        return (os.system, ("touch canary",))


@weights()
def _program(here: Path) -> list[str]:
    """a pickle that runs a program."""
    (here / "w.pth").write_bytes(pickle.dumps({"a": _Runs()}, protocol=2))
    return _with_weights(here, "w.pth")


@weights()
def _steps(here: Path) -> list[str]:
    """208 bytes with nested tuples as a key, 2⁴⁰ steps."""
    (here / "w.pth").write_bytes(b"\x80\x02}(K\x01K\x01\x86" + b"2\x86" * 40 + b"K\x00u.")
    return _with_weights(here, "w.pth")


def _saved(here: Path, state: object) -> Path:
    import torch

    torch.save(state, here / "w.pth")
    return here / "w.pth"


@weights()
def _deflated(here: Path) -> list[str]:
    """a deflated .pth of 3 MB that unpacks to 3 GB."""
    import torch

    path = _saved(here, {"a": torch.zeros(4)})
    with zipfile.ZipFile(path) as old:
        entries = {entry.filename: old.read(entry) for entry in old.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        for name, data in entries.items():
            if name.endswith("data/0"):
                with new.open(name, "w", force_zip64=True) as file:
                    for _ in range(300):
                        file.write(bytes(10**7))
            else:
                new.writestr(name, data)
    return _with_weights(here, "w.pth")


@weights()
def _strided(here: Path) -> list[str]:
    """a view of 10¹² elements on four numbers."""
    import torch

    _saved(here, {"a": torch.as_strided(torch.zeros(4), (10**6, 10**6), (0, 0))})
    return _with_weights(here, "w.pth")


def _safetensors(here: Path, header: bytes, length: int | None = None) -> list[str]:
    (here / "w.safetensors").write_bytes(struct.pack("<Q", len(header) if length is None else length) + header)
    return _with_weights(here, "w.safetensors")


@weights()
def _dimensions(here: Path) -> list[str]:
    """safetensors with 5,000 dimensions."""
    return _safetensors(here, json.dumps({"a": {"dtype": "F32", "shape": [1] * 5000, "data_offsets": [0, 0]}}).encode())


@weights()
def _overflow(here: Path) -> list[str]:
    """safetensors of shape 0 × 2⁶² × 2⁶²."""
    entry = {"dtype": "F32", "shape": [0, 2**62, 2**62], "data_offsets": [0, 0]}
    return _safetensors(here, json.dumps({"a": entry}).encode())


@weights()
def _tensors(here: Path) -> list[str]:
    """safetensors of 1.5 million empty tensors."""
    entry = '{"dtype":"F32","shape":[0],"data_offsets":[0,0]}'
    return _safetensors(here, ("{" + ",".join(f'"{n}":{entry}' for n in range(1_500_000)) + "}").encode())


@weights()
def _header(here: Path) -> list[str]:
    """safetensors whose header claims 2⁶³ bytes."""
    return _safetensors(here, b"{}", 2**63)


@weights()
def _weights_pipe(here: Path) -> list[str]:
    """a pipe."""
    os.mkfifo(here / "w.pth")
    return _with_weights(here, "w.pth")


@weights()
def _weights_device(here: Path) -> list[str]:
    """a link to /dev/zero."""
    (here / "w.pth").symlink_to("/dev/zero")
    return _with_weights(here, "w.pth")


# --- labels


def _with_labels(here: Path, name: str, data: bytes | None) -> list[str]:
    photo(here / "a.png")
    if data is not None:
        (here / name).write_bytes(data)
    return ["explain", "a.png", *EXPLAIN, "--labels", name]


@labels()
def _labels_pipe(here: Path) -> list[str]:
    """a pipe."""
    os.mkfifo(here / "l.txt")
    return _with_labels(here, "l.txt", None)


@labels()
def _labels_device(here: Path) -> list[str]:
    """a link to /dev/zero."""
    (here / "l.txt").symlink_to("/dev/zero")
    return _with_labels(here, "l.txt", None)


@labels()
def _digits(here: Path) -> list[str]:
    """an index of 5,000 digits."""
    return _with_labels(here, "l.json", json.dumps({"9" * 5000: "x"}).encode())


@labels()
def _field(here: Path) -> list[str]:
    """a field of 200 kB."""
    return _with_labels(here, "l.csv", b"index,label\n0," + b"x" * 200_000 + b"\n")


@labels()
def _surrogate(here: Path) -> list[str]:
    """a lone surrogate."""
    return _with_labels(here, "l.json", b'["\\ud800", "b", "c", "d", "e"]')


@labels()
def _deep_labels(here: Path) -> list[str]:
    """JSON nested 200,000 deep."""
    return _with_labels(here, "l.json", b"[" * 200_000)


# --- model files


def _with_model(here: Path, text: bytes | None) -> list[str]:
    photo(here / "a.png")
    if text is not None:
        (here / "m.toml").write_bytes(text)
    return ["explain", "a.png", *EXPLAIN, "--model", "m.toml"]


@model_file()
def _any_function(here: Path) -> list[str]:
    """one that names os.system."""
    return _with_model(here, b'model = "os:system"\n[arguments]\ncommand = "touch canary"\n')


@model_file()
def _deep(here: Path) -> list[str]:
    """lists nested 100,000 deep."""
    return _with_model(here, b"model = " + b"[" * 100_000)


@model_file()
def _nul(here: Path) -> list[str]:
    """a NUL in a path."""
    return _with_model(here, b'model = "resnet18"\nweights = "a\\u0000b.pth"\n')


@model_file()
def _model_pipe(here: Path) -> list[str]:
    """a pipe."""
    os.mkfifo(here / "m.toml")
    return _with_model(here, None)


@model_file()
def _model_device(here: Path) -> list[str]:
    """a link to /dev/zero."""
    (here / "m.toml").symlink_to("/dev/zero")
    return _with_model(here, None)


# --- lists


def _with_list(here: Path, data: bytes | None) -> list[str]:
    photo(here / "a.png")
    if data is not None:
        (here / "l.csv").write_bytes(data)
    return ["explain", "l.csv", *EXPLAIN]


@listing()
def _quote(here: Path) -> list[str]:
    """an open quote before 300,000 rows."""
    return _with_list(here, b'path\n"a.png\n' + b"a.png\n" * 300_000)


@listing()
def _line(here: Path) -> list[str]:
    """a line of 100 MB."""
    return _with_list(here, b"path\n" + b"x" * 10**8)


@listing()
def _list_pipe(here: Path) -> list[str]:
    """a pipe."""
    os.mkfifo(here / "l.csv")
    return _with_list(here, None)


@listing()
def _list_device(here: Path) -> list[str]:
    """a link to /dev/zero."""
    (here / "l.csv").symlink_to("/dev/zero")
    return _with_list(here, None)


@listing()
def _formula(here: Path) -> list[str]:
    """names that are formulas, in a table of ours."""
    photo(here / "=1+1.png")
    photo(here / "@b.png")
    return ["saturation", ".", "--points", "3", "-o", "out"]


# --- ground truth and others' maps


def _with_truth(here: Path, option: str, name: str) -> list[str]:
    photo(here / "photos" / "a.png")
    metric = "completeness" if option == "--maps" else "localisation"
    metric = "aopc" if option == "--maps" else metric
    return ["evaluate", "photos", "--metric", metric, option, name, *EXPLAIN]


@truth()
def _entities(here: Path) -> list[str]:
    """XML whose entities multiply to 10⁹ characters."""
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    (here / "a.xml").write_text(
        f'<!DOCTYPE a [<!ENTITY e0 "x">{entities}]><annotation><filename>&e9;</filename></annotation>'
    )
    return _with_truth(here, "--boxes", "a.xml")


@truth()
def _deep_boxes(here: Path) -> list[str]:
    """JSON nested 200,000 deep."""
    (here / "b.json").write_bytes(b'{"images":' + b"[" * 200_000)
    return _with_truth(here, "--boxes", "b.json")


@truth()
def _boxes_pipe(here: Path) -> list[str]:
    """a pipe as boxes."""
    os.mkfifo(here / "b.json")
    return _with_truth(here, "--boxes", "b.json")


@truth()
def _boxes_device(here: Path) -> list[str]:
    """boxes from /dev/zero."""
    (here / "b.csv").symlink_to("/dev/zero")
    return _with_truth(here, "--boxes", "b.csv")


@truth()
def _mask_bomb(here: Path) -> list[str]:
    """a mask of 60,000 × 60,000 pixels."""
    (here / "masks").mkdir()
    _bomb(here)
    (here / "a.png").rename(here / "masks" / "a.png")
    return _with_truth(here, "--masks", "masks")


@truth()
def _pickled_map(here: Path) -> list[str]:
    """an .npy that is a pickle."""
    (here / "maps").mkdir()
    np.save(here / "maps" / "a.npy", np.array([_Runs()], dtype=object), allow_pickle=True)
    return _with_truth(here, "--maps", "maps")


@truth()
def _map_bomb(here: Path) -> list[str]:
    """an .npz of 2 MB that unpacks to 2 GB."""
    (here / "maps").mkdir()
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f4", "fortran_order": False, "shape": (500_000_000,)})
    with (
        zipfile.ZipFile(here / "maps" / "a.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed,
        packed.open("m.npy", "w", force_zip64=True) as file,
    ):
        file.write(head.getvalue())
        for _ in range(200):
            file.write(bytes(10**7))
    return _with_truth(here, "--maps", "maps")


@truth()
def _map_pipe(here: Path) -> list[str]:
    """a pipe as a map."""
    (here / "maps").mkdir()
    os.mkfifo(here / "maps" / "a.npy")
    return _with_truth(here, "--maps", "maps")


# --- output folders


def _hostile_files(kind: str, name: str, how: str, command: tuple[str, ...]) -> None:
    """One case: ``name`` in the output folder is a pipe, a link or a second name of somebody's file."""

    def make(here: Path) -> list[str]:
        photo(here / "photos" / "a.png")
        photo(here / "photos" / "b.png")
        victim = here / "victim"
        victim.write_text("mine")
        path = here / "out" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if how == "pipe":
            os.mkfifo(path)
        elif how == "link":
            path.symlink_to(victim)
        else:
            path.hardlink_to(victim)
        return [*command, "photos", *(EXPLAIN if command[0] != "saturation" else ["--points", "3", "-o", "out"])]

    CASES.append(
        Case("output folder", f"{kind} that is a {how}", "regular files with one name, opened without waiting", make)
    )


for _how in ("pipe", "link", "hard link"):
    for _kind, _name, _command in (
        ("ledger", ".igcli/explain.jsonl", ("explain",)),
        ("lock", ".igcli/explain.lock", ("explain",)),
        ("settings", ".igcli/explain.json", ("explain",)),
        ("record", "a.json", ("explain", "--overwrite")),
        ("ledger of an evaluation", ".igcli/evaluate.jsonl", ("evaluate", "--metric", "completeness")),
        ("card", "photos/a.json", ("evaluate", "--metric", "completeness", "--overwrite")),
        ("table", "saturation.csv", ("saturation",)),
        ("page", "report.html", ("report",)),
    ):
        _hostile_files(_kind, _name, _how, _command)


# --- downloads


@contextlib.contextmanager
def _server(answer: Callable[[http.server.BaseHTTPRequestHandler], None]) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with contextlib.suppress(OSError):  # the client has gone
                answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/w-12345678.pth"
        server.shutdown()


def _fetched(answer: Callable[[http.server.BaseHTTPRequestHandler], None]) -> Callable[[], None]:
    def fetch_it() -> None:
        from igcli.errors import NetworkUnavailable
        from igcli.models.download import download_file

        with _server(answer) as address:
            try:
                download_file(address, Path("w.pth"), sha256_prefix="12345678", largest=50_000_000)
            except NetworkUnavailable as refused:
                raise SystemExit(print(f"ig: {refused}".splitlines()[0]) or 1) from None

    return fetch_it


@download()
def _never_ends(here: Path) -> Callable[[], None]:
    """a server that never ends."""

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(bytes(1 << 20))

    return _fetched(answer)


@download()
def _drips(here: Path) -> Callable[[], None]:
    """a server that sends a byte a second."""

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000000")
        handler.end_headers()
        while True:
            handler.wfile.write(b"x")
            time.sleep(1)

    return _fetched(answer)


@download()
def _other(here: Path) -> Callable[[], None]:
    """another file than was promised."""

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(b"PK something else")

    return _fetched(answer)
