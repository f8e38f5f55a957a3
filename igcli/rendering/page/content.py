"""What a page shows: plain data, small enough to be sent from one process to another.

``photo_page.py`` makes it from an explanation, ``markup.py`` turns it into HTML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from igcli.attribution.completeness import Completeness
from igcli.attribution.result import ScoreEnds
from igcli.attribution.targets import RankedClass, TrueClass
from igcli.models.model import Provenance
from igcli.rendering.scaling import Scale


@dataclass(frozen=True)
class Encoded:
    """A picture file: its bytes, its media type, and its size in pixels."""

    data: bytes
    media_type: str
    width: int
    height: int


@dataclass(frozen=True)
class MapPage:
    """One method's map.

    Attributes
    ----------
    method
        A name in ``METHODS``.
    data
        The packed levels of the importance and of the signed sum, (2, H, W).
    levels
        The level that stands for ``top``; a level q stands for top · q·|q| / levels².
    top
        The largest importance.
    completeness
        That sum compared with the rise of the score.
    steps, gradient_evaluations
        Path points used, and gradients computed.
    """

    method: str
    data: bytes
    levels: int
    top: float
    total: float
    completeness: Completeness
    steps: int
    gradient_evaluations: int


@dataclass(frozen=True)
class FramesPage:
    """The interior gradients' importance at points along the path.

    Attributes
    ----------
    alphas
        (F,), rising.
    data
        The packed levels, (F, H, W).
    levels
        The level that stands for a frame's top; a level q stands for top · (q / levels)².
    tops
        (F,) the largest value of each frame.
    width, height
        In pixels: those of the photo, or half of them.
    """

    alphas: tuple[float, ...]
    data: bytes
    levels: int
    tops: tuple[float, ...]
    width: int
    height: int


@dataclass(frozen=True)
class CurvePage:
    """The score and the mean importance along the path; (N,) each, the points rising."""

    alphas: tuple[float, ...]
    scores: tuple[float, ...]
    mean_importance: tuple[float, ...] | None = None


@dataclass(frozen=True)
class SplitPage:
    """Where the path is split into left and right: α*, the share φ of the rise passed there, the parts' shares."""

    alpha_star: float
    phi: float
    left_share: float | None = None
    right_share: float | None = None


@dataclass(frozen=True)
class PhotoPage:
    """One photo and one class.

    Attributes
    ----------
    name
        The file's name as shown.
    top
        The most probable classes, best first.
    maps
        The first is shown first.
    frames
        The interior gradients, where they were asked for.
    split
        Where most of the score's rise has happened, if it moves.
    notes
        What was done to the photo when it was read, and other remarks.
    truth
        The true class, where it is known.
    """

    name: str
    photo: Encoded
    top: tuple[RankedClass, ...]
    target: RankedClass
    score: ScoreEnds
    maps: tuple[MapPage, ...]
    curve: CurvePage
    frames: FramesPage | None = None
    split: SplitPage | None = None
    notes: tuple[str, ...] = ()
    truth: TrueClass | None = None

    @property
    def characters(self) -> int:
        """The size of its pictures and numbers in base64, without words and curves."""
        blocks = [self.photo.data, *(each.data for each in self.maps)]
        blocks += [] if self.frames is None else [self.frames.data]
        return sum(4 * -(-len(block) // 3) for block in blocks)


@dataclass(frozen=True)
class Cell:
    """A cell of a table: its text, a second line in small type, and whether it is the best of its kind."""

    text: str
    detail: str = ""
    best: bool = False


@dataclass(frozen=True)
class Table:
    """A table as shown; numbers are rounded by the page. The first column names the rows."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell | str | float | None, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"every row of the table {self.title!r} needs {len(self.columns)} cells")


@dataclass(frozen=True)
class Series:
    """A curve of a chart: (N,) points, and the ends of the band around them, where there is one."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] | None = None
    high: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if {len(self.x)} != {len(each) for each in (self.y, self.low, self.high) if each is not None}:
            raise ValueError(f"the numbers of the series {self.name!r} do not fit together")


@dataclass(frozen=True)
class Chart:
    """Curves over a common axis, with what stands on the axes."""

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]


@dataclass(frozen=True)
class Origin:
    """Where the numbers come from: the foot of the page.

    Attributes
    ----------
    settings
        Name to value, as shown. Where ``baseline`` is ``"black"`` and ``path`` ``"straight"``, the photo can
        be dimmed with α.
    versions
        Package to version.
    command
        The command that makes this page.
    caveat
        A warning about this network's predictions, or nothing.
    """

    network: Provenance
    settings: Mapping[str, object] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
    caveat: str = ""


@dataclass(frozen=True)
class ReportPage:
    """All that stands on one page.

    Attributes
    ----------
    style
        The style shown first, as ``style_of`` takes it.
    scale
        What counts as full brightness at first.
    failures
        Sentences on what could not be shown.
    """

    title: str
    origin: Origin
    photos: tuple[PhotoPage, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    style: str = "lit"
    scale: Scale = field(default_factory=Scale)
    failures: tuple[str, ...] = ()


def title_of(name: str) -> str:
    """The heading of a page on explanations, where none is given: of a photo's or folder's name, or of their number."""
    return f"What the prediction depends on: {name}"


#: The most levels of a map: those of int16.
MAP_LEVELS = 32767

#: The size that a page of several photos aims at, in characters.
PAGE_ROOM = 40_000_000


@dataclass(frozen=True)
class Detail:
    """How finely a photo is kept, so that one stays under 3 MB and a page of a folder of them can still be opened.

    Attributes
    ----------
    frames
        Interior gradients, at most.
    exact
        The photo is kept to the pixel, and maps in 32767 levels. Otherwise it is a JPEG, and maps have 127 levels.
    room
        Characters that pictures and numbers may take. The photo and the maps are kept at any size; the frames get
        the rest.
    """

    frames: int = 60
    exact: bool = True
    room: int = 2_850_000

    @property
    def levels(self) -> int:
        """Of a map."""
        return MAP_LEVELS if self.exact else 127


#: For a few photos: all of it.
FULL = Detail()
#: For dozens: exact maps, fewer frames.
SHORT = Detail(frames=24, room=1_000_000)
#: For hundreds: everything is kept coarsely.
COMPACT = Detail(frames=10, exact=False, room=190_000)


def detail_for(photos: int) -> Detail:
    """The finest detail by which a page of so many photos stays within ``PAGE_ROOM``, or ``COMPACT``."""
    return next((detail for detail in (FULL, SHORT) if photos * detail.room <= PAGE_ROOM), COMPACT)
