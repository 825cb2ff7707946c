"""`edge deploy` as a person sees it: what would change, the question, the devices, how it ended."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from edge_cli.deploy_options import DeployOptions
from edge_cli.errors import CommandError
from edge_cli.exit_codes import ExitCode
from edge_cli.fleet import aftermath, planning, rollout, standing, views
from edge_cli.fleet.aws import Aws, AwsError
from edge_cli.fleet.planning import Plan
from edge_cli.fleet.rollout import DeviceResult
from edge_cli.fleet.target import few
from edge_cli.screen.asking import agrees
from edge_cli.screen.console import Screen


def deploy(screen: Screen, aws: Aws, made: Plan, options: DeployOptions) -> ExitCode:
    """Do what was planned, as far as a person agrees; returns the exit code.

    Raises:
        CommandError: It could not be done, and nothing was changed; or somebody else has ended it since.
    """
    if not screen.as_json:
        screen.show(None, lambda: views.plan(made))
    if options.dry_run:
        _report(screen, made, None, None)
        return ExitCode.DONE
    deployment_id = made.latest.deployment_id
    if made.is_due:
        _refuse_waiting_for_nobody(made, options)
        if not options.yes and not agrees(screen, "Deploy this?"):
            screen.say("Nothing was changed.")
            return ExitCode.NOT_DONE
        planning.refuse_outdated(aws, made)
        deployment_id = _created(screen, aws, made)
    if deployment_id is None:
        _report(screen, made, None, None)
        return ExitCode.DONE
    goes_on = f"Deployment {deployment_id} goes on: run this command again to continue waiting."
    results = None
    try:
        made = _with_overtaken(screen, aws, made, deployment_id)
        if options.timeout_s is not None:
            results = _followed(screen, aws, deployment_id, made, options.timeout_s)
    except KeyboardInterrupt:
        screen.note(goes_on)
        if screen.as_json:  # who reads it must learn what goes on
            _report(screen, made, deployment_id, None)
        raise
    except AwsError as error:
        raise CommandError(f"{error}\n{goes_on}") from None
    _report(screen, made, deployment_id, results)
    return ExitCode.DONE if results is None else _conclude(screen, results)


def _refuse_waiting_for_nobody(made: Plan, options: DeployOptions) -> None:
    if options.timeout_s is not None and not made.devices:
        raise CommandError(
            f"No Greengrass core has connected as {made.target} yet, so there is nothing to wait for. "
            "To deploy anyway, for when one does: --no-wait"
        )


def _created(screen: Screen, aws: Aws, made: Plan) -> str:
    try:
        return rollout.create(aws, made.specification)
    except KeyboardInterrupt:
        screen.note("It is not known whether the deployment was created: scripts/edge deployments shows it.")
        raise


def _with_overtaken(screen: Screen, aws: Aws, made: Plan, deployment_id: str) -> Plan:
    """Two people in the same moment: neither must think that all is well."""
    if deployment_id == made.latest.deployment_id:
        return made  # nothing was created
    other = standing.overtaken(aws, made.latest, made.target, deployment_id)
    if other is None:
        return made
    note = (
        f"Somebody created deployment {other} in the same moment, and {deployment_id} has taken its place: "
        f"what it changed is undone. See scripts/edge deployments; to deploy that after all: --base {other}"
    )
    screen.note(f"warning: {note}")
    return replace(made, notes=(*made.notes, note))


def _followed(
    screen: Screen, aws: Aws, deployment_id: str, made: Plan, timeout_s: float
) -> list[DeviceResult]:
    made_for = (made.target, made.devices)

    with screen.working("Waiting for the devices") as update:

        def tell(seen: DeviceResult, left: int) -> None:
            counted = f"Waiting for {left} of {len(made.devices)} devices"
            update(counted if screen.is_terminal else f"{seen.device}: {seen.status}")

        return rollout.follow(aws, deployment_id, made_for, timeout_s, tell)


def _report(
    screen: Screen, made: Plan, deployment_id: str | None, results: Sequence[DeviceResult] | None
) -> None:
    document: dict[str, Any] = {
        "target": made.target.arn,
        "deployment_id": deployment_id,
        "base_id": made.base_id,
        "notes": list(made.notes),
        "differences": [asdict(one) for one in made.differences],
        "differences_from_cancelled": [asdict(one) for one in made.from_cancelled],
        "untouched": list(made.untouched),
        "devices": None if results is None else [asdict(one) for one in results],
    }
    if results:
        screen.show(document, lambda: views.devices(results))
    elif deployment_id:
        screen.tell(document, f"Deployment {deployment_id}")
    else:
        screen.tell(document, "Nothing was changed.")


def _conclude(screen: Screen, results: Sequence[DeviceResult]) -> ExitCode:
    if failed := [one for one in results if one.is_final and not one.is_good]:
        for sentence in aftermath.sentences(failed):
            screen.say(sentence)
        screen.say("When the cause is repaired, run the same command with --again")
        return ExitCode.FAILED
    if busy := [one.device for one in results if not one.is_final]:
        screen.say(
            f"Not finished yet: {few(busy)}. It goes on: run the same command again to continue "
            "waiting, or see scripts/edge deployments."
        )
        return ExitCode.NOT_FINISHED
    return ExitCode.DONE
