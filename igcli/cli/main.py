"""``ig``: the group of commands, and the one place where errors become sentences."""

from __future__ import annotations

import sys
import traceback

import click

from igcli.cli.ablate import ablate
from igcli.cli.animate import animate
from igcli.cli.check import check
from igcli.cli.compare import compare
from igcli.cli.console import printable
from igcli.cli.evaluate import evaluate
from igcli.cli.explain import explain
from igcli.cli.models import models
from igcli.cli.options import debug_option
from igcli.cli.plugins import plugins
from igcli.cli.report import report
from igcli.cli.saturation import saturation
from igcli.cli.weights import weights
from igcli.errors import IgError


class Commands(click.Group):
    """A group whose commands end in sentences, not tracebacks."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; exit 130 when interrupted."""
        try:
            return super().invoke(ctx)
        except IgError as error:
            if ctx.meta.get("igcli.debug"):
                traceback.print_exc()
            click.echo(f"{click.style('ig:', fg='red')} {printable(str(error))}", err=True)
            ctx.exit(error.exit_status)
        except KeyboardInterrupt:
            click.echo("\nInterrupted. What was written is whole; the same command over a folder goes on.", err=True)
            ctx.exit(130)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="igcli", message="%(prog)s %(version)s")
@debug_option
def ig() -> None:
    """See what an image classifier looked at.

    \b
    Examples:
      ig explain photo.jpg
      ig explain photos/ --recursive -o maps --style heat
      ig animate photo.jpg --side-by-side
      ig saturation photos/
      ig explain cat.jpg --target "tabby" --target "Egyptian cat" --panel
    """


for command in (explain, animate, saturation, compare, ablate, evaluate, report, check, models, weights, plugins):
    ig.add_command(command)


def main() -> None:
    """The entry point of the console script."""
    try:
        ig.main(prog_name="ig")
    except BrokenPipeError:  # the reader of a pipe has gone: not our error, nothing left to say
        sys.stderr.close()
        sys.exit(1)
