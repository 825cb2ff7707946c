"""`scripts/edge deployment …`: greengrass-cli's words and flags; reading the flags is in deployments."""

# ruff: noqa: PLC0415  a command imports what it needs when it runs, so that `--help` answers at once
# ruff: noqa: PLR0913  a command has as many parameters as it has options

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from edge_cli import configuration_option
from edge_cli.commands.options import AsJson, Root, examples, group
from edge_cli.core.deployments import (
    DeploymentRequest,
    FailurePolicy,
    existing_folder,
    parse_merge,
    parse_run_with,
)
from edge_cli.errors import CommandError
from edge_cli.exit_codes import ExitCode
from edge_cli.screen.reporting import reporting

app = group("Manage local deployments, as greengrass-cli does.")

DeploymentId = Annotated[str, typer.Option("--deploymentId", "-i", metavar="ID", help="The deployment's id.")]


@app.command(
    epilog=examples(
        "scripts/edge build",
        "scripts/edge deployment create -r greengrass-build/recipes -a greengrass-build/artifacts \\",
        "     -m com.example.MqttPublisher=1.0.0 --wait",
        "scripts/edge deployment create -m com.example.MqttPublisher=1.0.0 -c '{",
        """     "com.example.MqttPublisher": {"MERGE": {"settings": {"publish_interval_s": "1"}}}}'""",
        "scripts/edge deployment create --remove com.example.MqttPublisher",
    )
)
def create(
    *,
    root: Root,
    recipe_dir: Annotated[
        Path | None,
        typer.Option("--recipeDir", "-r", metavar="DIR", help="Folder of recipes, with subfolders."),
    ] = None,
    artifact_dir: Annotated[
        Path | None,
        typer.Option(
            "--artifactDir", "-a", metavar="DIR", help="Folder of artifacts: COMPONENT/VERSION/FILES."
        ),
    ] = None,
    merge: Annotated[
        list[str] | None,
        typer.Option("--merge", "-m", metavar="NAME=VERSION", help="Add or change a component. Repeatable."),
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="NAME", help="Remove a component. Repeatable.")
    ] = None,
    update_config: Annotated[
        str | None,
        typer.Option(
            "--update-config",
            "-c",
            metavar="JSON|FILE",
            help='{"NAME": {"MERGE": {…}, "RESET": ["/pointer"]}}',
        ),
    ] = None,
    group_id: Annotated[
        str | None,
        typer.Option("--groupId", "-g", metavar="NAME", help="Thing group that the deployment belongs to."),
    ] = None,
    run_with: Annotated[
        list[str] | None,
        typer.Option(
            "--runWith",
            metavar="NAME:posixUser=USER[:GROUP]",
            help="User that a component runs as. Repeatable.",
        ),
    ] = None,
    system_limits: Annotated[
        str | None,
        typer.Option("--systemLimits", metavar="JSON|FILE", help='{"NAME": {"cpus": 1.5, "memory": 262144}}'),
    ] = None,
    failure_policy: Annotated[
        FailurePolicy,
        typer.Option("--failure-handling-policy", "-fp", help="What to do when the deployment fails."),
    ] = FailurePolicy.DO_NOTHING,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for the outcome; exit with 1 when it fails.")
    ] = False,
    timeout_s: Annotated[
        float, typer.Option("--timeout-s", min=0, metavar="SECONDS", help="Longest time that --wait waits.")
    ] = 120,
    as_json: AsJson = False,
) -> None:
    """Deploy, update or remove components on the running core.

    Returns when the core has accepted the deployment, as greengrass-cli does. With `--wait` it waits for the
    outcome.
    """
    with reporting(as_json=as_json) as screen:
        request = DeploymentRequest(
            recipe_folder=existing_folder("--recipeDir", recipe_dir),
            artifact_folder=existing_folder("--artifactDir", artifact_dir),
            merge=parse_merge(merge or []),
            remove=tuple(remove or []),
            update_config=configuration_option.parse("--update-config", update_config),
            run_with=parse_run_with(run_with or [], system_limits),
            group=group_id,
            failure_policy=failure_policy,
        )
        if request == DeploymentRequest(group=group_id, failure_policy=failure_policy):
            raise CommandError(
                "There is nothing to deploy. Name something: --merge NAME=VERSION, --remove NAME or "
                "--update-config JSON."
            )
        from edge_cli.core import deployment_advice
        from edge_cli.core.deployment_wait import await_outcome
        from edge_cli.core.greengrass_ipc import CoreConnection
        from edge_cli.screen import views

        with CoreConnection(root) as core:
            present = {component.name: component for component in core.components()}
            for warning in (
                *deployment_advice.without_effect(request, present),
                *deployment_advice.refused_settings(request, present),
            ):
                screen.note(f"warning: {warning}")
            deployment_id = core.create_deployment(request)
            submitted = f"Local deployment submitted! Deployment Id: {deployment_id}"
            if not wait:
                screen.tell({"deployment_id": deployment_id}, submitted)
                return
            screen.say(submitted)
            try:
                with screen.working("Waiting for the deployment"):
                    outcome = await_outcome(core, deployment_id, timeout_s)
            except KeyboardInterrupt:
                look = f"scripts/edge deployment status -i {deployment_id} --root {root}"
                screen.note(f"Deployment {deployment_id} goes on anyway. To look: {look}")
                raise
        screen.show(asdict(outcome), lambda: views.deployment(outcome))
        if outcome.status != "SUCCEEDED":
            raise typer.Exit(ExitCode.NOT_DONE)
        for left in deployment_advice.left_in_outboxes(root, request):
            screen.note(f"warning: {left}")


@app.command(epilog=examples("scripts/edge deployment status -i 5f3c…"))
def status(*, deployment_id: DeploymentId, root: Root, as_json: AsJson = False) -> None:
    """Show the status of a deployment; exit with 1 when it has failed."""
    with reporting(as_json=as_json) as screen:
        from edge_cli.core.greengrass_ipc import CoreConnection
        from edge_cli.screen import views

        with CoreConnection(root) as core:
            outcome = core.deployment(deployment_id)
        screen.show(asdict(outcome), lambda: views.deployment(outcome))
        if outcome.status == "FAILED":
            raise typer.Exit(ExitCode.NOT_DONE)


@app.command("list", epilog=examples("scripts/edge deployment list"))
def list_deployments(*, root: Root, as_json: AsJson = False) -> None:
    """List the core's recent local deployments."""
    with reporting(as_json=as_json) as screen:
        from edge_cli.core.greengrass_ipc import CoreConnection
        from edge_cli.screen import views

        with CoreConnection(root) as core:
            outcomes = core.deployments()
        screen.show([asdict(outcome) for outcome in outcomes], lambda: views.deployment_table(outcomes))


@app.command(epilog=examples("scripts/edge deployment cancel -i 5f3c…"))
def cancel(*, deployment_id: DeploymentId, root: Root, as_json: AsJson = False) -> None:
    """Cancel a deployment that is still in progress."""
    with reporting(as_json=as_json) as screen:
        from edge_cli.core.greengrass_ipc import CoreConnection

        with CoreConnection(root) as core:
            message = core.cancel_deployment(deployment_id)
        screen.tell(
            {"deployment_id": deployment_id, "message": message},
            message or f"Asked to cancel deployment {deployment_id}.",
        )
