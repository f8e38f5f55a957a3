"""The kinds of path. Importing this package fills the registry, in the order in which they are listed."""

from importlib import import_module

_FILES = ("straight", "spectral", "blurred")

for _file in _FILES:
    import_module(f"{__name__}.{_file}")
