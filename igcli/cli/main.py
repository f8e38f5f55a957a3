"""``ig``: the group of commands, and the one place where errors become sentences."""

from __future__ import annotations

import importlib
import traceback

import click

from igcli.cli import startup
from igcli.cli.console import printable
from igcli.cli.defaults import variables_used
from igcli.cli.groups import SuggestingGroup
from igcli.cli.options import debug_option
from igcli.cli.streams import escaped, guarded
from igcli.errors import IgError

#: Each is a function in a module of its own name, which is not imported before it is asked for.
COMMANDS = (
    "explain", "animate", "saturation", "compare", "ablate", "evaluate", "report", "text", "molecule", "check",
    "models", "weights", "plugins",
)  # fmt: skip


class Commands(SuggestingGroup):
    """A group whose commands end in sentences, not tracebacks; with ``--json`` in one line of JSON as well."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read ``ig help COMMAND`` as ``ig COMMAND --help``."""
        ctx.meta["igcli.arguments"] = tuple(args)
        return super().parse_args(ctx, [*args[1:], "--help"] if args[:1] == ["help"] else args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in alphabetical order."""
        return sorted({*COMMANDS, *self.commands})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, imported now if it was not before."""
        if cmd_name in COMMANDS and cmd_name not in self.commands:
            self.add_command(getattr(importlib.import_module(f"igcli.cli.{cmd_name}"), cmd_name))
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; exit 130 when interrupted."""
        try:
            return super().invoke(ctx)
        except IgError as error:
            if ctx.meta.get("igcli.debug"):
                traceback.print_exc()
            click.echo(f"{click.style('ig:', fg='red')} {printable(str(error))}", err=True)
            if variables := variables_used(ctx):
                click.echo(variables, err=True)
            _print_json(ctx, str(error))
            ctx.exit(error.exit_status)
        except click.ClickException as error:  # which click prints on stderr
            _print_json(ctx, error.format_message())
            raise
        except KeyboardInterrupt:
            click.echo("\nInterrupted. What was written is whole; the same command over a folder goes on.", err=True)
            ctx.exit(130)


def _print_json(ctx: click.Context, error: str) -> None:
    """Print the error as a line of JSON on stdout, with ``--json``."""
    given = ctx.meta["igcli.arguments"]
    typed = "--json" in given[: given.index("--")] if "--" in given else "--json" in given
    if typed or ctx.meta.get("igcli.json"):
        from igcli.jobs.outputs.record import new_record, to_json

        click.echo(escaped(to_json(new_record(error=error))))


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="igcli", message="%(prog)s %(version)s")
@debug_option
def ig() -> None:
    """Show what an image classifier's prediction depends on.

    \b
    Examples:
      ig explain photo.jpg
      ig explain photos/ --recursive -o maps --style heat
      ig animate photo.jpg --side-by-side
      ig saturation photos/
      ig explain cat.jpg --target "tabby" --target "Egyptian cat" --panel
      ig explain --sample coffee

    Options have defaults of your own in variables (IGCLI_MODEL, IGCLI_EXPLAIN_STYLE) and in igcli.toml, or
    [tool.igcli] in pyproject.toml, of the current folder. The command line comes first.
    """


def main() -> None:
    """The entry point of the console script."""
    startup.before_imports()
    try:
        with guarded():
            ig.main(prog_name="ig")
    finally:
        startup.before_exit()
