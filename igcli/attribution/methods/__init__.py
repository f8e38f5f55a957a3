"""The attribution methods, one small file each. Importing this package fills the registry."""

from igcli.attribution.methods import gradient as _gradient
from igcli.attribution.methods import integrated as _integrated
from igcli.attribution.methods.method import METHODS, Method

__all__ = ["METHODS", "Method"]

del _gradient, _integrated
