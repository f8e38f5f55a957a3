"""Without RDKit nothing here can be tested."""

from __future__ import annotations

import pytest

pytest.importorskip("rdkit", reason="molecules need igcli[molecules]")
