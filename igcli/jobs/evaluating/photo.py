"""A photo, or a mosaic of photos, on its way through the metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from igcli.evaluation.maps import MapLike
from igcli.images.picture import Picture
from igcli.jobs.evaluating.card import Card


@dataclass
class Photo:
    """A photo on its way.

    Attributes
    ----------
    name
        Its files' stem below the output folder.
    target
        The class to explain, or ``None`` for the one that is asked for of all.
    fingerprint
        What its maps depend on.
    names
        Of all maps that are to be measured.
    card
        Once it has been explained.
    complete
        Whether the card has all that is asked for, so that the photo need not even be read.
    maps
        Those that are known, by name.
    failure
        Why it was given up, if it was.
    """

    name: str
    target: str | int | None
    fingerprint: str
    names: Sequence[str]
    card: Card | None = None
    complete: bool = False
    maps: dict[str, MapLike] = field(default_factory=dict)
    failure: str = ""
    resumed: bool = field(init=False)
    _picture: Picture | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.resumed = self.card is not None

    def see(self, picture: Picture) -> None:
        """The photo has been read."""
        self._picture = picture

    @property
    def picture(self) -> Picture:
        """As the model sees it."""
        if self._picture is None:
            raise ValueError(f"{self.name} has not been read")
        return self._picture
