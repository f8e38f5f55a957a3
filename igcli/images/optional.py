"""Formats that are read by packages which only an extra brings: their endings, whether the package is there, its name.

Nothing is imported here. Without the package, files of the format are passed over in folders and archives, and refused
in a sentence where they are named.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

from igcli.images.source import IMAGE_SUFFIXES


@dataclass(frozen=True)
class OptionalFormat:
    """A format of ``signatures.picture_kind``, the package that reads it, and the extra that brings the package."""

    kind: str
    package: str
    extra: str
    suffixes: tuple[str, ...]

    @property
    def installing(self) -> str:
        """How to get the package, as a clause."""
        return f'pip install "igcli[{self.extra}]" to read this format'


DICOM = OptionalFormat("DICOM", "pydicom", "medical", (".dcm", ".dicom", ".ima"))
HEIF = OptionalFormat("HEIF", "pillow_heif", "heic", (".heic", ".heif", ".hif"))
OPTIONAL_FORMATS = (DICOM, HEIF)


@cache
def has_package(package: str) -> bool:
    """Whether a package can be imported."""
    return find_spec(package) is not None


def readable_optional() -> tuple[OptionalFormat, ...]:
    """The formats whose packages are installed."""
    return tuple(form for form in OPTIONAL_FORMATS if has_package(form.package))


def picture_suffixes() -> frozenset[str]:
    """Endings, in lower case, by which a picture in a folder or an archive is recognised on this machine."""
    return IMAGE_SUFFIXES.union(*(form.suffixes for form in readable_optional()))
