"""Which account and region of AWS a command is about: the option for it, and the connection."""

# ruff: noqa: PLC0415  a command imports what it needs when it runs, so that `--help` answers at once

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from edge_cli.screen.console import Screen

if TYPE_CHECKING:
    from edge_cli.fleet.aws import Aws

Region = Annotated[
    str | None,
    typer.Option(
        "--region",
        metavar="REGION",
        help="AWS region. Default: AWS_REGION, the profile's, or the one in gdk-config.json.",
    ),
]


@contextmanager
def account(screen: Screen, region: str | None) -> "Iterator[Aws]":
    """Connects to AWS, and notes which account and region it is.

    Raises:
        CommandError: No credentials, or no region.
    """
    from edge_cli import gdk_config
    from edge_cli.fleet.aws import Aws

    with Aws(region, gdk_config.default_region()) as aws:
        screen.note(f"AWS account {aws.account}, region {aws.region}")
        yield aws
