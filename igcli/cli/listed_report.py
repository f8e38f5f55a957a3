"""``ig report FOLDER`` of a folder with the records of texts or molecules: their page, without a network."""

from __future__ import annotations

from pathlib import Path

import click

from igcli.cli.console import Console
from igcli.cli.options import Streams, typed_options
from igcli.errors import UsageError
from igcli.jobs.files import check_writable
from igcli.jobs.outputs.list_report import Listed, room_words, write_list_report
from igcli.jobs.outputs.record import new_record, typed
from igcli.jobs.outputs.report import check_free
from igcli.rendering.page.content import title_of

#: What of ig report's own options such a page takes.
_TAKEN = {"paths", "output", "title", "overwrite", "json", "quiet", "verbose", "debug"}


def report_list(listed: Listed, output: Path, streams: Streams, *, title: str | None, overwrite: bool) -> None:
    """Write the page.

    Raises
    ------
    UsageError
        For options that such a page cannot heed, since nothing is computed; for a folder without a record.
    """
    if refused := typed_options(name for name in click.get_current_context().params if name not in _TAKEN):
        kind = listed.kinds[0]
        raise UsageError(
            f"{listed.folder} has the records of {kind}s, which are shown as they are: leave {', '.join(refused)} out, "
            f"or explain again with ig {kind}."
        )
    with Console(streams) as console:
        check_writable(output.parent)
        check_free(output, overwrite=overwrite)
        name = title or title_of(listed.folder.resolve().name)
        failures = listed.failures()
        count, left_out = write_list_report(
            output, listed.records(), folder=listed.folder, title=name, command=typed(), failures=failures
        )
        if not count:
            raise UsageError(f"{listed.folder} has no record of a text or molecule: explain some first.")
        size = output.stat().st_size / 1e6
        counted = f"{count - left_out} {' and '.join(kind + 's' * (count > 1) for kind in listed.kinds)}"
        record = new_record(report=str(output), photos=0, entries=count - left_out, failed=len(failures))
        console.say(record, f"{counted}  -> {output} ({size:.1f} MB){room_words(left_out)}")
