"""Which text model a name means: ``language``, ``hf:FOLDER`` or ``hf:ID``, ``FILE.py:FUNCTION``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from igcli.errors import UsageError
from igcli.text.model import TextModel

BUNDLED = "language"


@dataclass(frozen=True)
class TextModelChoice:
    """Which text model, and where to compute.

    Attributes
    ----------
    arguments
        For the function that makes a network of one's own.
    """

    name: str = BUNDLED
    device: str = "auto"
    offline: bool = False
    arguments: Mapping[str, Any] = field(default_factory=dict)


def load_text_model(choice: TextModelChoice) -> TextModel:
    """The model that a name means.

    Raises
    ------
    UsageError
        For a name that means none.
    WeightsError
        When it cannot be loaded.
    """
    name = choice.name
    if choice.arguments and (name == BUNDLED or name.startswith("hf:")):
        raise UsageError(f"{name} takes no --model-arg: a function of your own does.")
    if name == BUNDLED:
        from igcli.text.language import load_language

        return load_language(choice.device)
    if name.startswith("hf:"):
        from igcli.text.hugging_face import load_hugging_face

        return load_hugging_face(name, device=choice.device, offline=choice.offline)
    if ":" in name:
        from igcli.text.own import load_own

        return load_own(name, device=choice.device, arguments=choice.arguments)
    raise UsageError(
        f"There is no text model called {name!r}: give language (bundled), hf:FOLDER or hf:ID, or FILE.py:FUNCTION."
    )
