"""`edge deploy` as a person sees it: what would change, the question, the devices, how it ended."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from edge_cli.errors import CommandError
from edge_cli.fleet import planning, rollout, standing, views
from edge_cli.fleet.aws import Aws, AwsError
from edge_cli.fleet.planning import Plan
from edge_cli.fleet.rollout import DeviceResult
from edge_cli.fleet.target import few
from edge_cli.screen.asking import agrees
from edge_cli.screen.console import Screen

DONE = 0
DECLINED = 1
FAILED_ON_A_DEVICE = 3
NOT_THROUGH_IN_TIME = 4


@dataclass(frozen=True, slots=True)
class Manner:
    """How a deployment is done.

    Attributes:
        dry_run: Nothing is changed.
        yes: Nobody is asked.
        again: A deployment is created though nothing changes, so that devices try once more.
        timeout_s: How long to wait for the devices; None does not wait.
    """

    dry_run: bool
    yes: bool
    again: bool
    timeout_s: float | None


def deploy(screen: Screen, aws: Aws, made: Plan, manner: Manner) -> int:
    """Do what was planned, as far as a person agrees; returns the exit code.

    Raises:
        CommandError: It could not be done, and nothing was changed; or somebody else has ended it since.
    """
    if not screen.as_json:
        screen.show(None, lambda: views.plan(made))
    if manner.dry_run:
        _report(screen, made, None, None)
        return DONE
    deployment_id = made.latest.deployment_id
    if made.is_due or manner.again:
        _refuse_waiting_for_nobody(made, manner)
        if not manner.yes and not agrees(screen, "Deploy this?"):
            return DECLINED
        planning.refuse_outdated(aws, made)
        deployment_id = _created(screen, aws, made)
    if deployment_id is None:
        _report(screen, made, None, None)
        return DONE
    goes_on = f"Deployment {deployment_id} goes on: run this command again to continue waiting."
    results = None
    try:
        made = _with_overtaken(screen, aws, made, deployment_id)
        if manner.timeout_s is not None:
            results = _followed(screen, aws, deployment_id, made, manner.timeout_s)
    except KeyboardInterrupt:
        screen.note(goes_on)
        if screen.as_json:  # who reads it must learn what goes on
            _report(screen, made, deployment_id, None)
        raise
    except AwsError as error:
        raise CommandError(f"{error} {goes_on}") from None
    _report(screen, made, deployment_id, results)
    return DONE if results is None else _conclude(screen, made, results)


def _refuse_waiting_for_nobody(made: Plan, manner: Manner) -> None:
    if manner.timeout_s is not None and not made.devices:
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

    def tell(seen: DeviceResult, _: int) -> None:
        screen.note(f"{seen.device}: {seen.status}")

    if not screen.is_terminal:
        return rollout.follow(aws, deployment_id, made_for, timeout_s, tell)
    with screen.console.status("Waiting for the devices", spinner="dots", spinner_style="cyan") as status:

        def count(_: DeviceResult, left: int) -> None:
            status.update(f"Waiting for {left} of {len(made.devices)} devices")

        return rollout.follow(aws, deployment_id, made_for, timeout_s, count)


def _report(
    screen: Screen, made: Plan, deployment_id: str | None, results: Sequence[DeviceResult] | None
) -> None:
    document: dict[str, Any] = {
        "target": made.target.arn,
        "deployment_id": deployment_id,
        "base_id": made.base_id,
        "notes": list(made.notes),
        "differences": [asdict(one) for one in made.differences],
        "untouched": list(made.untouched),
        "devices": None if results is None else [asdict(one) for one in results],
    }
    if results:
        screen.show(document, lambda: views.devices(results))
    elif deployment_id:
        screen.tell(document, f"Deployment {deployment_id}")
    else:
        screen.tell(document, "Nothing was changed.")


def _conclude(screen: Screen, made: Plan, results: Sequence[DeviceResult]) -> int:
    if failed := [one.device for one in results if one.is_final and not one.is_good]:
        policy = made.specification["deploymentPolicies"]["failureHandlingPolicy"]
        after = "run what they ran before" if policy == "ROLLBACK" else "were not rolled back"
        screen.say(
            f"Failed on {few(failed)}, which {after}. Once that is repaired, run the same command with "
            "--again"
        )
        return FAILED_ON_A_DEVICE
    if busy := [one.device for one in results if not one.is_final]:
        screen.say(
            f"Not finished yet: {few(busy)}. It goes on: run the same command again to continue "
            "waiting, or see scripts/edge deployments."
        )
        return NOT_THROUGH_IN_TIME
    return DONE
