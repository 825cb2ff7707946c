"""`edge cloud down` as a person sees it: what goes, what stays, the question, how it went."""

import uuid
from dataclasses import asdict
from typing import Any

from edge_cli.cloud_stack import stack as stacks
from edge_cli.cloud_stack import views
from edge_cli.cloud_stack.applying import StackOptions
from edge_cli.cloud_stack.following import Operation, conclude, followed
from edge_cli.cloud_stack.progress import Ending
from edge_cli.cloud_stack.stack import Resource, Stack
from edge_cli.errors import CommandError
from edge_cli.exit_codes import ExitCode
from edge_cli.fleet.aws import Aws, AwsError
from edge_cli.screen.asking import agrees
from edge_cli.screen.console import Screen
from edge_cli.screen.views import plural

_POLICY = "AWS::IoT::Policy"


def remove(screen: Screen, aws: Aws, name: str, options: StackOptions) -> ExitCode:
    """Delete a stack, as far as a person agrees; its buckets stay. Returns the exit code.

    Raises:
        CommandError: It could not be done, and nothing was changed.
    """
    with screen.working("Looking at what is there"):
        present = stacks.find(aws, name)
        stacks.refuse_busy(present)
        held = stacks.resources(aws, present) if present else []
        _refuse_in_use(aws, name, held)
    if present is None:
        screen.tell(
            _document(name, held, None), f"There is no stack {name} in {aws.region}: nothing to remove."
        )
        return ExitCode.DONE
    if not screen.as_json:
        screen.show(None, lambda: views.removal(name, held))
    if options.dry_run:
        screen.tell(_document(name, held, None), "Nothing was changed.")
        return ExitCode.DONE
    if not options.yes and not agrees(screen, "Remove this?"):
        return ExitCode.NOT_DONE
    token = _delete(aws, present)
    operation = Operation("Removing", name, present.stack_id, token, len(held))
    ending = followed(screen, aws, operation, options.timeout_s)
    if screen.as_json:
        screen.emit(_document(name, held, ending))
    elif ending.is_good:
        screen.show(None, lambda: views.removed(name, held))
    return conclude(screen, name, ending)


def _refuse_in_use(aws: Aws, name: str, held: list[Resource]) -> None:
    """IoT deletes no policy that certificates have; by then the stack's bucket policies would be gone.

    Raises:
        CommandError: Certificates have one of the stack's policies.
    """
    lines = [
        f"{one.physical_id} is attached to {plural(count, 'certificate')}"
        for one in held
        if one.kind == _POLICY and one.physical_id and (count := _targets(aws, one.physical_id))
    ]
    if lines:
        raise CommandError(
            f"Stack {name} is in use: {'; '.join(lines)}. Cores that have them would lose AWS, and the stack "
            "could be deleted only in part. Nothing was changed. If it is to go, detach the policies from "
            "each first: aws iot list-targets-for-policy --policy-name NAME, then "
            "aws iot detach-policy --policy-name NAME --target CERTIFICATE_ARN"
        )


def _targets(aws: Aws, policy: str) -> int:
    """How many certificates have a policy; none where it is gone."""
    marker: dict[str, str] = {}
    count = 0
    while True:
        try:
            answer = aws.call("iot", "list_targets_for_policy", policyName=policy, **marker)
        except AwsError as error:
            if error.is_absent:
                return 0
            raise
        count += len(answer.get("targets", []))
        if not answer.get("nextMarker"):
            return count
        marker = {"marker": answer["nextMarker"]}


def _delete(aws: Aws, present: Stack) -> str:
    token = uuid.uuid4().hex
    try:
        aws.call("cloudformation", "delete_stack", StackName=present.stack_id, ClientRequestToken=token)
    except AwsError as error:
        if "TerminationProtection" in str(error):
            raise CommandError(
                f"Stack {present.name} is protected against removal. Nothing was changed. If it is to go: "
                "aws cloudformation update-termination-protection --no-enable-termination-protection "
                f"--stack-name {present.name}"
            ) from None
        raise
    return token


def _document(name: str, held: list[Resource], ending: Ending | None) -> dict[str, Any]:
    return {
        "stack": name,
        "removed": [one.logical_id for one in held if not one.is_kept],
        "kept": [one.physical_id for one in held if one.is_kept and one.physical_id],
        "status": ending.status if ending else None,
        "failures": [asdict(one) for one in ending.failures] if ending else [],
    }
