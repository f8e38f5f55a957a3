"""The attribution methods. Importing this package fills the registry, in the order in which they are listed."""

from importlib import import_module

_FILES = (
    *("integrated", "along_path", "split", "decision", "idgi", "guided_integrated", "ig2"),
    *("gradient", "grad_cam", "captum"),
)

for _file in _FILES:
    import_module(f"{__name__}.{_file}")
