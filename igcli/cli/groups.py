"""A group of commands that suggests similar names for an unknown one."""

from __future__ import annotations

import difflib

import click

from igcli.cli.defaults import WithDefaults


class SuggestingGroup(WithDefaults, click.Group):
    """A group whose error for an unknown command names those of similar spelling."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names; ends with similar names where there is none."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            near = difflib.get_close_matches(name.lower(), self.list_commands(ctx), n=3)
            hint = f"Did you mean {' or '.join(near)}?" if near else f"'{ctx.command_path} --help' lists the commands."
            ctx.fail(f"There is no command {name!r}. {hint}")
        return super().resolve_command(ctx, args)
