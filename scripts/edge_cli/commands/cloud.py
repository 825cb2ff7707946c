"""`edge cloud`: options and help. What its commands do is in `edge_cli.cloud_stack`."""

# ruff: noqa: PLC0415  a command imports what it needs when it runs, so that `--help` answers at once
# ruff: noqa: PLR0913  a command has as many parameters as it has options

from typing import Annotated

import typer

from edge_cli.commands.account import Region, account
from edge_cli.commands.options import AsJson, DryRun, Yes, examples, group
from edge_cli.screen.reporting import reporting

app = group(
    "Set up what a fleet needs in AWS: buckets, role, policies.\n\n"
    "CloudFormation creates it from scripts/cloud/fleet.yaml. Every change is shown first."
)

Name = Annotated[
    str,
    typer.Option("--stack", metavar="NAME", help="Stack name; role alias and policies are named after it."),
]
Prefix = Annotated[
    str | None,
    typer.Option(
        "--thing-prefix",
        metavar="TEXT",
        help="Prefix of all core devices' names. Default: the stack's, for a new one orangepi5-core-.",
    ),
]
Timeout = Annotated[
    float,
    typer.Option("--timeout-s", min=0, metavar="SECONDS", help="Longest time to wait for CloudFormation."),
]
_DEFAULT_NAME = "edge-fleet"
_TIMEOUT_S = 1800.0


@app.command(
    epilog=examples(
        "scripts/edge cloud up --thing-prefix orangepi5-core-",
        "scripts/edge cloud up --stack edge-fleet --region ap-northeast-2 --yes --json",
    )
)
def up(
    *,
    stack: Name = _DEFAULT_NAME,
    thing_prefix: Prefix = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    timeout_s: Timeout = _TIMEOUT_S,
    region: Region = None,
    as_json: AsJson = False,
) -> None:
    """Create the stack, or update it.

    Shows the changes, asks, applies them and waits. Adopts buckets that an earlier stack has
    left behind. Running the same command again changes nothing.

    Exits with 1 when nothing was done, 3 when it failed, 4 when it was not finished in time.
    """
    with reporting(as_json=as_json) as screen:
        from edge_cli.cloud_stack import applying
        from edge_cli.cloud_stack.stack import refuse_bad_name
        from edge_cli.cloud_stack.template import refuse_bad_prefix

        refuse_bad_prefix(thing_prefix)
        options = applying.StackOptions(dry_run=dry_run, yes=yes, timeout_s=timeout_s)
        refuse_bad_name(stack)
        with account(screen, region) as aws:
            code = applying.apply(screen, aws, stack, thing_prefix, options)
        raise typer.Exit(code)


@app.command(
    epilog=examples("scripts/edge cloud diff", "scripts/edge cloud diff --thing-prefix press-line- --json")
)
def diff(
    *,
    stack: Name = _DEFAULT_NAME,
    thing_prefix: Prefix = None,
    region: Region = None,
    as_json: AsJson = False,
) -> None:
    """Show what `up` would change.

    The same as `up --dry-run`: creates a change set, reads it and deletes it.
    """
    up(
        stack=stack,
        thing_prefix=thing_prefix,
        yes=False,
        dry_run=True,
        timeout_s=_TIMEOUT_S,
        region=region,
        as_json=as_json,
    )


@app.command(epilog=examples("scripts/edge cloud down --dry-run", "scripts/edge cloud down --yes --json"))
def down(
    *,
    stack: Name = _DEFAULT_NAME,
    yes: Yes = False,
    dry_run: DryRun = False,
    timeout_s: Timeout = _TIMEOUT_S,
    region: Region = None,
    as_json: AsJson = False,
) -> None:
    """Remove the stack; the buckets stay, with everything in them.

    Shows what is removed and what stays, asks, removes the stack and waits.

    Exits with 1 when nothing was done, 3 when it failed, 4 when it was not finished in time.
    """
    with reporting(as_json=as_json) as screen:
        from edge_cli.cloud_stack import applying, removing
        from edge_cli.cloud_stack.stack import refuse_bad_name

        options = applying.StackOptions(dry_run=dry_run, yes=yes, timeout_s=timeout_s)
        refuse_bad_name(stack)
        with account(screen, region) as aws:
            code = removing.remove(screen, aws, stack, options)
        raise typer.Exit(code)
