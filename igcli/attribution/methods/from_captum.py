"""What all methods of Captum share: where to get it, and the network as Captum wants it.

The methods themselves are Captum's own code (the extra ``igcli[captum]``).
"""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from igcli.attribution.methods.network_copy import OnNetworkCopy
from igcli.errors import UsageError


class FromCaptum(OnNetworkCopy):
    """A method that Captum computes, at the photo itself rather than along the path."""

    computed_by = "Captum"

    @classmethod
    def check_available(cls) -> None:
        """Raise ``UsageError`` with how to install the extra."""
        if find_spec("captum") is None:
            raise UsageError('This method is computed by Captum, which is not installed: pip install "igcli[captum]".')


def captum_attr() -> Any:
    """Captum's package of methods; imported here alone, as it is large and optional."""
    import captum.attr

    return captum.attr
