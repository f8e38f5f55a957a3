"""Files in folders and archives that contain pictures and are not read: counted by kind, with what can be done.

A file's kind is that of its ending; without one, or with an unknown one, that of its first bytes. Files without
pictures (texts, tables, code) are counted too, and not mentioned.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Container
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from igcli.images.npy_header import LONGEST_HEAD, has_picture_shape
from igcli.images.optional import DICOM, HEIF, readable_optional


@dataclass(frozen=True)
class Kind:
    """Files of some endings, and how to get pictures out of them."""

    name: str
    endings: tuple[str, ...]
    remedy: str


KINDS = (
    Kind("HEIC photos", HEIF.suffixes, f"{HEIF.installing}, or convert them to JPEG"),
    Kind("DICOM", DICOM.suffixes, f"{DICOM.installing}, or export 16-bit TIFF or PNG from the viewer"),
    Kind("volumes", (".nii", ".nii.gz", ".nrrd", ".mha", ".mhd"), "save slices as TIFF or PNG"),
    Kind("arrays", (".npz", ".mat", ".h5", ".hdf5"), "save them as TIFF or PNG, as with Pillow's fromarray"),
    Kind("arrays without a picture's shape", (".npy",), "save each picture as (H, W) or (H, W, C)"),
    Kind("camera raw files", (".dng", ".nef", ".cr2", ".cr3", ".arw", ".raf", ".orf", ".rw2", ".pef", ".srw"),
         "develop them to TIFF or JPEG, as with darktable-cli"),
    Kind("slides", (".svs", ".ndpi", ".czi", ".lif", ".nd2", ".scn", ".mrxs", ".vsi"), "export regions as TIFF or PNG"),
    Kind("other pictures", (".jxl", ".psd", ".xcf", ".exr", ".hdr", ".tga", ".pcx", ".ico"), "convert them to PNG"),
    Kind("films", (".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv"),
         "save frames, as in 'ffmpeg -i a.mp4 %05d.png'"),
    Kind("other archives", (".rar", ".7z"), "unpack them"),
    Kind("archives",
         (".zip", ".tar", ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst", ".tgz", ".tbz", ".tbz2", ".txz", ".tzst"),
         "name them on the command line"),
)  # fmt: skip
"""Files that may contain pictures and are not read in a folder."""

_KIND_OF = {ending: kind for kind in KINDS for ending in kind.endings}
_NESTED = Kind("archives in archives", (), "unpack them")
_UNNAMED = Kind("pictures under other names", (), "name them on the command line, or give them the right ending")

#: The first bytes of pictures; no text begins so.
_BEGINNING = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n\x1a\n|GIF8[79]a|II\*\0|MM\0\*|RIFF.{4}WEBP|BM.{4}\0{4}|\0\0\0.ftyp(hei|mif1|msf1|avi)"
    rb"|\0\0\0\x0c(jP  |JXL )\r\n\x87\n|\xff\x0a|\xff\x4f\xff\x51|.{128}DICM",
    re.DOTALL,
)
_HEAD = 132

#: The table of contents of a DICOM medium: DICOM, and no picture.
_DIRECTORY = "DICOMDIR"


@dataclass
class PassedOver:
    """The files that were passed over, each once.

    Attributes
    ----------
    files
        By path: the ending in lower case (empty where there is none), and the kind if it holds pictures.
    """

    files: dict[str, tuple[str, Kind | None]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether pictures were passed over."""
        return any(kind for _, kind in self.files.values())

    @property
    def counts(self) -> dict[str, int]:
        """How many files of each ending, sorted by ending."""
        return dict(sorted(Counter(ending for ending, _ in self.files.values()).items()))

    def take(self, path: PurePath) -> None:
        """Add a file, or a member of an archive: a path that is no :class:`~pathlib.Path`.

        A file of an unknown ending is opened to see its first bytes.
        """
        ending = ending_of(path)
        kind = _KIND_OF.get(ending)
        if kind is None and isinstance(path, Path) and begins_as_picture(_head(path)):
            kind = None if path.name.upper() == _DIRECTORY else _UNNAMED
        elif kind is not None and not isinstance(path, Path) and kind.name == "archives":
            kind = _NESTED
        self.files[os.path.abspath(path)] = ending, kind  # noqa: PTH100 - resolve() would read every link

    def add(self, others: PassedOver) -> None:
        """Note the others too."""
        self.files.update(others.files)

    def summary(self) -> str:
        """``42 .heic, 3 .dcm (HEIC photos: convert …; DICOM: export …)``."""
        pictures = Counter((ending, kind) for ending, kind in self.files.values() if kind)
        several = sorted(pictures.items(), key=lambda item: (-item[1], item[0][0]))
        counts = ", ".join(f"{count} {ending or 'without an ending'}" for (ending, _), count in several)
        remedies = "; ".join(dict.fromkeys(f"{kind.name}: {kind.remedy}" for (_, kind), _ in several))
        return f"{counts} ({remedies})"


def ending_of(path: PurePath) -> str:
    """The ending in lower case, ``.nii.gz`` and the like as one."""
    name = path.name.lower()
    double = next((ending for ending in _KIND_OF if ending.count(".") > 1 and name.endswith(ending)), "")
    return double or PurePath(name).suffix


def is_picture(path: Path, suffixes: Container[str]) -> bool:
    """Whether a file of a folder is read: by its ending, or by its first bytes where that says too little."""
    suffix = path.suffix.lower()
    if suffix != ".npy":
        return suffix in suffixes or is_dicom_by_content(path)
    try:
        with path.open("rb") as file:
            return has_picture_shape(file.read(LONGEST_HEAD))
    except OSError:
        return True  # the error comes when it is read


def is_dicom_by_content(path: Path) -> bool:
    """Whether a file whose ending says nothing is a DICOM picture, as hospitals' archives name them, that is read."""
    if DICOM not in readable_optional() or ending_of(path) in _KIND_OF or path.name.upper() == _DIRECTORY:
        return False
    return _head(path)[128:] == b"DICM"


def begins_as_picture(head: bytes) -> bool:
    """Whether the first bytes of a file (132 are enough) are those of a picture."""
    return _BEGINNING.match(head) is not None


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError:
        return b""
