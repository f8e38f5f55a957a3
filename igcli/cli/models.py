"""``ig models``: what can be explained, and the layers that can be looked into."""

from __future__ import annotations

import click

from igcli.attribution.views.layer_choice import default_layers
from igcli.cli.console import Console
from igcli.cli.options import Streams, debug_option, stream_options
from igcli.jobs.record import SCHEMA, to_json
from igcli.models.zoo import MODELS, load_model


@click.command()
@click.argument("name", required=False)
@click.option("--layers", is_flag=True, help="List the model's layers, one a line; those of --layers alone are marked.")
@click.option("--offline", is_flag=True, help="Never touch the network.")
@stream_options
@debug_option
def models(name: str | None, *, layers: bool, offline: bool, streams: Streams) -> None:
    """List the models, or the layers of one (of auto, if none is named).

    \b
    Examples:
      ig models
      ig models caltech101 --layers
    """
    with Console(streams) as console:
        if not layers:
            if name is not None:
                MODELS[name]
            for entry in MODELS.entries():
                if name in (None, entry.name):
                    record = {"schema": SCHEMA, "model": {"name": entry.name, "summary": entry.summary}}
                    console.data(to_json(record) if streams.json else f"{entry.name:<12}{entry.summary}")
            return
        model = load_model(name or "auto", device="cpu", offline=offline, warn=console.warn)
        chosen = default_layers(model)
        if streams.json:
            names = {"name": model.provenance.name, "layers": model.layers(), "default_layers": chosen}
            console.data(to_json({"schema": SCHEMA, "model": names}))
            return
        for layer in model.layers():
            console.data(f"{layer}  (default)" if layer in chosen else layer)
