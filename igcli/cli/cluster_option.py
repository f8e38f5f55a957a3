"""``--cluster``: which photos are no independent samples."""

from __future__ import annotations

import click

cluster_option = click.option(
    "--cluster", default="", metavar="COLUMN",
    help="The column of the list that names each photo's patient, animal or video. Intervals and marks are then over "
         "these: photos of one patient are no independent samples.",
)  # fmt: skip
