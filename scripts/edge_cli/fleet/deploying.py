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
from edge_cli.fleet.rollout import DeviceResult, EndedError
from edge_cli.fleet.target import few, nobody
from edge_cli.screen.asking import agrees
from edge_cli.screen.console import Screen
from edge_cli.screen.reporting import complain

_NOT_KNOWN = "It is not known whether the deployment was created: scripts/edge deployments shows it."


def deploy(screen: Screen, aws: Aws, made: Plan, options: DeployOptions) -> ExitCode:
    """Do what was planned, as far as a person agrees; returns the exit code.

    Raises:
        CommandError: It could not be done, and nothing was changed.
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
            return ExitCode.NOT_FINISHED
    if deployment_id is None:
        _report(screen, made, None, None)
        return ExitCode.DONE
    return _waited(screen, aws, made, deployment_id, options.timeout_s)


def _waited(screen: Screen, aws: Aws, made: Plan, deployment_id: str, timeout_s: float | None) -> ExitCode:
    """The deployment is there: whatever happens now, a person learns that it goes on."""
    goes_on = f"Deployment {deployment_id} goes on: run this command again to continue waiting."
    results = None
    try:
        made = _with_overtaken(screen, aws, made, deployment_id)
        if timeout_s is not None:
            results = _followed(screen, aws, deployment_id, made, timeout_s)
    except KeyboardInterrupt:
        screen.note(goes_on)
        if screen.as_json:  # who reads it must learn what goes on
            _report(screen, made, deployment_id, None)
        raise
    except AwsError as error:
        return _left(screen, made, deployment_id, f"{error}\n{goes_on}", ExitCode.NOT_FINISHED)
    except EndedError as error:
        return _left(screen, made, deployment_id, str(error), ExitCode.FAILED)
    _report(screen, made, deployment_id, results)
    return ExitCode.DONE if results is None else _conclude(screen, results)


def _left(screen: Screen, made: Plan, deployment_id: str, why: str, code: ExitCode) -> ExitCode:
    """The waiting has ended before the devices were through."""
    if screen.as_json:
        _report(screen, replace(made, notes=(*made.notes, why)), deployment_id, None)
    else:
        complain(why, as_json=False)
    return code


def _refuse_waiting_for_nobody(made: Plan, options: DeployOptions) -> None:
    if options.timeout_s is not None and not made.devices:
        raise CommandError(
            f"{nobody(made.target)}, so there is nothing to wait for. "
            "To deploy anyway, for when one does: --no-wait"
        )


def _created(screen: Screen, aws: Aws, made: Plan) -> str | None:
    """Id of the new deployment; None where AWS has not answered, and a person was told so."""
    try:
        return rollout.create(aws, made.specification)
    except KeyboardInterrupt:
        screen.note(_NOT_KNOWN)
        raise
    except AwsError as error:
        if error.code:
            raise
        complain(f"{error}\n{_NOT_KNOWN}", as_json=screen.as_json)
        return None


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

        def tell(seen: DeviceResult, devices: Sequence[DeviceResult]) -> None:
            left = sum(not one.is_final for one in devices)
            counted = f"Waiting for {left} of {len(devices)} devices"
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
    if failed := [one for one in results if one.has_failed]:
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
