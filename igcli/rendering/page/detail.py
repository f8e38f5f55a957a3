"""How finely a page keeps its photos, so that one photo stays under 3 MB and a folder of them can still be opened."""

from __future__ import annotations

from dataclasses import dataclass

#: The size that a page of several photos aims at, in characters.
PAGE_ROOM = 40_000_000


@dataclass(frozen=True)
class Detail:
    """What is kept of a photo.

    Attributes
    ----------
    frames
        Interior gradients, at most.
    exact
        Photo and maps are kept so that the page's pictures are those of ``ig explain``. Otherwise the photo is a JPEG
        and the maps have 8 bits.
    room
        Characters that pictures and numbers may take. The frames are as fine as the photo and the maps leave room
        for; these two are kept whatever they take.
    """

    frames: int = 60
    exact: bool = True
    room: int = 2_850_000


#: For a few photos: all of it.
FULL = Detail()
#: For dozens: exact maps, fewer frames.
SHORT = Detail(frames=24, room=1_000_000)
#: For hundreds: everything is kept coarsely.
COMPACT = Detail(frames=10, exact=False, room=190_000)


def detail_for(photos: int) -> Detail:
    """The finest detail by which a page of so many photos stays within ``PAGE_ROOM``, or ``COMPACT``."""
    return next((detail for detail in (FULL, SHORT) if photos * detail.room <= PAGE_ROOM), COMPACT)
