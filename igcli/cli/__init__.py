"""The command line: one small module per command. Parses, calls, prints; no science, no drawing."""

from igcli.registry import load_plugins

load_plugins()  # before the commands are imported, which read their choices from the registries
