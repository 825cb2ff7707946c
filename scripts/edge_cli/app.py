"""`edge`: the words, their options and their help. What they do is elsewhere; imported when it is called."""

# ruff: noqa: PLC0415  a command imports what it needs when it runs, so that `--help` answers at once
# ruff: noqa: PLR0913  a command has as many parameters as it has options

import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException
from typer.main import get_command

from edge_cli.commands import build, cloud, component, core, deployment, fleet, lint, look, spool
from edge_cli.commands.options import AsJson, Root, examples, group
from edge_cli.exit_codes import ExitCode
from edge_cli.screen.reporting import complain, reporting
from local_core.settings import Flavor

_START = "Start here"
_CORE = "The core and what runs on it"
_FLEET = "Devices in the field, through AWS"

app = group(
    "Bring sensor readings to the cloud, with a Greengrass core on this laptop.\n\n"
    "What you learn here works on a device: `deployment` and `component` take the flags of "
    "greengrass-cli. Every command takes --json."
)


def main(arguments: list[str]) -> int:
    """Run one command line; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without UTF-8 gets ? for ·, not a traceback
    try:
        code = get_command(app)(arguments, prog_name="scripts/edge", standalone_mode=False)
    except TyperException as error:
        # A wrong word or option. The message alone, and where to read on: the usage would only bury it.
        context = getattr(error, "ctx", None)
        read_on = f" Try: {context.command_path} --help" if context else ""
        message = error.format_message().replace("Value error, ", "")  # the validator's word, not a person's
        stop = "" if message.endswith((".", "?", "!")) else "."
        complain(f"{message}{stop}{read_on}", as_json="--json" in arguments)
        return error.exit_code
    return code if isinstance(code, int) else 0


@app.command(
    rich_help_panel=_START,
    epilog=examples(
        "scripts/edge demo",
        "scripts/edge demo --duration 20 --report report.json",
        "scripts/edge demo --duration 20 --outage 8",
        "scripts/edge demo --duration 20 --outage 8 --flavor lite",
    ),
)
def demo(
    *,
    duration: Annotated[
        float | None,
        typer.Option(min=1, metavar="SECONDS", help="How long to watch. Default: until Ctrl-C."),
    ] = None,
    outage: Annotated[
        float | None,
        typer.Option(min=0.1, metavar="SECONDS", help="Cut off IoT Core for so long, halfway through."),
    ] = None,
    flavor: Annotated[Flavor, typer.Option(help="Nucleus that the core imitates.")] = Flavor.CLASSIC,
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write the results to this file, as JSON.", dir_okay=False),
    ] = None,
    root: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="New folder for the core, kept afterwards. Default: a temporary one."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run everything at once: readings of this machine, in the cloud.

    Starts a fresh core, builds and deploys the publisher and the subscriber, shows what arrives, counts at
    both
    ends, and takes everything down again. Ctrl-C ends it cleanly at any time.

    Exits with 0 when everything that was produced has arrived.
    """
    with reporting(as_json=as_json) as screen:
        from edge_cli.demo import show

        show.show(screen, show.options(duration, outage, flavor, root), report)


@app.command(
    rich_help_panel=_START,
    epilog=examples("scripts/edge doctor", "sudo scripts/edge doctor", "scripts/edge doctor --json"),
)
def doctor(*, root: look.PlaceRoot = None, as_json: AsJson = False) -> None:
    """Check that a core has all it needs, on the laptop or on a board.

    On a board, checks nucleus, Python, user, disk, clock, ports, roles, and builds. Says how to repair
    what is missing. Exits with 1 when a core could not run.
    """
    with reporting(as_json=as_json) as screen:
        from edge_cli.doctor import laptop as physician

        with screen.working("Looking around"):
            checks = physician.examine(root)
        if not physician.show(screen, checks):
            raise typer.Exit(ExitCode.NOT_DONE)


app.add_typer(core.app, name="core", rich_help_panel=_CORE)


app.command("build", rich_help_panel=_CORE, epilog=build.EPILOG)(build.build)
app.command("lint", rich_help_panel=_CORE, epilog=lint.EPILOG)(lint.lint)
app.add_typer(deployment.app, name="deployment", rich_help_panel=_CORE)
app.add_typer(component.app, name="component", rich_help_panel=_CORE)


@app.command(
    rich_help_panel=_CORE,
    epilog=examples(
        "scripts/edge run mqtt_publisher --check",
        "scripts/edge run mqtt_publisher --dry-run --set sensor.source=host --set publish_interval_s=1",
        "scripts/edge run mqtt_publisher",
    ),
)
def run(
    *,
    component: Annotated[str, typer.Argument(metavar="COMPONENT", help="Folder or component name.")],
    check: Annotated[
        bool, typer.Option("--check", help="Check the configuration and end; open no connection.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="Do one unit of work and end.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print messages and objects instead of sending them.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Log more.")] = False,
    change: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="Change a setting; KEY may be nested: a.b. Repeatable."
        ),
    ] = None,
    root: Root,
    as_json: AsJson = False,
) -> None:
    """Run one component on this machine, without deploying it.

    It gets the settings of its recipe and, when a core runs, a connection to it. Its exit code is this
    command's. With --json its output goes to stderr.
    """
    with reporting(as_json=as_json) as screen:
        from edge_cli import project
        from edge_cli.core import run_component

        flags = {"--check": check, "--once": once, "--dry-run": dry_run, "--debug": debug}
        prepared = run_component.prepare(
            project.find_component(component),
            root,
            [flag for flag, given in flags.items() if given],
            change or [],
        )
        screen.note(prepared.core)
        code = run_component.run(prepared, quiet_stdout=as_json)
        if advice := run_component.advice(prepared, code):
            screen.note(advice)
        if as_json:
            screen.emit({"exit_code": code, "settings": prepared.settings, "core": prepared.core})
        raise typer.Exit(code if code >= 0 else 128 - code)


app.command("publish", rich_help_panel=_FLEET, epilog=fleet.PUBLISH_EPILOG)(fleet.publish)
app.command("deploy", rich_help_panel=_FLEET, epilog=fleet.DEPLOY_EPILOG)(fleet.deploy)
app.command("deployments", rich_help_panel=_FLEET, epilog=fleet.DEPLOYMENTS_EPILOG)(fleet.deployments)
app.add_typer(cloud.app, name="cloud", rich_help_panel=_FLEET)
app.add_typer(look.app)
app.add_typer(spool.app, name="spool", cls=spool.ShowByDefault, rich_help_panel="Look and try")
