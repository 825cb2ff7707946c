"""`edge publish`, `deploy` and `deployments`: options and help. What they do is in `edge_cli.fleet`."""

# ruff: noqa: PLC0415  a command imports what it needs when it runs, so that `--help` answers at once
# ruff: noqa: PLR0913  a command has as many parameters as it has options

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from edge_cli import configuration_option, project
from edge_cli.commands.account import Region, account
from edge_cli.commands.options import AsJson, DryRun, Yes, examples
from edge_cli.deploy_options import DeployOptions
from edge_cli.errors import CommandError
from edge_cli.screen.reporting import reporting
from edge_cli.targets import DEVICE_PYTHON, Architecture, PythonVersion, choose

PUBLISH_EPILOG = examples(
    "scripts/edge publish",
    "scripts/edge publish mqtt_publisher --version next",
    "scripts/edge publish --arch aarch64 --arch x86_64 --python 3.12",
    "scripts/edge publish --bucket my-artifacts --region ap-northeast-2 --dry-run",
)
DEPLOY_EPILOG = examples(
    "scripts/edge deploy mqtt_publisher mqtt_subscriber --local",
    "scripts/edge deploy mqtt_publisher --local --host orangepi@192.168.0.20",
    "scripts/edge deploy mqtt_publisher --group orangepis --dry-run",
    "scripts/edge deploy mqtt_publisher=1.2.0 --thing orangepi5-core-001",
    "scripts/edge deploy --group orangepis --remove mqtt_subscriber --yes",
    "scripts/edge deploy --thing orangepi5-core-001 --configuration \\",
    """     '{"com.example.MqttPublisher": {"MERGE": {"settings": {"publish_interval_s": "1"}}}}'""",
)
DEPLOYMENTS_EPILOG = examples(
    "scripts/edge deployments --group orangepis",
    "scripts/edge deployments --thing orangepi5-core-001 --json",
)

BuildFolder = Annotated[
    Path,
    typer.Option(
        "--build",
        metavar="DIR",
        default_factory=lambda: project.BUILD_OUTPUT,
        show_default=False,
        help="Output of `edge build`. Default: greengrass-build.",
    ),
]
Thing = Annotated[str | None, typer.Option("--thing", metavar="NAME", help="Thing name of a core device.")]
Group = Annotated[str | None, typer.Option("--group", metavar="NAME", help="Name of a thing group.")]


def publish(
    *,
    components: Annotated[
        list[str] | None,
        typer.Argument(metavar="COMPONENT", help="Folder or component name. Default: all that were built."),
    ] = None,
    bucket: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Bucket for artifacts. Default: that of gdk-config.json, with -REGION-ACCOUNT.",
        ),
    ] = None,
    arch: Annotated[
        list[Architecture] | None,
        typer.Option("--arch", help="Processor of the devices, repeatable. Default: aarch64."),
    ] = None,
    python: Annotated[PythonVersion, typer.Option("--python", help="Python on the devices.")] = DEVICE_PYTHON,
    version: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION|next",
            help="Version to publish; next: the first that is free. Default: the one that was built.",
        ),
    ] = None,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Take over a component of another publisher.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything and change nothing.")] = False,
    build: BuildFolder,
    region: Region = None,
    as_json: AsJson = False,
) -> None:
    """Publish built components as component versions in AWS.

    Checks all components before it changes anything: the artifacts are unchanged since the build, the
    versions are free, the bucket exists. Then uploads, creates the versions and waits until they can be
    deployed. Skips what is already published with the same content, under the same version or a later one.
    Publishes only builds for the devices' processors and Python: --arch, --python.

    A published version never changes. For changed content set ComponentVersion in the recipe and build again,
    or use --version next.
    """
    with reporting(as_json=as_json) as screen:
        from edge_cli.building import builds
        from edge_cli.building.names import checked_version
        from edge_cli.fleet import admission, publishing, views

        chosen = builds.chosen(components or [], build)
        targets = choose(arch or [Architecture.AARCH64], python)
        if version not in {None, admission.NEXT}:
            checked_version(str(version))
        with account(screen, region) as aws:
            with screen.working("Checking"):
                admitted = admission.plan(
                    aws, admission.PublishRequest(chosen, targets, bucket, version, adopts=adopt)
                )
            if dry_run:
                done = publishing.foreseen(aws, admitted)
            else:
                with screen.working("Publishing") as update:
                    done = publishing.publish(aws, admitted, update)
        screen.show([asdict(one) for one in done], lambda: views.published(done))


def deploy(
    *,
    components: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="COMPONENT[=VERSION]",
            help="Folder or component name. Default version: the newest that is published.",
        ),
    ] = None,
    thing: Thing = None,
    group: Group = None,
    local: Annotated[
        bool, typer.Option("--local", help="Deploy without AWS, to the nucleus of this board or of --host.")
    ] = False,
    host: Annotated[
        str | None,
        typer.Option("--host", metavar="USER@BOARD", help="With --local: deploy to this board, over ssh."),
    ] = None,
    root: Annotated[
        Path | None,
        typer.Option(
            "--root",
            "--ggcRootPath",
            metavar="DIR",
            help="With --local: the nucleus's folder. Default: $GGC_ROOT_PATH, then /greengrass/v2.",
        ),
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="NAME", help="Remove a component. Repeatable.")
    ] = None,
    change: Annotated[
        str | None,
        typer.Option(
            "--configuration", metavar="JSON|FILE", help='{"NAME": {"MERGE": {…}, "RESET": ["/pointer"]}}'
        ),
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    again: Annotated[
        bool, typer.Option("--again", help="Deploy even if nothing changes: devices try again.")
    ] = False,
    base: Annotated[
        str | None,
        typer.Option(
            "--base",
            metavar="DEPLOYMENT_ID",
            help="Start from this deployment instead of the latest.",
        ),
    ] = None,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help="Only note settings that would be refused.")
    ] = False,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait for the outcome on the devices.")
    ] = True,
    timeout_s: Annotated[
        float, typer.Option("--timeout-s", min=0, metavar="SECONDS", help="Longest time to wait.")
    ] = 900,
    build: BuildFolder,
    region: Region = None,
    as_json: AsJson = False,
) -> None:
    """Deploy to a device or a group through AWS, or with --local to a board.

    Changes the target's deployment instead of replacing it: components that are not named stay, with their
    versions, configurations and policies. Without COMPONENT, --remove, --configuration and --base it deploys
    everything that was built. Shows what changes and asks. Running the same command again changes nothing
    and continues to wait.

    Refuses settings with which a component would not start and settings that it does not have, before
    anything changes; with --unchecked, and for versions that are not the ones here, it only notes them. Never
    starts from a cancelled deployment unless --base names it. --base alone goes back to that deployment.

    With --local the board's own greengrass-cli (ggl-cli on Lite) gets what was built, and takes it back when
    it fails. A version that the board has with other content is refused, so is a build for another Python;
    grants that are not the recipe's any more are reset.

    Exits with 1 when nothing was done, 3 when a device failed, 4 when not all were through in time.
    """
    with reporting(as_json=as_json) as screen:
        options = DeployOptions(dry_run=dry_run, yes=yes, again=again, timeout_s=timeout_s if wait else None)
        if local:
            from edge_cli.device import command

            command.refuse_unclear({"--thing": thing, "--group": group, "--region": region, "--base": base})
            words = command.Words(components or [], build, remove or [], change, host, root, unchecked)
            raise typer.Exit(command.deploy(screen, words, options))
        if host or root:
            raise CommandError("--host and --root say which board, so they go with --local. Add it.")
        from edge_cli.fleet import deploying, planning, target

        target.refuse_unclear(thing, group)
        request = planning.DeployRequest(
            components or [],
            remove or [],
            configuration_option.parse("--configuration", change),
            build,
            base,
            again,
            unchecked,
        )
        with account(screen, region) as aws:
            with screen.working("Looking at what is there"):
                made = planning.plan(aws, target.find(aws, thing, group), request)
            code = deploying.deploy(screen, aws, made, options)
        raise typer.Exit(code)


def deployments(
    *,
    thing: Thing = None,
    group: Group = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, metavar="N", help="Largest number of deployments to show.")
    ] = 10,
    region: Region = None,
    as_json: AsJson = False,
) -> None:
    """Show the deployments to a device or a group in AWS.

    Lists the newest first with their components, then the status of the latest on each device. For a thing
    also what it gets through its groups.
    """
    with reporting(as_json=as_json) as screen:
        from edge_cli.fleet import history, target, views

        target.refuse_unclear(thing, group)
        with account(screen, region) as aws, screen.working("Asking AWS"):
            found = history.read(aws, target.find(aws, thing, group), limit)
        screen.show(asdict(found), lambda: views.history(found))
