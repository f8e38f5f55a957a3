"""The metrics. Importing this package fills the registry, in the order in which they are listed."""

from importlib import import_module

_FILES = (
    "abpc",
    "aopc",
    "completeness",
    "deletion_insertion",
    "diffid",
    "focus",
    "localisation",
    "mas",
    "max_sensitivity",
    "pointing_game",
    "randomisation",
)

for _file in _FILES:
    import_module(f"{__name__}.{_file}")
