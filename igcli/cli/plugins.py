"""``ig plugins``: which other packages add something, what, and which of them could not be loaded."""

from __future__ import annotations

from dataclasses import asdict

from igcli.cli.console import Console
from igcli.cli.help import command
from igcli.cli.options import Streams, debug_option, stream_options
from igcli.jobs.outputs.record import new_record
from igcli.registry import PLUGINS, load_plugins


@command()
@stream_options
@debug_option
def plugins(*, streams: Streams) -> None:
    """List the plug-ins that add models, methods or metrics.

    A plug-in is a package with an entry point in the group igcli.plugins; one that cannot be loaded is ignored, and
    listed here with the reason.

    \b
    Examples:
      ig plugins
    """
    with Console(streams) as console:
        found = load_plugins()
        for plugin in found:
            added = ", ".join(plugin.registered) or "nothing"
            line = f"{plugin.name}  {plugin.package} {plugin.version}  {added}"
            console.say(new_record(plugin=asdict(plugin)), line)
            if plugin.error and not streams.json:
                console.fail(f"{plugin.name}: {plugin.error}")
        if not found:
            console.note(f"No package brings a plug-in (an entry point in the group {PLUGINS}).")
