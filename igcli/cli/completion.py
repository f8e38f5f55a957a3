"""What a shell completes where an option's own type does not know it: files, names of models, baselines.

Only lists that need no torch are read: a person waits for them.
"""

from __future__ import annotations

from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem


def files(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files and folders, as the shell itself completes them."""
    return [CompletionItem(incomplete, type="file")]


def model_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of registered models, not of torchvision's, which would have to be imported; files if there are none."""
    from igcli.models.sources import MODELS

    return _starting(MODELS, incomplete) or files(ctx, param, incomplete)


def baseline_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of baselines; files where there are none."""
    import igcli.images.baselines  # noqa: F401 - fills the registry
    from igcli.sample import BASELINES

    return _starting(BASELINES, incomplete) or files(ctx, param, incomplete)


def path_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Names of paths; files where there are none."""
    from igcli.attribution.paths.kind import PATHS

    return _starting(PATHS, incomplete) or files(ctx, param, incomplete)


def _starting(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in sorted(names) if name.startswith(incomplete)]
